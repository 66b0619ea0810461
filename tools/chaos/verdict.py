"""Whether the promises were kept, judged from the cloud's ledger and the objects as they are at the end. Pure.

It trusts neither: what an object says of itself is compared with what the cloud did, and what the cloud did with what
the objects were seen to intend.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.support.unclear import may_not_tell
from tools.chaos.content import otherwise
from tools.chaos.deletions import BackupEvidence, deletions, open_runs, unexplained, was_deleted, wrong_deletions
from tools.chaos.jobs import Course, Planned
from tools.chaos.keeping import SET_BACK, Made, waits_for_held
from tools.chaos.steps import Intent

Body = dict[str, Any]

STARTS = frozenset({"submit", "retry", "suspend", "resume", "modify", "create"})
FINISHED = frozenset({"Successful", "Failed", "Canceled", "Unknown"})
HUMAN = "SubmissionUnknown"
NEVER_TAKEN = "SubmissionFailed"
ALREADY = "AlreadyInState"
NEAR = ("began shortly before", "could be it", "began since")
IS_THERE = ("is there, and was not before", "collections not all came")
NO_BACKUP = "BackupNotReady"
BACKUP_DELETED = "BackupDeleted"
IN_LINE = "SubmissionInProgress"
CANCEL, RETRY = "jobs.zilliz.com/cancel-requested", "jobs.zilliz.com/retry-requested"
REQUESTS = {CANCEL: "cancel", RETRY: "retry"}
STATES = {
    "PENDING": "Pending",
    "IN_PROGRESS": "InProgress",
    "SUCCESSFUL": "Successful",
    "FAILED": "Failed",
    "CANCELED": "Canceled",
}
"""The page's words for the cloud's."""


@dataclass(frozen=True)
class Effect:
    """What the cloud did, by its ledger."""

    token: str
    job_id: str
    kind: str
    route: str = ""
    """The simulator's name of the call."""
    target: Body = field(default_factory=dict)
    """What it was about."""


@dataclass(frozen=True)
class Asked:
    """`name`: of the object; `message`: why it asks a person."""

    name: str
    message: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on. `jobs`: the cloud's word for each job; `objects`: by plural and name, with
    those that are gone left out."""

    planned: tuple[Planned, ...]
    intents: dict[str, Intent]
    effects: tuple[Effect, ...]
    jobs: dict[str, str]
    objects: dict[tuple[str, str], Body]
    asked: dict[str, Asked] = field(default_factory=dict)
    """Unknown submissions that a person decided, by token."""
    adopted: dict[str, str] = field(default_factory=dict)
    """What strangers started for an object to adopt: the job's id, by the object's name."""
    rows: list[Body] = field(default_factory=list)
    shown: int = 0
    """The job centre's page, and how many rows it shows at most."""
    set_back: bool = False
    """Whether etcd was: an object may be gone, or ask a person since it tells of an earlier time."""
    oddities: frozenset[tuple[str, str]] = frozenset()
    """Which answers of the cloud were odd, as globs over the names of calls, and in what way."""
    ended: BackupEvidence = field(default_factory=BackupEvidence)
    """What tells of backups that end."""


@dataclass
class Verdict:
    effects: int = 0
    attempts: int = 0
    """Submissions that had an effect, each step of a composed job by itself, and each retry."""
    most_effects: int = 0
    twice: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Effects that no object was seen to intend."""
    page: list[str] = field(default_factory=list)
    """Rows of the job centre that differ from the cloud, and requests at them that nobody answered."""
    otherwise: list[str] = field(default_factory=list)
    """Effects that are not what the object's manifest asks for."""
    differing: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    """Objects that ask a person what a look-up could have told."""
    human: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    """How many of both, by the name of their row in the table of kinds."""
    states: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    """The states of the jobs of schedules that are there, and of those that read their backups."""
    deleted: int = 0
    """Backups that were."""
    wrongly_deleted: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    """Backups that are to go, and are there, and nobody says why."""

    @property
    def violations(self) -> dict[str, list[str]]:
        found = {
            "submitted more than once": self.twice,
            "submitted without an intent": self.strangers,
            "not what was asked for": self.otherwise,
            "end differs from the cloud's": self.differing,
            "not ended": self.unfinished,
            "needs a human, and should not": self.needless,
            "the job centre's page": self.page,
            "backups deleted that should not be": self.wrongly_deleted,
            "backups that are to go, and nobody says why they are there": self.unexplained,
        }
        return {name: lines for name, lines in found.items() if lines}


def judge(seen: Evidence) -> Verdict:
    verdict = Verdict(effects=len(seen.effects), deleted=len(deletions(seen.ended)))
    verdict.wrongly_deleted, verdict.unexplained = wrong_deletions(seen.ended), unexplained(seen.ended)
    verdict.unfinished += open_runs(seen.ended)
    by_attempt: defaultdict[tuple[str, str, int, str], list[Effect]] = defaultdict(list)
    for effect in seen.effects:
        intent = seen.intents.get(effect.token)
        if intent is None:
            verdict.strangers.append(f"{effect.kind} of {effect.job_id or '?'} with token {effect.token or 'none'}")
            continue
        by_attempt[intent.plural, intent.name, intent.attempt, intent.step].append(effect)
    verdict.attempts = len(by_attempt)
    verdict.most_effects = max(map(len, by_attempt.values()), default=0)
    for (plural, name, attempt, step), found in sorted(by_attempt.items()):
        if len(found) > 1:
            told = ", ".join(f"{one.job_id} ({one.token[:8]})" for one in found)
            verdict.twice.append(f"{plural}/{name}, attempt {attempt}, {step}: {told}")
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for job in seen.planned:
        body = seen.objects.get((job.plural, job.name))
        if job_id := ((body or {}).get("status") or {}).get("jobId"):
            holders[job_id].append(job.name)
        _judge_one(verdict, seen, job, body, by_attempt)
        mine = [one for key, found in by_attempt.items() if key[:2] == (job.plural, job.name) for one in found]
        wrong = (otherwise(job, effect.route, effect.target) for effect in mine)
        verdict.otherwise += [f"{job.name}: {why}" for why in wrong if why]
        for token in (token for token, asked in seen.asked.items() if asked.name == job.name):
            verdict.asked[job.row.name] += 1
            may_ask = may_not_tell(job.row, seen.oddities) or _cannot_tell(seen, job, token)
            line = f"{job.name}: {token}: {seen.asked[token].message}"
            (verdict.human if may_ask else verdict.needless).append(line)
        if job.name in seen.adopted and (own := by_attempt.get((job.plural, job.name, 1, "Submit"))):
            verdict.twice.append(f"{job.plural}/{job.name} adopts, and submitted {own[0].job_id}")
    for job_id, names in holders.items():
        if len(names) > 1:
            verdict.differing.append(f"{', '.join(names)}: all hold {job_id}")
    if seen.shown:
        verdict.page = wrong_rows(seen.rows, seen.jobs, seen.shown, told=not seen.set_back) + [
            f"{row['metadata']['name']}: {what} has no answer" for row in seen.rows if (what := unanswered(row))
        ]
    return verdict


def is_over(job: Planned, body: Body | None) -> bool:
    """Whether nothing more is to be waited for."""
    if body is None:
        return True
    status = body.get("status") or {}
    if body["metadata"].get("deletionTimestamp") or job.course is Course.DELETED:
        return False
    return status.get("state") in FINISHED and not unanswered(body)


def unanswered(body: Body | None) -> str:
    """The request that the object's user made, and that its status does not mirror yet; empty for none. A row whose
    owner's status was set back says so, and what is asked of it waits for a person as its owner does."""
    if body is None or (_reason(body) == SET_BACK and (body.get("status") or {}).get("owner")):
        return ""
    asked = body["metadata"].get("annotations") or {}
    told = body.get("status") or {}
    for annotation, name in REQUESTS.items():
        if annotation in asked and (told.get(name) or {}).get("token") != asked[annotation]:
            return name
    return ""


def waits_in_vain(job: Planned, objects: dict[tuple[str, str], Body]) -> bool:
    """Whether the backup that it waits for ended badly, or needs a person, so that nobody can do more than wait."""
    status = (objects.get((job.plural, job.name)) or {}).get("status") or {}
    if not job.waits_for or status.get("reason") != NO_BACKUP:
        return False
    backup = (objects.get(("backupjobs", job.waits_for)) or {}).get("status") or {}
    return not backup or backup.get("state") in FINISHED - {"Successful"} or backup.get("reason") == SET_BACK


def is_of_another_time(job: Planned, objects: dict[tuple[str, str], Body]) -> bool:
    """Whether etcd, set back, lost the object or its deletion, or its status tells less than the operator knows; or
    whether it waits for its turn on a target where such a one has a submission open, until a person decides that."""
    body = objects.get((job.plural, job.name))
    if body is None:
        return True
    undeleted = job.course is Course.DELETED and not body["metadata"].get("deletionTimestamp")
    reason = _reason(body)
    return undeleted or reason == SET_BACK or _waits_behind_such(body, objects) or waits_for_held(body, objects)


def _waits_behind_such(body: Body, objects: dict[tuple[str, str], Body]) -> bool:
    """By its own words: a clone's steps wait for a BackupJob too."""
    first = (body.get("status") or {}).get("message", "").partition(" has a submission open ")[0]
    return _reason(body) == IN_LINE and any(
        _reason(other) == SET_BACK and first == f"{other.get('kind')} {name}" for (_, name), other in objects.items()
    )


def _reason(body: Body) -> str | None:
    reason: str | None = (body.get("status") or {}).get("reason")
    return reason


def wrong_rows(rows: list[Body], jobs: dict[str, str], most: int, *, told: bool = True) -> list[str]:
    """In what the page differs from the cloud. A row without an id is of an object to which the cloud gave none.
    `told`: whether every row tells the state; that of an object which waits for a person tells what that says."""
    found = []
    ids = Counter((row.get("status") or {}).get("jobId") or "" for row in rows)
    for row in rows:
        status = row.get("status") or {}
        job_id, state = status.get("jobId") or "", status.get("state")
        if job_id and job_id not in jobs:
            found.append(f"{job_id}: a row of a job that is gone")
        elif job_id and told and STATES.get(jobs[job_id]) != state:
            found.append(f"{job_id}: the page says {state}, and the cloud {jobs[job_id]}")
        if job_id and ids[job_id] > 1:
            found.append(f"{job_id}: {ids[job_id]} rows")
    if len(rows) > most:
        found.append(f"{len(rows)} rows, and {most} are wanted")
    if len(rows) < most and (missing := set(jobs) - set(ids)):
        found.append(f"no row for {len(missing)} jobs: {', '.join(sorted(missing)[:3])}")
    return found


def needs_human(status: Body) -> bool:
    return status.get("state") not in FINISHED and status.get("reason") == HUMAN


def _judge_one(
    verdict: Verdict,
    seen: Evidence,
    job: Planned,
    body: Body | None,
    by_attempt: dict[tuple[str, str, int, str], list[Effect]],
) -> None:
    states = verdict.made if isinstance(job, Made) else verdict.states
    if seen.set_back and is_of_another_time(job, seen.objects):
        states["lost or set back with etcd"] += 1
        return
    if body is None:
        states["deleted"] += 1
        if job.course is not Course.DELETED:
            verdict.unfinished.append(f"{job.name}: the object is gone, and nobody deleted it")
        return
    status = body.get("status") or {}
    state = str(status.get("state") or "none")
    if waits_in_vain(job, seen.objects):
        states["waits for a backup that failed"] += 1
        return
    if not is_over(job, body):
        states["not ended"] += 1
        how = "being deleted" if body["metadata"].get("deletionTimestamp") else state
        how += f", {unanswered(body)} without an answer" if unanswered(body) else ""
        verdict.unfinished.append(f"{job.name}: {how}, {status.get('reason')}: {status.get('message')}")
        return
    states[state] += 1
    last = max((row.get("number", 1) for row in status.get("attempts") or []), default=1)
    mine = {key: found for key, found in by_attempt.items() if key[:3] == (job.plural, job.name, last)}
    effects = [effect for found in mine.values() for effect in found]
    sent = [i for i in seen.intents.values() if (i.plural, i.name, i.attempt) == (job.plural, job.name, last)]
    adopted = seen.adopted.get(job.name, "") if last == 1 else ""
    if status.get("reason") == BACKUP_DELETED and not effects and was_deleted(seen.ended, body["spec"]["backup"]):
        return
    if why := difference(status, effects, seen.jobs, sent, adopted):
        verdict.differing.append(
            f"{job.name}: {state} ({status.get('reason')}), {why}: {status.get('message')}"[:400]
        )


def _cannot_tell(seen: Evidence, job: Planned, token: str) -> bool:
    """Nothing to be seen proves nothing, for such a job; and of some even what began is not shown. An import that
    never began cannot be told from one that nobody holds any more and that is not proven older. A collection that is
    there does not say who made it."""
    began = any(effect.token == token for effect in seen.effects)
    if job.kind == "ImportJob" and not began:
        gone = {effect.job_id for effect in seen.effects if _is_nobodys(seen, effect)}
        message = seen.asked[token].message
        return any(words in message for words in NEAR) and any(job_id in message for job_id in gone)
    if any(words in seen.asked[token].message for words in IS_THERE):
        return job.goes_by_existence
    return job.is_untraceable and not (began and job.row.shows)


def _is_nobodys(seen: Evidence, effect: Effect) -> bool:
    intent = seen.intents.get(effect.token)
    return intent is None or (intent.plural, intent.name) not in seen.objects


def difference(status: Body, effects: list[Effect], jobs: dict[str, str], sent: list[Intent], adopted: str) -> str:
    """In what an ended object is wrong about the cloud; empty for nothing."""
    ids = {effect.job_id for effect in effects if effect.job_id} | ({adopted} if adopted else set())
    words = Counter(jobs.get(job_id, "gone") for job_id in ids)
    told = ", ".join(f"{job_id} {jobs.get(job_id, 'gone')}" for job_id in sorted(ids)) or "none"
    if status.get("jobId") and ids and status["jobId"] not in ids:
        return f"it holds {status['jobId']}, and its own are {told}"
    if running := set(words) - {"SUCCESSFUL", "FAILED", "CANCELED"}:
        return f"the cloud's job is {', '.join(sorted(running))} ({told})"
    match status["state"]:
        case "Successful":
            right = set(words) == {"SUCCESSFUL"} or (not words and (bool(effects) or _already(status)))
        case "Failed":
            tokens = {effect.token for effect in effects}
            untaken = status.get("reason") == NEVER_TAKEN and any(intent.token not in tokens for intent in sent)
            right = words["FAILED"] > 0 or untaken
        case "Canceled":
            right = words["CANCELED"] > 0 or not (effects or adopted)
        case _:
            right = False
    return "" if right else f"the cloud's jobs: {told}"


def _already(status: Body) -> bool:
    return status.get("reason") == ALREADY


def effects_in(ledger: Iterable[Body]) -> tuple[Effect, ...]:
    """What our operator started."""
    return tuple(
        Effect(entry["token"], entry["jobId"], entry["kind"], entry["route"], entry["target"])
        for entry in ledger
        if entry["event"] == "effect" and entry["client"] == "api" and entry["kind"] in STARTS
    )
