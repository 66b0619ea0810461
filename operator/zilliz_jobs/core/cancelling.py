"""Whether a deletion or a deadline may cancel a job in the cloud, and what to tell where it may not."""

from __future__ import annotations

from zilliz_jobs.api.jobspec import DeletionPolicy, JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, Traits, handle_of, is_finished
from zilliz_jobs.core.steps import is_addressable

NEEDS_CONSOLE = "the cloud's public API has no cancel, and the connection's consoleApi.enabled is not true"
NOT_PROVEN = "it was found by inference, and is not proven to be this object's"


def uncancellable(s: Snapshot, status: JobStatus) -> str:
    """Why nothing but a person may cancel the job, in words; empty where a deletion or a deadline may. Pure."""
    if why := no_way_to_cancel(s.traits, console=s.link.console):
        return why
    if status.submission and status.submission.evidence is Evidence.INFERRED:
        return NOT_PROVEN
    if handle_of(status) and not is_addressable(s, status):
        return Reason.JOB_ID_UNKNOWN.phrase
    return ""


def no_way_to_cancel(traits: Traits, *, console: bool) -> str:
    """Why no job of this kind, or mode, can be cancelled over this connection; empty where it can. Pure."""
    if not traits.can_cancel:
        return traits.why_no_cancel.phrase
    return NEEDS_CONSOLE if traits.cancel_needs_console and not console else ""


def may_cancel_unasked(s: Snapshot, status: JobStatus) -> bool:
    """Whether a deadline or a deletion may cancel: never what is held by inference only, and once per submission."""
    submission = status.submission
    if submission is None or submission.cancel_time or not is_addressable(s, status):
        return False
    return not uncancellable(s, status)


def is_left_running(s: Snapshot, status: JobStatus) -> str:
    """Why a job runs on after its object although spec.deletionPolicy is Cancel, in words; empty for none. Pure."""
    if not wants_cancel(s.spec) or is_finished(status) or not handle_of(status):
        return ""
    if why := uncancellable(s, status):
        return why
    answered = status.submission is not None and status.submission.cancel_time is not None
    return "" if answered else "the cloud gave no answer to the cancel in time"


def wants_cancel(spec: JobSpec | None) -> bool:
    """Whether the spec says that a deletion of the object is to cancel the job."""
    return getattr(spec, "deletion_policy", None) is DeletionPolicy.CANCEL
