"""The three deadlines of a spec, to start, to end, to make progress; and our own, for what nobody asked for: the
clean-up, and the way out of an object that is deleted half way. All counted on the operator's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, handle_of, is_finished, is_unsent
from zilliz_jobs.core.steps import cleans_up

_SUSPENDED = ("True", str(Reason.SUSPENDED))


def start_due(s: Snapshot, status: JobStatus) -> datetime | None:
    """When the job counts as not started in time; None where that cannot happen (any more, or yet)."""
    if s.spec is None or s.spec.start_deadline_seconds is None or is_finished(status) or handle_of(status):
        return None
    if status.steps:
        return None  # what is submitted in several steps started with the first
    held = [c for c in status.conditions or [] if c.type == "Suspended"]
    if is_unsent(status) and (s.spec.suspend or any((c.status, c.reason) == _SUSPENDED for c in held)):
        return None  # as with batch/v1: a suspended job does not age; one released this moment begins to
    released = [c.last_transition_time for c in held if c.status == "False"]
    moments = [s.created, attempt_of(status).not_before, *released]
    return max(m for m in moments if m is not None) + timedelta(seconds=s.spec.start_deadline_seconds)


def overdue_at(s: Snapshot, status: JobStatus) -> tuple[datetime, Reason] | None:
    """When and why a submitted job is overdue next, the earlier of the two deadlines."""
    began = _began(status)
    if s.spec is None or began is None:
        return None
    dues = []
    if s.spec.active_deadline_seconds is not None:
        dues.append((began, s.spec.active_deadline_seconds, Reason.DEADLINE_EXCEEDED))
    if s.spec.stall_deadline_seconds is not None:
        moved = status.last_progress_time or began
        dues.append((max(moved, began), s.spec.stall_deadline_seconds, Reason.STALLED))
    return min(((start + timedelta(seconds=limit), reason) for start, limit, reason in dues), default=None)


def overdue(s: Snapshot, status: JobStatus, now: datetime) -> Reason | None:
    """Why a job that still runs is overdue. What is cleaned up has done its work."""
    due = overdue_at(s, status)
    works = not is_finished(status) and not cleans_up(s, status)
    return due[1] if due and now >= due[0] and works else None


def swept_by(s: Snapshot, status: JobStatus) -> datetime | None:
    """Until when the clean-up may take: it is not worth more, and must not hold the job's end. None where it is not
    what the job is at."""
    if not cleans_up(s, status):
        return None
    turns = [row.seen_time for row in status.steps or []] + [s.deleting_since]  # either can make it its turn
    return max((t for t in turns if t), default=s.created) + timedelta(seconds=s.rules.cleanup_seconds)


def wound_up_by(s: Snapshot) -> datetime | None:
    """Until when a deletion may be held up by what is half done; None where the object stays."""
    return s.deleting_since + timedelta(seconds=s.rules.cleanup_seconds) if s.deleting_since else None


def _began(status: JobStatus) -> datetime | None:
    """When what runs was submitted, its first step if it has several; None where nothing runs."""
    first = next((row.submission for row in status.steps or [] if row.submission), None)
    if first is not None:
        return first.intent_time
    return status.submission.intent_time if status.submission and handle_of(status) else None
