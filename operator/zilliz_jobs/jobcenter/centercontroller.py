"""The controller of JobCenters: reconciles each at its interval, and removes the rows of one that was deleted, where
no garbage collector does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from zilliz_jobs.accounts.controller import ConnectionController
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.controller import LATEST_SECONDS, Controller
from zilliz_jobs.control.objects import Body, Key, connection_key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobcenter.centerreconciler import CenterReconciler
from zilliz_jobs.jobcenter.pages import Pages
from zilliz_jobs.jobcenter.rowwriter import RowWriter, center_uid

FIRST_CHECK_SECONDS = 2.0
AFTER_REQUEST_SECONDS = 3.0  # until the next reading of the lists after a request that changes a job on them


class JobCenterController(Controller):
    """See `Controller`. Uses a connection only after a check of it has ended."""

    resources: Mapping[str, Resource] = MappingProxyType({JOB_CENTER.kind: JOB_CENTER})

    def __init__(
        self,
        reconciler: CenterReconciler,
        pages: Pages,
        writer: RowWriter,
        queue: WorkQueue[Key],
        accounts: ConnectionController,
    ) -> None:
        self._reconciler, self._pages, self._writer = reconciler, pages, writer
        self._queue, self._accounts = queue, accounts
        self._bodies: dict[Key, Body] = {}
        self._gone: dict[Key, Body] = {}

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        known = self._bodies.get(key)
        self._bodies[key] = body
        if known is None or _asked(known) != _asked(body):
            self._queue.add(key)

    def on_delete(self, key: Key, body: Body) -> None:
        uid = body["metadata"]["uid"]
        if self.uid(key) in (None, uid):
            self._bodies.pop(key, None)
            self._pages.close(key)
        self._gone[key] = body
        self._queue.add(key)

    def on_left(self, key: Key, body: Body) -> None:
        self._bodies.pop(key, None)
        self._pages.close(key)  # its rows stay

    def uid(self, key: Key) -> str | None:
        body = self._bodies.get(key)
        return body["metadata"]["uid"] if body else None

    def body(self, key: Key) -> Body | None:
        return self._bodies.get(key)

    def unfinished(self) -> Iterable[Key]:
        return {*self._bodies, *self._gone}

    def known(self, kind: str) -> Mapping[Key, str]:
        return {key: body["metadata"]["uid"] for key, body in self._bodies.items()}

    def wake_all(self) -> None:
        for key in self._bodies:
            self._queue.add(key)

    def rest(self) -> None:
        for key in self._bodies:
            self._pages.close(key)  # another process writes the rows meanwhile; they are read anew

    def wake(self, key: Key) -> None:
        """Its rows have changed in the cloud: read the lists again soon. May be repeated."""
        if key in self._bodies:
            self._queue.add(key, AFTER_REQUEST_SECONDS)

    def wake_dependents(self, connection: Key) -> None:
        """The connection's state changed: reconcile its JobCenters."""
        for key, body in self._bodies.items():
            if connection_key(body) == connection:
                self._queue.add(key)

    async def reconcile(self, key: Key) -> None:
        await self._clear(key)
        body = self._bodies.get(key)
        if body is None:
            self._queue.succeeded(key)
            return
        if not await self._accounts.is_known(connection_key(body)):
            self._queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        wake = await self._reconciler.reconcile(body)
        self._queue.succeeded(key)
        if self.uid(key) == body["metadata"]["uid"]:
            self._queue.add(key, LATEST_SECONDS if wake is None else wake)

    async def _clear(self, key: Key) -> None:
        """Remove the rows of a deleted JobCenter of this name. Idempotent. Raises KubeError."""
        gone = self._gone.get(key)
        if gone is None:
            return
        for row in await self._writer.existing(gone):
            meta = row["metadata"]
            if center_uid(row) == gone["metadata"]["uid"] and not meta.get("deletionTimestamp"):
                await self._writer.delete(meta["namespace"], meta["name"], meta["uid"])
        if self._gone.get(key) is gone:
            del self._gone[key]


def _asked(body: Body) -> tuple[object, ...]:
    """What people set; a change of the status alone comes from the operator's own write."""
    meta = body["metadata"]
    return meta["uid"], meta.get("generation"), meta.get("deletionTimestamp")
