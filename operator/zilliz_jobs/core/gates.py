"""What may hold a first (or next) submission back, in the order in which a person should hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.backoff import DEFAULT_MAX_BACKOFF
from zilliz_jobs.core.deadlines import wound_up_by
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.resolution import adoption
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, is_finished, is_unsent
from zilliz_jobs.core.steps import cleans_up, has_begun

SUSPENDING = frozenset({Reason.SUSPENDED, Reason.HELD, Reason.CONNECTION_SUSPENDED})
"""Reasons that count as suspended: wanted by a person, neither progress nor failure."""

NEEDS_EDIT = frozenset({Reason.INVALID_SPEC})
"""Reasons that nothing but an edit of the object can lift."""


@dataclass(frozen=True)
class Gate:
    reason: Reason
    message: str
    wake: float | None


def closed_gate(s: Snapshot, status: JobStatus, now: datetime) -> Gate | None:
    """The first gate that is closed; None when the submission may be prepared."""
    again, begun = s.rules.recheck, has_begun(status)
    if s.spec is None:
        return Gate(Reason.INVALID_SPEC, s.spec_error, None)
    if s.spec.suspend and not begun:
        return Gate(Reason.SUSPENDED, "spec.suspend is true; nothing is submitted until it is false", None)
    if s.gate:
        return Gate(s.gate.reason, s.gate.message, s.gate.retry_after or again)
    if s.link.problem:
        return Gate(s.link.problem.reason, s.link.problem.message, s.link.problem.retry_after or again)
    if s.link.suspended and not begun:
        return Gate(Reason.CONNECTION_SUSPENDED, "the ZillizConnection is suspended; nothing is submitted", None)
    first = attempt_of(status).number == 1 and not begun
    if adoption(s, status) is None and first and (held := _held(s)):
        return Gate(Reason.HELD, held, None)
    due = attempt_of(status).not_before
    # Further away than any back-off is: the clock was set back, or somebody wrote it.
    longest = timedelta(seconds=s.policy.max_backoff_seconds or DEFAULT_MAX_BACKOFF)
    if due and now < due <= now + longest:
        return Gate(Reason.RETRY_SCHEDULED, status.message or "", (due - now).total_seconds())
    return None


def may_submit(s: Snapshot, status: JobStatus, now: datetime) -> bool:
    """Whether what was prepared may go out. Asked again here, since the world moves on while it is prepared."""
    bound = wound_up_by(s)
    lives = bound is None or (s.finalizer and cleans_up(s, status) and now < bound)
    wanted = is_unsent(status) and not is_finished(status) and lives
    return wanted and adoption(s, status) is None and closed_gate(s, status, now) is None


def _held(s: Snapshot) -> str:
    if s.restored:
        return (
            "the object was restored from a backup and may have been submitted before; remove the label "
            "velero.io/restore-name to submit it again"
        )
    first = s.link.first_submission
    if first is FirstSubmission.HOLD or (first is FirstSubmission.FIND and not s.traits.exact_find):
        return f"the connection's firstSubmission is {first.value}; set it to Submit when this job is really wanted"
    return ""
