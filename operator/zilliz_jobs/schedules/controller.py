"""The controller of JobSchedules: each has a time for its next pass, and is woken when one of its jobs ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.controller import LATEST_SECONDS, Controller
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.schedules.automaticbackups import AutomaticBackups
from zilliz_jobs.schedules.manifest import RUN_REQUESTED
from zilliz_jobs.schedules.reconciler import ScheduleReconciler
from zilliz_jobs.schedules.stored import stored_status

MAX_TOLD = 2000


@dataclass(frozen=True)
class ScheduleFigures:
    """What the metrics tell of one schedule, in Unix time; None where there is none yet."""

    namespace: str
    name: str
    last_success: float | None
    next_due: float | None
    failed: bool


class JobScheduleController(Controller):
    """See `Controller`. Keeps the newest known version of each object, since every write of a record has it as
    precondition."""

    resources: Mapping[str, Resource] = MappingProxyType({JOB_SCHEDULE.kind: JOB_SCHEDULE})

    def __init__(
        self, reconciler: ScheduleReconciler, queue: WorkQueue[Key], automatic_backups: AutomaticBackups
    ) -> None:
        self._reconciler, self._queue, self._automatic_backups = reconciler, queue, automatic_backups
        self._bodies: dict[Key, Body] = {}
        self._figures: dict[Key, ScheduleFigures] = {}
        self._histories = 0  # how often the history of the cluster went back
        self._distrusted: set[Key] = set()
        """Known from a history that is over, and not listed since."""

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        known = self._bodies.get(key)
        listed = key in self._distrusted
        if known is not None and not (certain or listed) and _version(known) > _version(body):
            return
        self._distrusted.discard(key)
        self._keep(key, body)
        self._reconciler.backups.on_upsert(body)
        if known is None or certain or listed or _asked(known) != _asked(body):
            self._queue.add(key)

    def on_delete(self, key: Key, body: Body) -> None:
        if self.uid(key) in (None, body["metadata"]["uid"]):
            self._bodies.pop(key, None)
            self._distrusted.discard(key)
            self._figures.pop(key, None)
            self._reconciler.backups.on_delete(body["metadata"]["uid"])
            self._queue.forget(key)
            self._automatic_backups.forget(body["metadata"]["uid"])

    def uid(self, key: Key) -> str | None:
        body = self._bodies.get(key)
        return body["metadata"]["uid"] if body else None

    def version(self, key: Key) -> tuple[str, int]:
        body = self._bodies.get(key)
        return (body["metadata"]["uid"], _version(body)) if body else ("", 0)

    def body(self, key: Key) -> Body | None:
        return self._bodies.get(key)

    def unfinished(self) -> Iterable[Key]:
        return list(self._bodies)

    def known(self, kind: str) -> Mapping[Key, str]:
        return {key: body["metadata"]["uid"] for key, body in self._bodies.items()}

    def distrust(self) -> None:
        self._histories += 1
        self._distrusted = set(self._bodies)

    def wake_all(self) -> None:
        for key in self._bodies:
            self._queue.add(key)

    def wake(self, key: Key) -> None:
        """One of its jobs changed. Idempotent."""
        if key in self._bodies:
            self._queue.add(key)

    def figures(self) -> list[ScheduleFigures]:
        """Of at most `MAX_TOLD` schedules, those first whose last run failed. May be called by any thread."""
        known = sorted(self._figures.copy().values(), key=lambda one: (not one.failed, one.namespace, one.name))
        return known[:MAX_TOLD]

    async def reconcile(self, key: Key) -> None:
        body = self._bodies.get(key)
        if body is None:
            self._queue.succeeded(key)
            return
        history = self._histories
        done = await self._reconciler.reconcile(body)
        self._queue.succeeded(key)
        for child in done.waiting:
            self._queue.add(child)
        if self.uid(key) != body["metadata"]["uid"]:
            return
        if history != self._histories:  # the object may be another one than what was stored here
            self._queue.add(key)
            return
        newest = self._bodies[key]
        if _version(done.body) >= _version(newest):
            self._keep(key, done.body)
        self._queue.add(key, min(LATEST_SECONDS if done.wake is None else done.wake, LATEST_SECONDS))
        await self._automatic_backups.look(newest)

    def _keep(self, key: Key, body: Body) -> None:
        self._bodies[key] = body
        status, last = stored_status(body), None
        for row in status.conditions or ():
            last = row.status if row.type == "LastRunSucceeded" else last
        success, due = status.last_successful_time, status.next_schedule_time
        self._figures[key] = ScheduleFigures(
            key.namespace,
            key.name,
            success.timestamp() if success else None,
            due.timestamp() if due else None,
            last == "False",
        )


def _version(body: Body) -> int:
    """0 where versions are no numbers: then the newest event counts."""
    version = str(body["metadata"].get("resourceVersion") or "")
    return int(version) if version.isdecimal() else 0


def _asked(body: Body) -> tuple[object, ...]:
    """What people set; a change of the status alone comes from the operator's own write."""
    meta = body["metadata"]
    token = (meta.get("annotations") or {}).get(RUN_REQUESTED)
    return meta["uid"], meta.get("generation"), meta.get("deletionTimestamp"), token
