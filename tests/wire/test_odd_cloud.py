"""Every kind of job on a cloud that answers oddly, and loses answers before and after their effect.

What the cloud did is asked of its ledger and of its own state. If this fails, an odd answer made the operator send a
request twice, show an end that the job did not have, ask a person what the cloud shows, or wait for ever.

ODD_CLOUD_EXAMPLES says how many jobs are tried, and ODD_CLOUD_SEED which: each kind as often as any other, and each
oddity. The same seed draws the same cases; the name of a test that failed has both seed and number.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

import pytest
from tests.support.cloud import Cloud
from tests.support.engine_rig import NAMESPACE, QUICK, Body, Rig, rig
from tests.support.everykind import EVERY, ROUTES, ROWS, Row, Walker
from tests.support.examples import sized
from tests.support.unclear import may_not_tell, spoils_a_list
from tests.support.user import User
from tools.chaos.steps import Intent, intent_of
from tools.chaos.verdict import FINISHED, HUMAN, difference, effects_in

from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import MOVIES, CloudSimulator
from zilliz_local.cloud.oddities import CATALOGUE

EXAMPLES = int(os.environ.get("ODD_CLOUD_EXAMPLES") or sized(40, 10))
SEED = int(os.environ.get("ODD_CLOUD_SEED") or 1)
SPEED = 20.0
PATIENCE = 5.0  # seconds; more than a job takes here
CALM = 40.0  # seconds that a busy machine may take, once the cloud answers as it should
GRACE = 15  # seconds; longer than the cloud is odd
WHY = "disk full"
ALL = "*"
SUBMITTING = ("data.*", "cluster.*", "console.*", ALL)
READS = ("*.list", "*.get", "import.progress", *SUBMITTING)
LOSSES = ("drop_before", "drop_after", "status_after", "garbage_after", "omit_job_id")
MOST_ODDITIES = 3
PLURALS = {resource.kind: resource.plural for resource in RESOURCES}
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """`oddities`: which answers are odd, in what way, how often. `loss`: what becomes of the answer to the first
    request that starts the job."""

    row: Row
    oddities: tuple[tuple[str, str, float], ...]
    loss: str
    fails: bool

    @property
    def route(self) -> str:
        return ROUTES[self.row.job]

    @property
    def is_odd_to_submit(self) -> bool:
        """Whether the answer to the submission itself may be lost or odd."""
        return bool(self.loss) or any(match in SUBMITTING for match, _, _ in self.oddities)

    @property
    def is_odd_anywhere(self) -> bool:
        """Whether every answer may be odd, those to submissions too."""
        return any(match == ALL for match, _, _ in self.oddities)


def drawn(seed: int, count: int) -> list[Case]:
    """Every row before any comes a second time, and likewise every oddity."""
    chance = Random(f"odd cloud {seed}")
    rows: list[Row] = []
    names: list[str] = []
    found: list[Case] = []
    while len(found) < count:
        rows = rows or chance.sample(EVERY, len(EVERY))
        odd = []
        for _ in range(chance.randint(1, MOST_ODDITIES)):
            names = names or chance.sample(sorted(CATALOGUE), len(CATALOGUE))
            odd.append((chance.choice(READS), names.pop(), chance.choice((1.0, 0.5))))
        case = Case(rows.pop(), without_lies(odd), chance.choice(("", *LOSSES)), chance.random() < FAILING)
        found.append(replace(case, fails=False) if left_out(case) else case)
    return found


def without_lies(odd: list[tuple[str, str, float]]) -> tuple[tuple[str, str, float], ...]:
    """A code of 404xx within HTTP 4xx around a success is, letter for letter, the documented refusal: no client can
    doubt it, and no cloud that took the request was ever seen to say so."""
    coded = any(name == "code_404xx" for _, name, _ in odd)
    return tuple(one for one in odd if not (coded and one[1] in ("success_as_404", "success_as_400")))


FAILING = 0.4


def left_out(case: Case) -> str:
    """Why a case is not tried; each reason is a limit that `docs/reliability.md` names. All other jobs that fail are
    listed, or leave a cluster, or are never counted as absent."""
    if not case.fails:
        return ""
    if not case.row.failing:
        return "its steps are done at once"
    if not case.row.told and case.is_odd_to_submit:
        return "a change that failed unseen is like one that never began"
    if "dynamic" in case.row.name or "scheduled" in case.row.name:
        untold = [name for _, name, _ in case.oddities if name.startswith(("rules", "inner_missing"))]
        if untold:
            return "a cloud that tells no rules is believed when it has scaled"
    unsaid = case.is_odd_anywhere or (case.loss == "omit_job_id" and not case.row.console)
    oddities = [(match, name) for match, name, _ in case.oddities]
    hidden = bool(case.loss) and (may_not_tell(case.row, oddities) or spoils_a_list(case.row, oddities))
    if case.row.failing == "BACKUP" and (unsaid or hidden):
        return "of a backup that failed at once, and of which only the backup's id is known, nothing can be read"
    if case.row.console:
        return ""
    if case.row.name == "backup, public" and case.is_odd_to_submit:
        return "no list shows a backup that failed at once"
    if case.row.failing == "RESTORE" and case.row.name != "restore, new cluster" and case.is_odd_to_submit:
        return "a restore that failed leaves no collection, and only the console lists its job"
    return ""


GOES_BY_EXISTENCE = tuple(
    row.name for row in EVERY if row.job == "RESTORE" and not row.console and "new" not in row.name
)


MIGRATES_INTO = tuple(
    row.name for row in EVERY if row.job == "MIGRATION" and "newCluster" not in row.manifest["spec"]["target"]
)
NEVER_ABSENT = tuple(row.name for row in EVERY if row.job == "EXPORT" or row.name in MIGRATES_INTO)
"""Once sent: nothing proves that such a request did not arrive."""


def may_be_unknown(case: Case) -> bool:
    """Whether the table lets the submission of this case end as unknown."""
    if not case.is_odd_to_submit:
        return False
    if case.row.name in GOES_BY_EXISTENCE or (case.row.name == "clone, by steps" and case.is_odd_anywhere):
        return True  # the answer to its restore is lost too, of which only the collection tells
    if case.loss == "drop_before" and case.row.name in NEVER_ABSENT:
        return True
    return not case.row.shows or may_not_tell(case.row, ((match, name) for match, name, _ in case.oddities))


class HereCloud:
    """What `everykind` wants of a cloud, without a second thread."""

    def __init__(self, sim: CloudSimulator) -> None:
        self.sim, self.cluster, self.url = sim, MOVIES, sim.url

    def ask(self, what: Callable[[CloudSimulator], T]) -> T:
        return what(self.sim)


class HereUser:
    """What `everykind` wants of a user, on the stand-in in this process."""

    def __init__(self, rig_: Rig) -> None:
        self.rig = rig_

    def connect(self, cloud: HereCloud, *, console: bool, **spec: Any) -> None:
        self.rig.secret()
        self.rig.connection(consoleApi={"enabled": console}, **spec)

    def apply(self, *manifests: Body) -> None:
        for body in manifests:
            texts: dict[str, str] = body.pop("stringData", {})
            data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
            meta = {"namespace": NAMESPACE} | body["metadata"]
            self.rig.kube.create(body | {"metadata": meta} | ({"data": data} if data else {}))


@dataclass
class Played:
    """What is to be seen when the job has ended, or had its time. `intents`: what all objects were seen to intend, by
    token."""

    kind: str
    name: str
    sim: CloudSimulator
    body: Body = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)

    @property
    def status(self) -> Body:
        found: Body = self.body.get("status") or {}
        return found

    @property
    def plural(self) -> str:
        return PLURALS[self.kind]

    def look(self, world: Rig) -> None:
        self.body = world.get(self.plural, self.name)
        for body in world.everything():
            for intent in intent_of(body, PLURALS[body["kind"]]):
                self.intents[intent.token] = intent


async def played(case: Case, place: Path) -> Played:
    """The cloud is odd for a while. Then it answers as it should, and the job has to come to its end."""
    async with rig(place, CloudSimulator(speed=SPEED)) as world:
        sim = world.cloud
        user = HereUser(world)
        walker = Walker(cast(User, user), cast(Cloud, HereCloud(sim)), case.row)
        # Somebody else was here before, and left what lists show.
        sim.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
        body: dict[str, Any] = {"clusterId": MOVIES, "collectionName": "films"}
        body["objectUrls"] = [["s3://demo-data/films/part-3.parquet"]]
        sim.act_as("console", "POST", "/v2/vectordb/jobs/import/create", body)
        sim.advance(3600)
        await world.start(replace(QUICK, missing_grace=GRACE))
        await world.until(lambda: world.status("zillizconnections", "default").get("conditions"), "the connection")
        if case.fails:
            sim.next_job(case.row.failing, failure=WHY, **({} if case.row.told else {"run_seconds": 60}))
        if case.loss:
            sim.fault(case.route, case.loss, times=1)  # type: ignore[arg-type]
        job = walker.apply()
        seen = Played(job.kind, job.name, sim)
        for match, name, probability in case.oddities:
            sim.odd(match, name, probability=probability)
        if not await ended(world, seen, case, PATIENCE):
            sim.faults.clear()
            await ended(world, seen, case, CALM)
        await world.stop()
        return seen


async def ended(world: Rig, seen: Played, case: Case, seconds: float) -> bool:
    """Whether it comes to an end, or asks a person what it may ask, within so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)
        seen.look(world)
        if seen.status.get("completionTime") or (seen.status.get("reason") == HUMAN and may_be_unknown(case)):
            return True
    return False


def judged(case: Case, seen: Played) -> None:
    """What must hold whatever the cloud said."""
    status, sim = seen.status, seen.sim
    state, reason, message = status.get("state"), status.get("reason"), status.get("message")
    effects = effects_in(entry.wire() for entry in sim.ledger.entries)
    by_attempt: defaultdict[tuple[str, str, int, str], list[str]] = defaultdict(list)
    for effect in effects:
        intent = seen.intents.get(effect.token)
        assert intent is not None, f"nobody intended the {effect.kind} of {effect.job_id or '?'}"
        by_attempt[intent.plural, intent.name, intent.attempt, intent.step].append(effect.job_id)
    twice = {attempt: ids for attempt, ids in by_attempt.items() if len(ids) > 1}
    assert not twice, f"one attempt had two effects: {twice}"
    if reason == HUMAN:
        assert may_be_unknown(case), f"unknown, though the cloud shows what it did: {message}"
    else:
        assert state in FINISHED, f"not ended: {state}, {reason}: {message}"
        ours = [intent for intent in seen.intents.values() if (intent.plural, intent.name) == _name(seen)]
        tokens = {intent.token for intent in ours}
        own = [effect for effect in effects if effect.token in tokens]
        words = {effect.job_id: sim.look(effect.job_id).status for effect in own if effect.job_id}
        if not (state == "Unknown" and case.fails and case.row.ends == "Unknown"):
            wrong = difference(status, own, words, ours, "")
            assert not wrong, f"{state} ({reason}), {wrong}: {message}"
        if state == "Successful":
            assert is_as_wanted(seen), f"{reason}, it says, and the cloud is not so: {message}"
    for text in (message or "", status.get("target") or "", status.get("cloudStatus") or ""):
        assert text.isprintable() or "\ufffd" in text, f"a text that acts: {text!r}"


def _name(seen: Played) -> tuple[str, str]:
    return seen.plural, seen.name


def is_as_wanted(seen: Played) -> bool:
    """Whether the cluster is as its job was to make it, whatever jobs there were; for all other kinds the cloud's
    word for the job says it."""
    spec, kind = seen.body["spec"], seen.kind
    cluster = seen.sim.world.clusters[spec["clusterId"]].at(seen.sim.world.now) if "clusterId" in spec else None
    match kind, cluster:
        case "SuspendClusterJob", cluster if cluster:
            return cluster.status == "STOPPED"
        case "ResumeClusterJob", cluster if cluster:
            return cluster.status == "RUNNING"
        case "ScaleClusterJob" | "ScaleReplicasJob", cluster if cluster:
            part, size = (
                ("cu", cluster.fields.cu_size) if kind == "ScaleClusterJob" else ("replica", cluster.fields.replica)
            )
            wanted = spec.get("cuSize") or spec.get("replicas")
            return size == wanted if wanted else bool(cluster.autoscaling.get(part))
        case "SampleCollectionJob", cluster if cluster:
            return spec["collection"] in cluster.fields.collections.get(spec.get("database", "default"), ())
    return True


def scene(kind: str = "ScaleClusterJob", **status: Any) -> Played:
    """A cluster of one CU that one request scaled to four, and an object of which that was the request."""
    sim = CloudSimulator()
    sim.act_as("api", "POST", f"/v2/clusters/{MOVIES}/modify", {"cuSize": 4})
    sim.advance(3600)
    body = {"spec": {"clusterId": MOVIES, "cuSize": 4}, "status": status}
    return Played(kind, "one", sim, body, {"": Intent("", PLURALS[kind], "one", 1, "Submit")})


BY_ROW = {row.name: row for row in EVERY}
PLAIN = Case(BY_ROW["scale, fixed"], (), "", fails=False)
LOST = Case(BY_ROW["scale, fixed"], (("*.list", "rows_twice", 1.0),), "drop_after", fails=False)
HIDDEN = Case(BY_ROW["scale, fixed"], (("*.get", "states_null", 1.0),), "drop_after", fails=False)
ASKS: dict[str, Any] = {"state": "Pending", "reason": HUMAN}
WRONG: dict[str, tuple[Case, dict[str, Any], str]] = {
    "a scaling that succeeded, called Failed": (PLAIN, {"state": "Failed"}, "the cloud's jobs"),
    "it was changed by others, it says": (
        PLAIN,
        {"state": "Failed", "reason": "ChangedElsewhere"},
        "the cloud's jobs",
    ),
    "a scaling that succeeded, called Canceled": (PLAIN, {"state": "Canceled"}, "the cloud's jobs"),
    "a scaling that succeeded, of unknown end": (PLAIN, {"state": "Unknown"}, "the cloud's jobs"),
    "a job that hangs": (PLAIN, {"state": "InProgress", "reason": "UnknownCloudStatus"}, "not ended"),
    "a question that nothing made necessary": (PLAIN, ASKS, "unknown, though"),
    "a question that the loss alone does not make necessary": (LOST, ASKS, "unknown, though"),
    "a text that acts": (PLAIN, {"state": "Successful", "message": "\x1b[31m"}, "a text that acts"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_seen_of_a_job_without_an_id(name: str) -> None:
    """A judge that cannot say no proves nothing."""
    case, status, said = WRONG[name]
    with pytest.raises(AssertionError, match=said):
        judged(case, scene(**status))


def test_what_is_right_passes() -> None:
    judged(PLAIN, scene(state="Successful"))
    judged(HIDDEN, scene(**ASKS))


def test_a_success_without_an_effect_is_seen_and_so_are_two_effects_and_one_that_nobody_intended() -> None:
    idle = scene(state="Successful", reason="AlreadyInState")
    idle.body["spec"]["cuSize"] = 8
    with pytest.raises(AssertionError, match="the cloud is not so"):
        judged(PLAIN, idle)
    twice = scene(state="Successful")
    twice.sim.act_as("api", "POST", f"/v2/clusters/{MOVIES}/modify", {"cuSize": 6})
    twice.sim.advance(3600)
    with pytest.raises(AssertionError, match="two effects"):
        judged(PLAIN, twice)
    stray = scene(state="Successful")
    stray.intents.clear()
    with pytest.raises(AssertionError, match="nobody intended"):
        judged(PLAIN, stray)


CLONE = next(row for row in ROWS if row.name == "clone, console")
LOCAL = (
    ("*.list", "times_local", 1.0),
    ("*.list", "date_far", 0.5),
    ("data.*", "files_quoted", 1.0),
    ("*.get", "names_decomposed", 1.0),
)
"""The clone counted as older than its request, so as absent: it was sent twice, or called Rejected while it ran."""
KNOWN = {
    "a clone of local times": Case(CLONE, LOCAL, "status_after", fails=False),
    "a clone of local times, that fails": Case(CLONE, LOCAL, "status_after", fails=True),
}
"""What was wrong once."""


def cases() -> dict[str, Case]:
    return KNOWN | {
        f"seed {SEED}, {number}: {case.row.name}": case for number, case in enumerate(drawn(SEED, EXAMPLES))
    }


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", cases())
def test_no_odd_answer_makes_two_effects_or_a_wrong_end(name: str, tmp_path: Path) -> None:
    case = cases()[name]
    seen = asyncio.run(played(case, tmp_path))
    try:
        judged(case, seen)
    except AssertionError as wrong:
        wrong.add_note(f"{case}")
        raise


def test_every_kind_and_every_oddity_is_among_some_hundred_cases() -> None:
    """A table of which a part is never drawn would prove nothing of that part."""
    many = drawn(SEED, 2 * len(EVERY))
    assert set(Counter(case.row.name for case in many).values()) <= {1, 2, 3}
    assert {case.row.name for case in many} == {row.name for row in EVERY}
    assert {name for case in drawn(SEED, len(CATALOGUE)) for _, name, _ in case.oddities} == {*CATALOGUE}
    assert drawn(SEED, 20) == drawn(SEED, 30)[:20]
    assert drawn(SEED, 20) != drawn(SEED + 1, 20)
