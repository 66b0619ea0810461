"""The end of a job stands in its status three times: in the fields, in its last attempt, in the conditions. Where
somebody edited one of them, the other two tell what it was, so the end is written anew and nothing runs again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from zilliz_jobs.api.jobstatus import Attempt, Condition, JobStatus, State, reason_in
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import handle_of

T = TypeVar("T")

_ENDED: dict[State, dict[str, str | None]] = {  # of the contract's table
    State.SUCCESSFUL: {"Succeeded": "True", "Finished": "True", "Ready": "True", "Stalled": None},
    State.FAILED: {"Succeeded": "False", "Finished": "True", "Ready": "False", "Stalled": "True"},
    State.CANCELED: {"Succeeded": "False", "Finished": "True", "Ready": "False", "Stalled": "True"},
    State.UNKNOWN: {"Succeeded": "Unknown", "Finished": "True", "Ready": "False", "Stalled": "True"},
}
_OF_CANCELED = frozenset({Reason.CANCELED, Reason.CANCELED_BEFORE_SUBMISSION})


def mended(status: JobStatus) -> JobStatus:
    """The status with the end that the job had, where it has ended; else the status as it is. Pure.

    The conditions are not mended: they are computed anew from the rest with every decision.
    """
    row = _ended_row(status)
    if status.completion_time is None and row is None:
        return status
    state = _state(status, row)
    if state is None:
        return status
    told = _succeeded(status)
    message = _most([status.message, row.message if row else None, told.message if told else None])
    reason, end = _reason(status, row), row.completion_time if row else status.completion_time
    return status.but(state=state, reason=reason, message=message, completion_time=end)


def shows_its_end(raw: Mapping[str, Any]) -> bool:
    """Whether the raw status of a job that has ended says so in all its places alike. Cheap, lenient and pure."""
    rows, conditions = _dicts(raw.get("attempts")), _dicts(raw.get("conditions"))
    if not rows or not conditions:
        return not rows and not conditions  # then no operator wrote it
    expected = next((values for state, values in _ENDED.items() if state == raw.get("state")), None)
    if expected is None:
        return False
    reason, message = reason_in(raw), raw.get("message") or ""
    last = rows[-1]
    said = (last.get("state"), last.get("completionTime"), last.get("reason"), last.get("message") or "")
    if said != (raw.get("state"), raw.get("completionTime"), reason, message):
        return False
    told = {row.get("type"): row for row in conditions}
    for kind, value in expected.items():
        row = told.get(kind, {})
        if row.get("status") != value:
            return False
        if value is not None and (row.get("reason"), row.get("message") or "") != (reason, message):
            return False
    return True


def _ended_row(status: JobStatus) -> Attempt | None:
    row = status.attempts[-1] if status.attempts else None
    return row if row and row.state and row.state.finished and row.completion_time else None


def _state(status: JobStatus, row: Attempt | None) -> State | None:
    """The state that two of the three places agree on; else that of the attempt, which nobody reads and edits."""
    said = status.state if status.state and status.state.finished else None
    if row is None or row.state is said:
        return said or next((state for state in _ENDED if _fits(status, state)), None)
    if not _fits(status, said):
        return row.state
    if not _fits(status, row.state):
        return said
    # Failed or Canceled, of which the conditions are the same: the reason tells, mostly.
    reason = _reason(status, row)
    began = bool(handle_of(status) or status.steps)
    canceled = reason in _OF_CANCELED or (reason == Reason.DEADLINE_EXCEEDED and began)
    return State.CANCELED if canceled else State.FAILED


def _reason(status: JobStatus, row: Attempt | None) -> str | None:
    told = _succeeded(status)
    return _most([status.reason, row.reason if row else None, told.reason if told else None])


def _succeeded(status: JobStatus) -> Condition | None:
    return next((c for c in status.conditions or [] if c.type == "Succeeded"), None)


def _fits(status: JobStatus, state: State | None) -> bool:
    """Whether the conditions are those of this end."""
    told = {c.type: c.status for c in status.conditions or []}
    return state is not None and all(told.get(name) == _ENDED[state][name] for name in ("Succeeded", "Finished"))


def _most(told: list[T | None]) -> T | None:
    """What two of three say; else what the attempt says, the second."""
    field, attempt, condition = told
    if field == condition and field is not None:
        return field
    return attempt if attempt is not None else field if field is not None else condition


def _dicts(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
