"""One pass over a ZillizConnection: check its key, and write the result to its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.accounts.connections import SECRET_SECONDS, Connections
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION, ZillizConnectionStatus
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.core.conditions import dated, readiness
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.status import StatusWriter

NEEDS_A_PERSON = frozenset(
    {Reason.INVALID_SPEC, Reason.INSECURE_ENDPOINT, Reason.KEY_REJECTED, Reason.NO_PERMISSION}
    | {Reason.PROJECT_NOT_VISIBLE, Reason.ANOTHER_SHARD}
)


class ConnectionReconciler:
    """`interval`: seconds between two checks of an accepted key; `cap`: longest wait after a failed one, in seconds;
    `now`: the API server's time."""

    def __init__(
        self,
        connections: Connections,
        writer: StatusWriter,
        events: EventPoster,
        *,
        interval: float,
        cap: float,
        now: Callable[[], datetime],
    ) -> None:
        self._connections, self._writer, self._events = connections, writer, events
        self._interval, self._cap, self._now = interval, cap, now

    async def reconcile(self, connection: Connection, tries: int) -> tuple[float, bool]:
        """Seconds until the next check, and whether the connection's readiness changed. Raises KubeError."""
        if connection.elsewhere is not None:
            return await self._leave(connection)
        was_ready = _is_ready(connection.body)
        # A suspicion changes nothing for the jobs, the end of the first check does.
        was_usable = connection.checked and connection.problem is None
        is_first = not connection.checked and connection.problem is None
        problem = await self._connections.check(connection)
        usable = connection.checked and connection.problem is None
        now = self._now()
        status = new_status(connection, problem, now, shared=self._connections.shards.are_there)
        old: Body = connection.body.get("status") or {}
        wire = hidden(connection.body, status.wire())
        if {**old, "lastCheckTime": None} != {**wire, "lastCheckTime": None}:
            stored = await self._writer.write(ZILLIZ_CONNECTION, connection.body, wire)
            connection.body = {"kind": ZILLIZ_CONNECTION.kind, **stored}
            self._events.post(
                connection.body,
                "Warning" if problem else "Normal",
                str(problem.reason if problem else Reason.KEY_ACCEPTED),
                problem.message if problem else Reason.KEY_ACCEPTED.help,
                once_per=f"{now.isoformat()}",
            )
        changed = is_first or usable != was_usable or (problem is None) != was_ready
        if problem is None:
            return self._interval, changed
        wait = exponential(tries, base=2.0, cap=self._cap, jitter=0.5)
        # A person may have corrected the Secret meanwhile, and waits for the effect.
        return max(min(wait, SECRET_SECONDS), problem.retry_after or 0.0), changed

    async def _leave(self, connection: Connection) -> tuple[float, bool]:
        """It is another shard's, which writes its status; what this one has claimed of it is given back."""
        is_first, connection.checked = not connection.checked, True
        await self._connections.shards.release(connection)
        return self._interval, is_first


def _is_ready(body: Body) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions if isinstance(c, dict))


def new_status(
    connection: Connection, problem: Blocked | None, now: datetime, *, shared: bool = False
) -> ZillizConnectionStatus:
    """The status for this result of a check; the times of conditions change only where a condition does. `shared`:
    there are shards, whose claim stays as it is stored. Pure."""
    try:
        old = ZillizConnectionStatus.model_validate(connection.body.get("status") or {})
    except ValidationError:  # edited by hand; it is written anew
        old = ZillizConnectionStatus()
    generation = connection.body["metadata"].get("generation") or 1
    reason = problem.reason if problem else Reason.KEY_ACCEPTED
    message = problem.message if problem else Reason.KEY_ACCEPTED.help
    rows = readiness(reason, message, ready=problem is None, needs_a_person=reason in NEEDS_A_PERSON)
    return ZillizConnectionStatus(
        observed_generation=generation,
        last_check_time=now,
        key_fingerprint=connection.fingerprint or None,
        endpoint=connection.endpoint or None,
        shard=old.shard if shared else None,
        shard_lease=old.shard_lease if shared else None,
        projects=old.projects if shared else None,
        remembered=old.remembered,
        remembered_since=old.remembered_since,
        conditions=dated(rows, old.conditions, generation, now),
    )
