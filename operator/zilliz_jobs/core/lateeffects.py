"""The effect of a send that counted as absent, or was given up, may show all the same, hours later. It is looked for
a few times, and mentioned; nothing else is done about it, for that it is ours is not proven.

Only what was sent more than once is watched: what was sent once has one effect at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import MAX_OTHERS, Evidence, JobStatus, Submission
from zilliz_jobs.core.notices import noted
from zilliz_jobs.core.observation import Handle, LateLook, Notice
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, handle_of


def began_watch(s: Snapshot, status: JobStatus) -> JobStatus:
    """The status with the time of the first look, where the cloud is known to have the job since this very pass."""
    record = status.submission
    if record is None or not handle_of(status) or handle_of(s.status) or not _was_sent_before(status, record):
        return status
    return status.but(submission=record.but(late_look_time=_next_look(s, record)))


def looked_late(s: Snapshot, status: JobStatus, seen: LateLook, now: datetime) -> JobStatus:
    """The status with what the look found, each once; the job itself, and its end, stay as they are."""
    watched = _due(status)
    if watched is None or not seen.complete:
        return status
    record = watched.record
    for ids in seen.found:
        known = record.other_handles or []
        others = [*known, *(name for name in ids if name not in known)][:MAX_OTHERS]
        record = noted(record.but(other_handles=others), [Notice(Reason.LATE_EFFECT, _told(ids))])
    record = record.but(late_look_time=_next_look(s, record, now))
    if watched.row is None:
        return status.but(submission=record)
    record = record if record.late_look_time else record.but(baseline=None)  # nobody compares with it any more
    rows = [*(status.steps or [])]
    rows[watched.row] = rows[watched.row].but(submission=record)
    return status.but(steps=rows)


def late_look_at(status: JobStatus) -> datetime | None:
    """When to look for it next; None: not any more."""
    watched = _due(status)
    return watched.record.late_look_time if watched else None


def looked_for(status: JobStatus) -> Handle:
    """The job that the submission whose turn it is has brought about; a late one is another."""
    watched = _due(status)
    row = (status.steps or [])[watched.row] if watched and watched.row is not None else None
    return (row.handle or {}) if row else handle_of(status)


def compared_with(status: JobStatus) -> Submission:
    """What a look compares with: the record, but from the first of the sends whose effect may still come."""
    watched = _due(status)
    record = watched.record if watched else status.submission or Submission()
    since = [t for t in (record.cloud_time, attempt_of(status).unresolved_since) if t is not None]
    return record.but(cloud_time=min(since, default=None))


def unresolved_since(status: JobStatus, *, given_up: bool = False) -> datetime | None:
    """The cloud's clock before the first send that brought nothing about so far, and may yet. `given_up`: the attempt
    is over, so that what nobody could tell of it is one of these."""
    record, earlier = status.submission, attempt_of(status).unresolved_since
    if earlier is not None or record is None or record.sends == 0:
        return earlier
    open_still = given_up and not record.handle and record.evidence is not Evidence.NOT_SENT
    return record.cloud_time if record.sends > 1 or record.evidence is Evidence.ABSENT or open_still else None


@dataclass(frozen=True)
class _Watched:
    """`row`: which of the steps that ended it is the record of; None for what is at work, or was last."""

    row: int | None
    record: Submission


def _due(status: JobStatus) -> _Watched | None:
    """Of all submissions that are watched, the one that is to be looked at first."""
    last = status.submission
    every = [_Watched(None, last)] if last else []
    for number, row in enumerate(status.steps or []):
        if row.submission and (last is None or row.submission.token != last.token):  # the last step's is there twice
            every.append(_Watched(number, row.submission))
    due = [(one.record.late_look_time, one) for one in every if one.record.late_look_time is not None]
    return min(due, key=lambda pair: pair[0], default=(None, None))[1]


def _was_sent_before(status: JobStatus, record: Submission) -> bool:
    return record.sends > 1 or (record.sends == 1 and attempt_of(status).unresolved_since is not None)


def _next_look(s: Snapshot, record: Submission, after: datetime | None = None) -> datetime | None:
    if record.intent_time is None:
        return None
    looks = [record.intent_time + timedelta(seconds=seconds) for seconds in s.rules.late_looks]
    return next((look for look in looks if after is None or look > after), None)


def _told(ids: tuple[str, ...]) -> str:
    return (
        f"{' with '.join(ids)} showed late: it fits this job, which was sent more than once, and belongs to no "
        "object; if nobody else started it, it is the effect of an earlier send. Look at it in the cloud, and cancel "
        "it, or remove what it made, if it is one too many"
    )
