"""The conditions of a job, as a pure function of its status: the contract's table, kept in one place.

Ready is only ever a summary. Reconciling and Stalled exist for kstatus and are left out when not true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Condition, Evidence, JobStatus, State
from zilliz_jobs.core.cancelling import no_way_to_cancel, wants_cancel
from zilliz_jobs.core.deadlines import overdue
from zilliz_jobs.core.gates import NEEDS_EDIT, SUSPENDING
from zilliz_jobs.core.notices import notices_of
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import Snapshot, handle_of, is_finished, is_open, is_unsent
from zilliz_jobs.core.steps import cleans_up

Row = tuple[str, str, str]  # status, reason, message
_EVIDENCE_REASON = {
    Evidence.ANSWERED: Reason.SUBMITTED,
    Evidence.MARKER: Reason.FOUND,
    Evidence.INFERRED: Reason.FOUND,
    Evidence.ADOPTED: Reason.ADOPTED,
}


def with_conditions(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    """The status with all its conditions; a lastTransitionTime moves only with its condition's status."""
    conditions = dated(_rows(s, status, now), status.conditions, s.generation, now)
    return status.but(conditions=conditions, observed_generation=s.generation)


def dated(
    rows: Mapping[str, Row], before: Sequence[Condition] | None, generation: int, now: datetime
) -> list[Condition]:
    """The conditions by type; a time moves only with its condition's status. `before`: those that were there."""
    known = {c.type: c for c in before or []}

    def condition(kind: str, value: str, reason: str, message: str) -> Condition:
        old, message = known.get(kind), shortened(message, MAX_MESSAGE)
        since = old.last_transition_time if old and old.status == value else None
        row = old or Condition(type=kind, status=value)
        return row.but(  # the same row, as in most passes
            status=value,
            reason=reason,
            message=message,
            last_transition_time=since or now,
            observed_generation=generation,
        )

    return [condition(kind, *row) for kind, row in rows.items()]


def readiness(reason: Reason, message: str, *, ready: bool, needs_a_person: bool) -> dict[str, Row]:
    """The conditions of an object that is no job: Ready, and why not for kstatus."""
    row = (str(reason), message)
    if ready:
        return {"Ready": ("True", *row)}
    return {"Ready": ("False", *row), "Stalled" if needs_a_person else "Reconciling": ("True", *row)}


def _rows(s: Snapshot, status: JobStatus, now: datetime) -> dict[str, Row]:
    reason, message = status.reason or str(Reason.WAITING), status.message or ""
    ready, succeeded, finished, third = _summary(status, reason)
    rows: dict[str, Row] = {
        "Accepted": _accepted(s, status),
        "Submitted": _submitted(status, reason, message),
        "Suspended": _suspended(s, status, reason, message),
        "Overdue": _overdue(s, status, now),
        "Succeeded": (succeeded, reason, message),
        "Finished": (finished, reason, message),
        "Ready": (ready, "Suspended" if ready == "True" and finished == "False" else reason, message),
    }
    if credentials := _credentials(status):
        rows["CredentialsAvailable"] = credentials
    if third:
        rows[third] = ("True", reason, message)
    return rows


def _accepted(s: Snapshot, status: JobStatus) -> Row:
    """Also what the spec wants and cannot have, while the job has not ended."""
    if s.spec is None:
        return "False", str(Reason.INVALID_SPEC), s.spec_error
    if wants_cancel(s.spec) and not is_finished(status):
        reason = Reason.DELETION_CANNOT_CANCEL
        if s.link.problem:  # what the connection allows may not be known at the moment
            for old in status.conditions or []:
                if (old.type, old.reason) == ("Accepted", reason):
                    return old.status, old.reason, old.message
        elif why := no_way_to_cancel(s.traits, console=s.link.console):
            return "True", str(reason), f"{reason.help} Why: {why}."
    return "True", str(Reason.VALID_SPEC), Reason.VALID_SPEC.help


def _summary(status: JobStatus, reason: str) -> tuple[str, str, str, str]:
    """Ready, Succeeded, Finished, and which of Reconciling and Stalled is true."""
    if is_finished(status):
        match status.state:
            case State.SUCCESSFUL:
                return "True", "True", "True", ""
            case State.FAILED | State.CANCELED:
                return "False", "False", "True", "Stalled"
            case _:
                return "False", "Unknown", "True", "Stalled"
    if is_open(status) and status.submission and status.submission.evidence is Evidence.UNKNOWN:
        return "False", "Unknown", "False", "Stalled"
    if is_unsent(status) and reason in SUSPENDING:
        return "True", "Unknown", "False", ""
    if is_unsent(status) and reason in NEEDS_EDIT:
        return "False", "Unknown", "False", "Stalled"
    return "False", "Unknown", "False", "Reconciling"


def _submitted(status: JobStatus, reason: str, message: str) -> Row:
    """With what a person should know of the submission although it goes on."""
    value, why, text = _sent(status, reason, message)
    return value, why, " ".join([text, *(f"{row.reason}: {row.message}." for row in notices_of(status))]).strip()


def _sent(status: JobStatus, reason: str, message: str) -> Row:
    submission = status.submission
    if submission and handle_of(status):
        why = _EVIDENCE_REASON.get(submission.evidence or Evidence.ANSWERED, Reason.SUBMITTED)
        return "True", str(why), why.help
    if any(row.handle for row in status.steps or []):
        return "True", str(Reason.SUBMITTED), Reason.SUBMITTED.help
    if is_open(status):
        return "Unknown", reason, message
    return "False", str(Reason.NOT_SUBMITTED), message if is_finished(status) else Reason.NOT_SUBMITTED.help


def _credentials(status: JobStatus) -> Row | None:
    """Only of a job whose submission brings credentials that are told once."""
    submission = status.submission
    if submission is None or not submission.credentials_secret:
        return None
    if not handle_of(status):
        return "Unknown", str(Reason.CREDENTIALS_AWAITED), Reason.CREDENTIALS_AWAITED.help
    if submission.credentials_stored:
        text = f"user name and password are in Secret {submission.credentials_secret}, which outlives this object"
        return "True", str(Reason.CREDENTIALS_STORED), text
    return "False", str(Reason.CREDENTIALS_LOST), Reason.CREDENTIALS_LOST.help


def _suspended(s: Snapshot, status: JobStatus, reason: str, message: str) -> Row:
    if is_unsent(status) and not is_finished(status) and reason in SUSPENDING:
        return "True", reason, message
    if s.spec and s.spec.suspend:
        return "False", str(Reason.RUNNING_ALREADY), Reason.RUNNING_ALREADY.help
    return "False", str(Reason.NOT_SUSPENDED), Reason.NOT_SUSPENDED.help


def _overdue(s: Snapshot, status: JobStatus, now: datetime) -> Row:
    late = overdue(s, status, now)
    if late:
        asked = status.submission and status.submission.cancel_time
        return "True", str(late), late.help + (" The cloud was asked to cancel the job." if asked else "")
    if is_finished(status) or cleans_up(s, status):
        for old in status.conditions or []:
            if old.type == "Overdue" and old.status == "True":
                return old.status, old.reason, old.message
    return "False", str(Reason.ON_TIME), Reason.ON_TIME.help
