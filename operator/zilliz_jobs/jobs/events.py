"""Which events a change of the status causes: a pure comparison, so that no decision has to post events itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zilliz_jobs.api.backupjob import BackupMark
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State
from zilliz_jobs.core.notices import notices_of
from zilliz_jobs.core.reasons import Reason, help_of
from zilliz_jobs.core.snapshot import attempt_of, handle_of

_TROUBLE = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.CONNECTION_NOT_FOUND,
        Reason.CONNECTION_NOT_READY,
        Reason.ANOTHER_ACCOUNT,
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_NOT_LABELLED,
        Reason.SECRET_KEY_MISSING,
        Reason.SECRET_HOLDS_API_KEY,
        Reason.CONNECTIONS_NOT_KNOWN,
        Reason.CLUSTER_NOT_FOUND,
        Reason.NO_PUBLIC_API,
        Reason.NAME_TAKEN,
        Reason.COLLECTIONS_NOT_TOLD,
        Reason.BACKUP_NOT_FOUND,
        Reason.BACKUP_DELETED,
        Reason.CREDENTIALS_SECRET_TAKEN,
        Reason.CREDENTIALS_FORBIDDEN,
        Reason.CRD_OUTDATED,
        Reason.KUBERNETES_REFUSED,
        Reason.KUBERNETES_UNAVAILABLE,
        Reason.CLOUD_UNREACHABLE,
        Reason.KEY_REJECTED,
        Reason.NO_PERMISSION,
        Reason.PROTOCOL_MISMATCH,
        Reason.SUBMISSION_UNKNOWN,
        Reason.ADOPT_TYPE_MISMATCH,
        Reason.ADOPT_NOT_FOUND,
        Reason.ALREADY_HELD,
        Reason.UNKNOWN_CLOUD_STATUS,
        Reason.JOB_NOT_SEEN,
        Reason.RETRY_SCHEDULED,
    }
)
_NEWS = frozenset(
    {Reason.SUBMITTED, Reason.IN_PROGRESS, Reason.SUSPENDED, Reason.HELD}
    | {Reason.LOOKING_FOR_SUBMISSION, Reason.BACKUP_SLOT_BUSY, Reason.CLUSTER_BUSY, Reason.BACKUP_NOT_READY}
    | {Reason.CLEANING_UP}
)
_TOLD = _TROUBLE | _NEWS
_BEFORE_IT_BEGINS = frozenset({Reason.SUBMITTED, Reason.PENDING})
_QUIET_NOTICES = frozenset({Reason.CREDENTIALS_CHANGED, Reason.SENT_IN_OTHER_WORDS})
_ARRIVALS = {
    Evidence.MARKER: Reason.FOUND,
    Evidence.INFERRED: Reason.FOUND,
    Evidence.ADOPTED: Reason.ADOPTED,
}


@dataclass(frozen=True)
class StatusEvent:
    """An event to be posted once per `once_per` and object. `posted`: False for what only the log tells."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    once_per: str
    posted: bool = True


def news(old: JobStatus, new: JobStatus) -> list[StatusEvent]:
    """The events of the change from `old` to `new`. The same change gives the same events with the same `once_per`,
    so a repetition posts no second one. Pure."""
    told: list[StatusEvent] = []
    attempt = f"attempt {attempt_of(new).number}"
    # The job is read in the same pass, so the status says its state by now, and not how it was found.
    if handle_of(new) and not handle_of(old) and (arrival := _arrival(new)):
        told.append(StatusEvent("Normal", str(arrival), f"{attempt}: {arrival.phrase}", f"{attempt} {arrival}"))
    if old.completion_time and not new.completion_time and _arrival(new) is Reason.ADOPTED:
        reason = Reason.RETRIED_ELSEWHERE
        told.append(StatusEvent("Normal", str(reason), f"{attempt}: {reason.phrase}", f"{attempt} {reason}"))
    if new.completion_time and not old.completion_time:
        wanted = new.state is State.CANCELED and new.cancel and new.cancel.outcome is Outcome.COMPLETED
        good = new.state is State.SUCCESSFUL or wanted
        told.append(
            StatusEvent(
                "Normal" if good else "Warning",
                new.reason or "",
                new.message or "",
                f"{attempt} {new.completion_time}",
            )
        )
    elif old.result_pending and not new.result_pending and new.message != old.message:
        told.append(StatusEvent("Warning", new.reason or "", new.message or "", f"{attempt} {new.message}"))
    elif new.reason != old.reason and new.reason in _TOLD:
        kind: Literal["Normal", "Warning"] = "Warning" if new.reason in _TROUBLE else "Normal"
        # That a submitted job begins is what everybody expects, and status.startTime keeps it for longer.
        begins = new.reason == Reason.IN_PROGRESS and old.reason in _BEFORE_IT_BEGINS
        message = new.message or help_of(str(new.reason))
        told.append(StatusEvent(kind, str(new.reason), message, f"{attempt} {new.message}", posted=not begins))
    if (new.submission, new.steps) != (old.submission, old.steps):
        told += _of_notices(old, new, attempt)
    for name in ("cancel", "retry", "resolution"):
        before, after = getattr(old, name), getattr(new, name)
        if after and (before is None or (before.token, before.outcome) != (after.token, after.outcome)):
            bad = after.outcome in (Outcome.REFUSED, Outcome.FAILED)
            word = f"{name.capitalize()}{after.outcome}"
            told.append(
                StatusEvent("Warning" if bad else "Normal", word, after.message or "", f"{after.token} {word}")
            )
    for row in (new.steps or [])[len(old.steps or []) :]:
        good = row.state is State.SUCCESSFUL
        text = f"step {row.name}: {row.message}"
        told.append(
            StatusEvent("Normal" if good else "Warning", row.reason or "", text, f"{attempt} step {row.name}")
        )
    if new.conditions != old.conditions:
        told += _of_conditions(old, new, attempt)
    return told + _of_backup(old, new)


def _of_notices(old: JobStatus, new: JobStatus, attempt: str) -> list[StatusEvent]:
    known = notices_of(old)
    return [
        StatusEvent(
            "Normal" if notice.reason in _QUIET_NOTICES else "Warning",
            notice.reason,
            notice.message,
            f"{attempt} {notice.message}",
        )
        for notice in notices_of(new)
        if notice not in known
    ]


def _of_conditions(old: JobStatus, new: JobStatus, attempt: str) -> list[StatusEvent]:
    told: list[StatusEvent] = []
    if (vain := _vain(new)) and vain != _vain(old):
        told.append(StatusEvent("Warning", str(Reason.DELETION_CANNOT_CANCEL), vain, vain))
    if (overdue := _says(new, "Overdue", "True")) and not _says(old, "Overdue", "True"):
        told.append(StatusEvent("Warning", "Overdue", overdue, attempt))
    if (lost := _says(new, "CredentialsAvailable", "False")) and not _says(old, "CredentialsAvailable", "False"):
        told.append(StatusEvent("Warning", str(Reason.CREDENTIALS_LOST), lost, attempt))
    return told


def _of_backup(old: JobStatus, new: JobStatus) -> list[StatusEvent]:
    """What became of the backup whose time is over."""
    before, after = old.result or {}, new.result or {}
    name, why = after.get("backupId"), after.get("backupMessage")
    if after.get("backupState") == BackupMark.DELETED and before.get("backupState") != BackupMark.DELETED:
        copies = "; its copies in other regions stay" if after.get("copies") else ""
        return [StatusEvent("Normal", str(Reason.BACKUP_DELETED), f"backup {name} was deleted{copies}", f"{name}")]
    if why and why != before.get("backupMessage"):
        text = f"backup {name} is not deleted yet: {why}"
        return [StatusEvent("Warning", "BackupNotDeleted", text, f"{name} {why}")]
    return []


def _arrival(status: JobStatus) -> Reason | None:
    evidence = status.submission.evidence if status.submission else None
    return _ARRIVALS.get(evidence) if evidence else None


def _vain(status: JobStatus) -> str:
    """The message about a deletion policy that can have no effect; empty where there is none."""
    rows = (c for c in status.conditions or [] if c.reason == Reason.DELETION_CANNOT_CANCEL)
    return next((c.message for c in rows), "")


def _says(status: JobStatus, kind: str, value: str) -> str:
    """The message of the condition if it has this value; empty otherwise."""
    found = (c for c in status.conditions or [] if (c.type, c.status) == (kind, value))
    return next((c.message or c.reason for c in found), "")
