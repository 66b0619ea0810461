"""Knows every job object once, before anything is submitted or looked for, whatever the watches have told so far.

Else an object that no event has told of yet could hold the very job, or the very scope, that another one takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.engine.bodies import Body
from zilliz_jobs.engine.store import ObjectStore
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects

log = logging.getLogger(__name__)


class Census:
    """`namespaces`: those that are watched; None stands for all of them."""

    def __init__(
        self,
        objects: Objects,
        store: ObjectStore,
        kinds: Mapping[str, AnyKind],
        namespaces: Sequence[str | None],
        recall: Callable[[Body], object] | None = None,
    ) -> None:
        """`recall`: told of every connection first, since an earlier process may have left there what it knew."""
        self._recall = recall
        self._objects, self._store, self._kinds, self._namespaces = objects, store, kinds, namespaces
        self._wanted, self._done = 1, 0  # which census is wanted, and which was taken last
        self._doing = asyncio.Lock()
        self._gone: set[str] = set()

    def renew(self) -> None:
        """Another process may have worked meanwhile: what was known, or is just being read, does not count."""
        self._wanted += 1

    def forget(self, uid: str) -> None:
        """An object is gone. A list that was begun before may still show it."""
        if self._doing.locked():
            self._gone.add(uid)

    async def ensure(self) -> None:
        """Returns when all objects are known; asks once. Raises KubeError."""
        if self._done == self._wanted:
            return
        async with self._doing:
            while self._done != self._wanted:
                number = self._wanted
                self._gone.clear()
                for namespace in self._namespaces:
                    await self._recall_all(namespace)
                for kind in self._kinds.values():
                    for namespace in self._namespaces:
                        await self._note_all(kind, namespace)
                self._done = number
            self._gone.clear()

    async def _recall_all(self, namespace: str | None) -> None:
        if self._recall is None:
            return
        with contextlib.suppress(NotFound):  # without the CRD there is no connection, and nothing is sent
            async for item in self._objects.list_all(ZILLIZ_CONNECTION, namespace):
                self._recall({**item, "kind": ZILLIZ_CONNECTION.kind})

    async def _note_all(self, kind: AnyKind, namespace: str | None) -> None:
        try:
            async for item in self._objects.list_all(kind.resource, namespace):
                body: Body = {**item, "kind": kind.resource.kind}
                uid = body["metadata"]["uid"]
                # What the watches told may be newer than a list that took its time.
                if uid not in self._gone and not self._store.is_stale(body):
                    self._store.note(body)
        except NotFound:
            log.warning("the CRD of %s is not installed, so there is no object of it", kind.resource.kind)
