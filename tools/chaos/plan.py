"""All that happens in a run, drawn from its seed. Pure: the same seed, the same plan.

What strikes at a step cannot be drawn to the millisecond, since nobody knows when the step comes. It is drawn how
many such steps pass first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tools.chaos.jobs import CAN_ADOPT, CAN_END, CAN_WAIT, EVERY, Course, Origin, Planned
from tools.chaos.keeping import PLURAL, Keeper, keepers
from tools.chaos.moves import Move, moves
from tools.chaos.steps import OF_WORKERS, Step

from zilliz_local.cloud.oddities import CATALOGUE

Body = dict[str, Any]

RARE = frozenset(
    {Step.SECRET_EMPTY, Step.SECRET_FILLED, Step.CANCEL_LOST, Step.CANCEL_TAKEN}
    | {Step.FINALIZER_KEPT, Step.FINALIZER_GONE, Step.DELETION_LOST, Step.DELETION_TAKEN}
)
SECONDS_PER_JOB = 0.25
LEAST_SECONDS = 20.0
BREAKS = (Course.FAILS, Course.RETRIED)
ASKS = (Course.CANCELLED, Course.RETRIED)
"""Where its user asks for something that a row in the job centre takes too."""
LATE = 0.7
"""The share of the storm in which jobs are made."""
SELDOM, SOMETIMES = (56, 10, 16, 8, 0, 10), (20, 6, 14, 24, 14, 22)
"""How often each course is taken: of jobs that cannot be cancelled, and that can."""
ADOPTED, AT_ROW, WAITS, ENDS, RACES = 0.2, 0.3, 0.5, 0.8, 0.4
"""How often that is, of the jobs that can."""
LEAST_ENDS = 2
BEFORE_SECONDS = 30.0
"""How much later than who waits for it a backup may be made."""
PATIENT = 0.7
LATE_KINDS, ELECTS = 3, 0.5
BEFORE_RESTORE = 10.0  # seconds
WORKER_STEPS = 3
"""At how many steps of a worker a run kills: each worker dies of one, and were all set, the first steps would take
all workers."""
READS = (
    "job.get",
    "backup.get",
    "backup.list",
    "console.*",
    "import.list",
    "import.progress",
    "import_v1.*",
    "cluster.get",
    "data.*",
)
SUBMITS = ("*.create", "restore.*", "*migrat*", "console.clone", "console.sample", "cluster.*", "backup.delete")


@dataclass(frozen=True)
class Trap:
    """The operator dies at the step, after it was reached and survived `skip` times."""

    step: Step
    skip: int


@dataclass(frozen=True)
class Happening:
    """`what`: kill, spare, pause, api-restart, etcd-restore, silence, cut, lease, kube, cloud, cloud-hang,
    cloud-restart, cloud-down."""

    at: float
    what: str
    seconds: float = 0.0
    rule: Body = field(default_factory=dict)

    def __str__(self) -> str:
        rule = " ".join(f"{name}={value}" for name, value in self.rule.items())
        return f"{self.at:6.1f} s  {self.what} {rule}{f' for {self.seconds:.1f} s' if self.seconds else ''}".rstrip()


@dataclass(frozen=True)
class Plan:
    seed: int
    jobs: tuple[Planned, ...]
    traps: tuple[Trap, ...]
    happenings: tuple[Happening, ...]
    seconds: float
    late: frozenset[str] = frozenset()
    """Plurals of kinds whose CRD comes after the operator, and when, in seconds."""
    late_at: float = 0.0
    odd: bool = False
    """Whether the cloud gives odd answers."""
    keepers: tuple[Keeper, ...] = ()
    moves: tuple[Move, ...] = ()
    elects: bool = False
    """Whether a single operator stands for election too; then its successor waits for the Lease to run out."""

    @property
    def oddities(self) -> frozenset[tuple[str, str]]:
        """Which answers of the cloud are odd, as globs over the names of calls, and in what way."""
        rules = [one.rule for one in self.happenings if one.rule.get("action") == "odd"]
        return frozenset((rule["match"], rule["oddity"]) for rule in rules)

    @property
    def restores(self) -> bool:
        """Whether etcd is set back."""
        return any(one.what == "etcd-restore" for one in self.happenings)

    @property
    def least_life(self) -> float:
        """How long an operator is at work at least before a step ends it, in seconds: time enough to look at all
        jobs, or more would come in than are ever ended."""
        return 2.0 + len(self.jobs) / 500

    def lines(self) -> list[str]:
        """For people who want to know what a seed means."""
        courses = Counter(job.course for job in self.jobs)
        told = ", ".join(f"{count} {course}" for course, count in sorted(courses.items()))
        return [
            f"seed {self.seed}: {len(self.jobs)} jobs over {self.seconds:.0f} s ({told})",
            f"CRDs that come after {self.late_at:.1f} s: {', '.join(sorted(self.late))}",
            f"backups of their own end: {', '.join(job.name for job in self.jobs if job.ends)}",
            *(f"schedule {one.name}: from {one.at} s, {one.runs} runs" for one in self.keepers),
            *(f"by VTS {one.name}: at {one.at} s, {one.course}" for one in self.moves),
            f"a single operator {'stands' if self.elects else 'does not stand'} for election",
            *(f"killed at: {trap.step}, after {trap.skip}" for trap in self.traps),
            *(str(one) for one in self.happenings),
        ]


def plan(seed: int, jobs: int, *, odd: bool = False, restores: bool = False, moving: bool = False) -> Plan:
    """`restores`: etcd is set back once, to what it held some seconds before. `moving`: there are migrations by
    VTS."""
    chance = Random(f"chaos {seed} {jobs}")
    seconds = max(LEAST_SECONDS, jobs * SECONDS_PER_JOB)
    made, elects = _jobs(chance, jobs, seconds), chance.random() < ELECTS
    made = _ends(Random(f"ends {seed} {jobs}"), made)
    plurals = sorted({job.plural for job in made} | {PLURAL})
    drawn = Plan(
        seed,
        made,
        _traps(chance, jobs),
        _happenings(chance, seconds, elects, odd),
        seconds,
        frozenset(chance.sample(plurals, min(LATE_KINDS, len(plurals)))),
        round(chance.uniform(0.2, 0.5) * LEAST_SECONDS, 1),
        odd=odd,
        keepers=keepers(Random(f"keepers {seed} {jobs}"), jobs, seconds),
        elects=elects,
    )
    if moving:
        steps = Random(f"workers {seed} {jobs}").sample(sorted(OF_WORKERS), WORKER_STEPS)
        traps = tuple(Trap(step, 0) for step in steps)
        drawn = replace(drawn, moves=moves(seed, jobs, seconds), traps=(*drawn.traps, *traps))
    return _with_restore(drawn, chance) if restores else drawn


def _with_restore(drawn: Plan, chance: Random) -> Plan:
    """Only what the operator remembers can tell then what was submitted, so from a while before nobody kills it; and
    no two stop the API server at once."""
    at, seconds = round(chance.uniform(0.4, 0.6) * drawn.seconds, 2), round(chance.uniform(4, 10), 1)
    spare, one = Happening(at - BEFORE_RESTORE, "spare"), Happening(at, "etcd-restore", seconds)
    left = [other for other in drawn.happenings if other.at < spare.at or other.what not in ("kill", "api-restart")]
    # Nothing ends a namespace there, nor deletes what lost its owner; see `run`.
    staying = tuple(keeper for keeper in drawn.keepers if not keeper.parts)
    happenings = tuple(sorted([*left, spare, one], key=lambda other: other.at))
    return replace(drawn, happenings=happenings, keepers=staying)


def _jobs(chance: Random, count: int, seconds: float) -> tuple[Planned, ...]:
    """Each kind as often as any other."""
    rows = [row for _ in range(-(-count // len(EVERY))) for row in chance.sample(EVERY, len(EVERY))][:count]
    made = sorted(chance.uniform(0, seconds * LATE) for _ in rows)
    found = []
    for number, (row, at) in enumerate(zip(rows, made, strict=True)):
        course = chance.choices(list(Course), weights=SOMETIMES if row.cancel == "Canceled" else SELDOM)[0]
        if course is Course.RETRIED and row.retry != "again":
            course = Course.FAILS
        if course in BREAKS and not (row.told and row.job):
            course = Course.LEFT
        origin = Origin.ADOPTED if row.name in CAN_ADOPT and chance.random() < ADOPTED else Origin.SUBMITTED
        patient = course in (*BREAKS, Course.STOPPED) or chance.random() < PATIENT
        then = 0.0 if patient else round(chance.uniform(0, 6), 2)
        at_row = course in ASKS and chance.random() < AT_ROW
        found.append(Planned(number, row, course, round(at, 2), then, patient or at_row, origin, at_row))
    return tuple(_waits(chance, job, found) for job in found)


def _waits(chance: Random, job: Planned, jobs: list[Planned]) -> Planned:
    """Some wait for a backup that nobody stops, and that is made about when they are."""
    if job.row.name not in CAN_WAIT or chance.random() > WAITS:
        return job
    last = job.at + BEFORE_SECONDS
    backups = [one for one in jobs if one.row.name in CAN_WAIT[job.row.name] and one.course is Course.LEFT]
    sure = [one.name for one in backups if one.at < last]
    return replace(job, origin=Origin.WAITS, waits_for=chance.choice(sure)) if sure else job


def _ends(chance: Random, jobs: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """Some backups have an end of their own, also such as are adopted, or whose object goes before; two of each run
    at least, if it has so many. Of those who read one, some are made when its end comes."""
    found = {job.name: job for job in jobs}
    for job in jobs:
        if job.row.name in CAN_END and job.course in (Course.LEFT, Course.DELETED) and chance.random() < ENDS:
            found[job.name] = replace(job, ends=True)
    able = [job for job in jobs if job.row.name in CAN_END and job.origin is Origin.SUBMITTED]
    sure = [job for job in able if found[job.name].ends and job.course is Course.LEFT]
    more = [job for job in able if job not in sure]
    for job in chance.sample(more, min(len(more), max(0, LEAST_ENDS - len(sure)))):
        found[job.name] = replace(job, course=Course.LEFT, ends=True, patient=False, at_row=False)
    ending = [job for job in found.values() if job.ends and job.course is Course.LEFT]
    for job in found.values():
        fit = [one for one in ending if one.row.name in CAN_WAIT.get(job.row.name, ())]
        if fit and not job.waits_for and chance.random() < WAITS:
            job = replace(job, origin=Origin.WAITS, waits_for=chance.choice(fit).name)
        if job.waits_for and found[job.waits_for].ends:
            job = replace(job, races=chance.random() < RACES)
        found[job.name] = job
    return tuple(found.values())


def _traps(chance: Random, jobs: int) -> tuple[Trap, ...]:
    rounds = max(1, min(3, jobs // 100))
    found = [
        Trap(step, 0 if step in RARE else chance.randint(0, 2))
        for step in Step
        if step not in OF_WORKERS
        for _ in range(rounds)
    ]
    chance.shuffle(found)
    return tuple(found)


def _happenings(chance: Random, seconds: float, elects: bool, odd: bool) -> tuple[Happening, ...]:
    """Of each sort at least one; renewals are slow only of those who renew."""
    longest = min(5.0, seconds / 8)
    found = []

    def some(every: float, make: Any, *, least: int = 1) -> None:
        for _ in range(max(least, round(seconds / every))):
            at = round(chance.uniform(0.05, 0.95) * seconds, 2)
            found.append(make(at, round(chance.uniform(0.3, 1) * longest, 1)))

    some(25, lambda at, _: Happening(at, "kill"))
    some(60, lambda at, s: Happening(at, "pause", 3 * s))
    some(60, lambda at, s: Happening(at, "api-restart", s))
    some(30, lambda at, s: Happening(at, "silence", 2 * s))
    some(20, lambda at, _: Happening(at, "cut"))
    if elects:
        some(30, lambda at, _: _slow_renewals(chance, at))
    some(6, lambda at, s: Happening(at, "kube", rule=_kube_fault(chance, s)), least=4)
    some(4, lambda at, s: Happening(at, "cloud", rule=_cloud_fault(chance, s)), least=8)
    if odd:
        some(2, lambda at, _: Happening(at, "cloud", rule=_odd_answer(chance)), least=10)
    some(60, lambda at, _: Happening(at, "cloud-hang", rule={"when": chance.choice(("before", "after"))}))
    some(40, lambda at, _: Happening(at, "cloud-restart"))
    some(60, lambda at, s: Happening(at, "cloud-down", s))
    return tuple(sorted(found, key=lambda one: one.at))


def _restore(chance: Random, seconds: float) -> Happening:
    return Happening(round(chance.uniform(0.4, 0.6) * seconds, 2), "etcd-restore", round(chance.uniform(4, 10), 1))


def _slow_renewals(chance: Random, at: float) -> Happening:
    """Each longer than a renewal may take; two in a row outlast the Lease."""
    return Happening(at, "lease", round(chance.uniform(2, 7), 1), {"times": chance.randint(1, 3)})


def _kube_fault(chance: Random, seconds: float) -> Body:
    """For the next requests but watches, writes only half of the time."""
    action = chance.choice(("answer", "answer", "drop_before", "drop_after", "delay"))
    rule: Body = {"action": action, "times": chance.randint(1, 4), "method": chance.choice(("PATCH", "*"))}
    if action == "answer":
        rule["code"] = chance.choice((429, 500, 503, 504))
    return rule | ({"seconds": seconds / 2} if action == "delay" else {})


def _odd_answer(chance: Random) -> Body:
    """For a while of every second answer, of one endpoint or of all that read."""
    where = {"match": chance.choice((*READS, *SUBMITS)), "probability": 0.5, "times": chance.randint(2, 12)}
    return where | {"action": "odd", "oddity": chance.choice(sorted(CATALOGUE))}


def _cloud_fault(chance: Random, seconds: float) -> Body:
    """A rule of the simulator."""
    sorts: list[Body] = [
        {"action": "status", "status": chance.choice((500, 502, 503))},
        {"action": "rate_limit", "retryAfter": 1},
        {"action": "latency", "seconds": round(seconds / 2, 1)},
        {"action": "latency_after", "seconds": round(seconds / 2, 1)},
        {"action": "delay_effect", "seconds": round(seconds / 2, 1), "real": True, "match": chance.choice(SUBMITS)},
        {"action": "drop_before"},
        {"action": "drop_after"},
        {"action": "status_after", "status": 502},
        {"action": "garbage_after"},
        {"action": "malformed_json"},
        {"action": "omit_job_id", "match": chance.choice(SUBMITS)},
        {"action": "unknown_status", "word": "REBALANCING", "match": chance.choice(READS)},
    ]
    where = {"match": chance.choice((*READS, *SUBMITS, *SUBMITS))}
    return where | chance.choice(sorts) | {"times": chance.randint(1, 3)}
