"""The three deadlines of a spec: to start, to end, to make progress. All counted on the operator's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, handle_of, is_finished, is_unsent

_SUSPENDED = ("True", str(Reason.SUSPENDED))


def start_due(s: Snapshot, status: JobStatus) -> datetime | None:
    """When the job counts as not started in time; None where that cannot happen (any more, or yet)."""
    if s.spec is None or s.spec.start_deadline_seconds is None or is_finished(status) or handle_of(status):
        return None
    held = [c for c in status.conditions or [] if c.type == "Suspended"]
    if is_unsent(status) and (s.spec.suspend or any((c.status, c.reason) == _SUSPENDED for c in held)):
        return None  # as with batch/v1: a suspended job does not age; one released this moment begins to
    released = [c.last_transition_time for c in held if c.status == "False"]
    moments = [s.created, attempt_of(status).not_before, *released]
    return max(m for m in moments if m is not None) + timedelta(seconds=s.spec.start_deadline_seconds)


def overdue_at(s: Snapshot, status: JobStatus) -> tuple[datetime, Reason] | None:
    """When and why a submitted job is overdue next, the earlier of the two deadlines."""
    submission = status.submission
    if s.spec is None or submission is None or submission.intent_time is None or not handle_of(status):
        return None
    dues = []
    if s.spec.active_deadline_seconds is not None:
        dues.append((submission.intent_time, s.spec.active_deadline_seconds, Reason.DEADLINE_EXCEEDED))
    if s.spec.stall_deadline_seconds is not None:
        moved = status.last_progress_time or submission.intent_time
        dues.append((max(moved, submission.intent_time), s.spec.stall_deadline_seconds, Reason.STALLED))
    return min(((start + timedelta(seconds=limit), reason) for start, limit, reason in dues), default=None)


def overdue(s: Snapshot, status: JobStatus, now: datetime) -> Reason | None:
    """Why a job that still runs is overdue."""
    due = overdue_at(s, status)
    return due[1] if due and now >= due[0] and not is_finished(status) else None
