"""What the metrics count of a job object: read from the raw object, fast and leniently. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from zilliz_jobs.api.jobstatus import State, reason_in
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened

STATES = tuple(str(state) for state in State)
OTHER = "other"
MAX_TARGET = 200

_STATES = {word: word for word in STATES}
_REASONS = {str(reason): str(reason) for reason in Reason}


class Standing(NamedTuple):
    """What is counted of one object. `since`: when an unfinished one came into its state (Unix time), None for a
    finished one; `success`: when it succeeded (Unix time), else None."""

    state: str
    reason: str
    since: float | None
    target: str
    success: float | None


def standing(body: Body) -> Standing:
    """Read an object. A status may hold any text; unknown words become one, so that no edit can make new series."""
    status = body.get("status")
    status = status if isinstance(status, dict) else {}
    state = _word(_STATES, status.get("state"), str(State.PENDING))
    reason = _word(_REASONS, reason_in(status), OTHER)
    target = shortened(str(status.get("target") or ""), MAX_TARGET)
    end = _time(status.get("completionTime"))
    if end is None:
        return Standing(state, reason, _since(body, status, state), target, None)
    return Standing(state, reason, None, target, end if state == State.SUCCESSFUL else None)


def _since(body: Body, status: Body, state: str) -> float:
    if state == State.IN_PROGRESS and (start := _time(status.get("startTime"))) is not None:
        return start
    born = _time(body["metadata"].get("creationTimestamp"))
    moments = [born, *_turns(status.get("attempts")), *_releases(status.get("conditions"))]
    return max((moment for moment in moments if moment is not None), default=0.0)


def _releases(conditions: Any) -> list[float | None]:
    """When suspensions of the object ended."""
    rows = [row for row in conditions if isinstance(row, dict)] if isinstance(conditions, list) else []
    free = [row for row in rows if row.get("type") == "Suspended" and row.get("status") == "False"]
    return [_time(row.get("lastTransitionTime")) for row in free]


def _turns(attempts: Any) -> list[float | None]:
    """When the present attempt could begin: at the end of the one before, or of its own back-off."""
    if not isinstance(attempts, list) or not all(isinstance(row, dict) for row in attempts):
        return []
    ends = [_time(row.get("completionTime")) for row in attempts[-2:-1]]
    return [*ends, *(_time(row.get("notBefore")) for row in attempts[-1:])]


def _word(known: dict[str, str], value: object, otherwise: str) -> str:
    return known.get(value, otherwise) if isinstance(value, str) else otherwise


def _time(value: object) -> float | None:
    moment = parse_time(value)
    return moment.timestamp() if moment else None
