"""Writes the statuses of JobCenters, and posts an event where the reason has changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.jobcenter.centerstatus import FINE, CenterOutcome, center_status, status_after
from zilliz_jobs.kube.errors import Conflict, NotFound
from zilliz_jobs.kube.events import EventType

TRIES = 3

log = logging.getLogger(__name__)


class CenterStatusWriter:
    """`now`: the API server's time."""

    def __init__(self, access: ObjectAccess, now: Callable[[], datetime]) -> None:
        self._access, self._now = access, now

    async def write(self, body: Body, outcome: CenterOutcome) -> None:
        """Store what came of a pass where the status differs. May be repeated. Raises NotFound where the JobCenter is
        gone or was replaced, KubeError."""
        for _ in range(TRIES):
            old = center_status(body)
            wire = hidden(body, status_after(body, outcome, self._now()).wire())
            if wire == (body.get("status") or {}):
                return
            try:
                stored = await self._access.statuses.write(JOB_CENTER, body, wire)
            except Conflict:
                key = key_of(body)
                fresh = await self._access.objects.get(JOB_CENTER, key.namespace, key.name)
                if fresh["metadata"]["uid"] != body["metadata"]["uid"]:
                    raise NotFound(f"cannot write the status of {key}: it was replaced") from None
                body = {**fresh, "kind": key.kind}
                continue
            self._access.metrics.status_writes.labels(JOB_CENTER.kind, "listed").inc()
            if old.reason != str(outcome.reason):
                kind: EventType = "Normal" if outcome.reason in FINE else "Warning"
                mark = f"{outcome.reason} {old.last_list_time}"
                told = {**stored, "kind": JOB_CENTER.kind}
                self._access.events.post(told, kind, str(outcome.reason), outcome.message, once_per=mark, logged=True)
                log.info("%s: %s: %s", key_of(told), outcome.reason, outcome.message)
            return
