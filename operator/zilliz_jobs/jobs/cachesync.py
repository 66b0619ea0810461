"""Knows every job object once, before anything is submitted or looked for, whatever the watches have told so far.

Else an object that no event has told of yet could hold the very job, or the very scope, that another one takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.control.objects import Body
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects

ASK_AGAIN_SECONDS = 10.0  # at most so often, for the objects of a kind that was not served

log = logging.getLogger(__name__)


class CacheSync:
    """`namespaces`: those that are watched; None stands for all of them."""

    def __init__(
        self,
        objects: Objects,
        store: JobCache,
        kinds: Mapping[str, AnyKind],
        namespaces: Sequence[str | None],
        recall: Callable[[Body], object] | None = None,
        listed: Callable[[str, bool], object] = lambda _kind, _served: None,
    ) -> None:
        """`recall`: told of every connection first, since an earlier process may have left there what it knew;
        `listed`: told of each kind whether its objects could be listed."""
        self._recall, self._listed = recall, listed
        self._unserved: set[str] = set()
        self._asked_at = -1e9
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

    async def wait_for_sync(self) -> None:
        """Returns when all objects are known that can be listed; asks once, and now and then for the objects of kinds
        that are not served: that a kind is away does not say that it has no objects. Raises KubeError."""
        now = asyncio.get_running_loop().time()
        if self._unserved and now - self._asked_at >= ASK_AGAIN_SECONDS:
            self._wanted += 1
        if self._done == self._wanted:
            return
        self._asked_at = now
        async with self._doing:
            while self._done != self._wanted:
                number = self._wanted
                self._gone.clear()
                await self._all_of(ZILLIZ_CONNECTION.kind, self._recall_all)
                for kind in self._kinds.values():
                    await self._all_of(kind.resource.kind, partial(self._note_all, kind))
                self._done = number
            self._gone.clear()

    async def _all_of(self, kind: str, take: Callable[[str | None], Awaitable[None]]) -> None:
        try:
            for namespace in self._namespaces:
                await take(namespace)
        except NotFound:
            if kind not in self._unserved:
                log.warning("the API server does not serve %s, so what its objects hold is not known", kind)
            self._unserved.add(kind)
        else:
            self._unserved.discard(kind)
        self._listed(kind, kind not in self._unserved)

    async def _recall_all(self, namespace: str | None) -> None:
        if self._recall is None:
            return
        async for item in self._objects.list_all(ZILLIZ_CONNECTION, namespace):
            self._recall({**item, "kind": ZILLIZ_CONNECTION.kind})

    async def _note_all(self, kind: AnyKind, namespace: str | None) -> None:
        async for item in self._objects.list_all(kind.resource, namespace):
            body: Body = {**item, "kind": kind.resource.kind}
            uid = body["metadata"]["uid"]
            # What the watches told may be newer than a list that took its time.
            if uid not in self._gone and not self._store.is_stale(body):
                self._store.note(body)
