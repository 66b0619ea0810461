"""The end of a backup by `backupTTLSeconds`: when it is due, what comes next, and what the status says of it. Pure.

The intent is `result.backupState` Deleting with a `deletionTime`: stored before the request leaves. It ends when the
cloud proves the backup gone, or when the backup is there although no request can be on its way any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zilliz_jobs.api.backupjob import BackupMark
from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Evidence, JobStatus, State
from zilliz_jobs.api.model import format_time, parse_time
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.facts import copies_run
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.core.plan import CheckBackup, EndBackup
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import Snapshot, handle_of

SETTLE = timedelta(minutes=10)
"""So long after it was asked for, a deletion that did not show has not taken effect, and never will."""
IN_USE_SECONDS, UNCLEAR_SECONDS, REFUSED_SECONDS = 300.0, 30.0, 3600.0
FIELDS = frozenset({"backupState", "backupMessage", "deletionTime", "deletionRequests"})
"""Of a result: what tells of the deletion."""


@dataclass(frozen=True)
class Ending:
    """The next step. `wake`: seconds until the next look, where there is no action."""

    action: CheckBackup | EndBackup | None = None
    wake: float | None = None


def proven_backup(status: JobStatus) -> str:
    """The backup that the job made, by the cloud's own answer to its submission; empty where that is not proven."""
    record = status.submission
    if record is None or status.state is not State.SUCCESSFUL:
        return ""
    return proven_id(record.evidence, handle_of(status).get("backupId", ""), (status.result or {}).get("backupId"))


def proven_id(evidence: object, answered: str, told: str | None) -> str:
    """The id of a backup that may be deleted as one's own; else empty. `answered`: what the answer to the submission
    named; `told`: the id in the result, None where it has none."""
    return answered if evidence == Evidence.ANSWERED and told in (None, answered) else ""


def ends_at(s: Snapshot, status: JobStatus) -> datetime | None:
    """When the backup is to be deleted; None where it is to stay, is gone, or is not proven the job's own."""
    seconds = getattr(s.spec, "backup_ttl_seconds", None)
    done = _result(status).get("backupState") == BackupMark.DELETED
    if seconds is None or done or status.completion_time is None or not proven_backup(status):
        return None
    # From the later of the cloud's word and our own sight of the end: too late costs less than too early.
    told = [c.last_transition_time for c in status.conditions or [] if (c.type, c.status) == ("Finished", "True")]
    ended = max([status.completion_time, *(time for time in told if time is not None)])
    return ended + timedelta(seconds=seconds)


def asked_at(status: JobStatus) -> datetime | None:
    """When the deletion was last asked for, while nobody knows what came of it. What a schedule deletes has no such
    time in its BackupJob."""
    result = _result(status)
    return parse_time(result.get("deletionTime")) if result.get("backupState") == BackupMark.DELETING else None


def ending(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> Ending | None:
    """What is to be done about the backup of a job that has ended; None where nothing is, now or later."""
    due, asked = ends_at(s, status), asked_at(status)
    if due is None and asked is None:
        return None
    if asked is None and due is not None and now < due:
        return Ending(wake=max(1.0, (due - now).total_seconds()))
    if s.link.problem is not None or s.link.suspended:
        return Ending(wake=s.rules.recheck)
    if asked is None and copies_run(status.result):
        return Ending(wake=IN_USE_SECONDS)  # they are made of it
    match seen:
        case seen_.BackupMayEnd() if asked is not None and due is not None:
            return Ending(EndBackup())
        case seen_.BackupStays(reason, _, sent):
            refused = sent and reason is not Reason.BACKUP_IN_USE
            return Ending(wake=REFUSED_SECONDS if refused else IN_USE_SECONDS)
        case seen_.BackupMayEnd() | seen_.BackupUnclear() | seen_.Unreadable() | seen_.Blocked():
            return Ending(wake=UNCLEAR_SECONDS if asked is not None else s.rules.recheck)
        case _:
            return Ending(CheckBackup())


def absorbed(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> JobStatus:
    """The status after an observation about the backup; any other changes nothing."""
    due, asked, requests = ends_at(s, status), asked_at(status), _requests(status)
    if due is None and asked is None:
        return status
    settled = asked is None or now - asked > SETTLE
    match seen:
        case seen_.BackupMayEnd() if due is not None and now >= due:
            return _with(status, _intent(now, requests + 1))
        case seen_.BackupMayEnd() if settled:
            return _with(status, {})  # it is not to go any more
        case seen_.BackupGone():
            done = {"backupState": str(BackupMark.DELETED), "deletionTime": format_time(asked or now)}
            return _with(status, done)
        case seen_.BackupStays(_, message) if settled or requests <= 1:
            return _with(status, {"backupMessage": shortened(message, MAX_MESSAGE)})
        case seen_.BackupStays(_, message) | seen_.BackupUnclear(message):  # an earlier request may be on its way
            mark = _intent(asked, requests) if asked is not None else {}
            return _with(status, mark | {"backupMessage": shortened(message, MAX_MESSAGE)})
        case _:
            return status


def _intent(asked: datetime, requests: int) -> dict[str, Any]:
    return {
        "backupState": str(BackupMark.DELETING),
        "deletionTime": format_time(asked),
        "deletionRequests": requests,
    }


def _requests(status: JobStatus) -> int:
    """How many requests may have left since the intent was first stored."""
    told = _result(status).get("deletionRequests")
    return told if isinstance(told, int) and asked_at(status) is not None else 0


def _with(status: JobStatus, fields: dict[str, Any]) -> JobStatus:
    rest = {name: value for name, value in _result(status).items() if name not in FIELDS}
    return status.but(result={**rest, **fields})


def _result(status: JobStatus) -> dict[str, Any]:
    return status.result or {}
