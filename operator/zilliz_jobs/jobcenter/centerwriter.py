"""Writes the statuses of JobCenters, and posts an event where the reason has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.jobcenter.centerstatus import FINE, CenterOutcome, center_status, status_after
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound
from zilliz_jobs.kube.events import EventType
from zilliz_jobs.kube.persist import AT_ONCE, Write, persist

TRIES = 3

log = logging.getLogger(__name__)


class CenterStatusWriter:
    """`now`: the API server's time."""

    def __init__(self, access: ObjectAccess, now: Callable[[], datetime]) -> None:
        self._access, self._now = access, now

    async def write(self, body: Body, outcome: CenterOutcome) -> None:
        """Store what came of a pass where the status differs. May be repeated. Raises NotFound where the JobCenter is
        gone or was replaced, KubeError."""
        await persist(_CenterWrite(self, body, outcome), AT_ONCE)

    async def read(self, body: Body) -> Body:
        """The JobCenter as it is now. Raises NotFound where it was replaced, KubeError."""
        key = key_of(body)
        fresh = await self._access.objects.get(JOB_CENTER, key.namespace, key.name)
        if fresh["metadata"]["uid"] != body["metadata"]["uid"]:
            raise NotFound(f"cannot write the status of {key}: it was replaced")
        return {**fresh, "kind": key.kind}

    async def store(self, body: Body, outcome: CenterOutcome) -> None:
        """Write the status of the JobCenter as it was read, if it differs. Raises KubeError."""
        old = center_status(body)
        wire = hidden(body, status_after(body, outcome, self._now()).wire())
        if wire == (body.get("status") or {}):
            return
        stored = await self._access.statuses.write(JOB_CENTER, body, wire)
        self._access.metrics.status_writes.labels(JOB_CENTER.kind, "listed").inc()
        if old.reason != str(outcome.reason):
            kind: EventType = "Normal" if outcome.reason in FINE else "Warning"
            mark = f"{outcome.reason} {old.last_list_time}"
            told = {**stored, "kind": JOB_CENTER.kind}
            self._access.events.post(told, kind, str(outcome.reason), outcome.message, once_per=mark, logged=True)
            log.info("%s: %s: %s", key_of(told), outcome.reason, outcome.message)


@dataclass
class _CenterWrite(Write[None]):
    """`body`: the JobCenter as last read."""

    writer: CenterStatusWriter
    body: Body
    outcome: CenterOutcome
    _is_old: bool = False

    async def once(self) -> None:
        if self._is_old:
            self.body, self._is_old = await self.writer.read(self.body), False
        await self.writer.store(self.body, self.outcome)

    def again(self, error: KubeError, tries: int) -> None:
        if not isinstance(error, Conflict) or tries >= TRIES:
            raise error
        self._is_old = True
