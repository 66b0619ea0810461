"""The controller of ZillizConnections: has their keys checked, and wakes their jobs when that changes something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from zilliz_jobs.accounts.claims import Claim
from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.accounts.reconciler import ConnectionReconciler
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.controller import Controller
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects

CONNECTION = ZILLIZ_CONNECTION.kind


class ConnectionController(Controller):
    """`wake_dependents`: called with the key of a connection that became usable, is no longer usable, or is gone."""

    resources: Mapping[str, Resource] = MappingProxyType({CONNECTION: ZILLIZ_CONNECTION})

    def __init__(
        self,
        connections: Connections,
        reconciler: ConnectionReconciler,
        objects: Objects,
        queue: WorkQueue[Key],
        *,
        wake_dependents: Callable[[Key], None],
    ) -> None:
        self.connections, self._reconciler, self._objects = connections, reconciler, objects
        self._queue = queue
        self._wake_dependents = wake_dependents

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        before = self.connections.get(key)
        held = Claim.of(before.body) if before else None
        known = self.connections.on_upsert(key, body)
        let_go = known.problem is not None and Claim.of(body) != held
        if known is not before or let_go:  # else it is the event of our own write
            self._queue.succeeded(key)
            self._queue.add(key)

    def on_delete(self, key: Key, body: Body) -> None:
        if self.connections.forget(key, body["metadata"]["uid"]):
            self._wake_dependents(key)

    def uid(self, key: Key) -> str | None:
        connection = self.connections.get(key)
        return connection.uid if connection else None

    def body(self, key: Key) -> Body | None:
        connection = self.connections.get(key)
        return connection.body if connection else None

    def unfinished(self) -> Iterable[Key]:
        return self.connections.uids()

    def known(self, kind: str) -> Mapping[Key, str]:
        return self.connections.uids()

    def wake_all(self) -> None:
        pass  # a connection waits for nothing but its next check

    def claim_anew(self) -> None:
        """This process leads from now on: where there are shards, every account is claimed before it is used."""
        if self.connections.shards.are_there:
            for key, connection in self.connections.own().items():
                connection.claimed = connection.checked = False
                self._queue.add(key)

    async def reconcile(self, key: Key) -> None:
        connection = self.connections.get(key)
        if connection is None:
            self._queue.succeeded(key)
            return
        wake, changed = await self._reconciler.reconcile(connection, self._queue.failures(key))
        if self.connections.get(key) is not connection:
            return  # gone or changed meanwhile, and then it is in the queue
        if connection.problem:
            self._queue.failed(key)
        else:
            self._queue.succeeded(key)
        self._queue.add(key, wake)
        if changed:
            self._wake_dependents(key)

    async def is_known(self, key: Key) -> bool:
        """False while a connection that exists waits for its first check; its jobs need not report that.

        One that the watch has not reported is read, since the first events of the kinds come in any order. Raises
        KubeError.
        """
        connection = self.connections.get(key)
        if connection is None:
            try:
                body = await self._objects.get(ZILLIZ_CONNECTION, key.namespace, key.name)
            except NotFound:
                return True
            self.on_upsert(key, {**body, "kind": CONNECTION})
            connection = self.connections.get(key)
        return connection is None or connection.is_known
