"""Lists every job object once before anything is submitted or looked for, whatever the watches have reported so far.

Else an object that no event has reported yet could have the very job, or the very submission lock, that another
takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects

ASK_AGAIN_SECONDS = 10.0  # at most so often, for the objects of a kind that was not served

log = logging.getLogger(__name__)


class EarlierProcesses(Protocol):
    """What earlier processes stored: in the connections (`accounts.memory.SubmissionMemory` has it), and in the
    schedules (`control.backupuse.BackupUse`)."""

    def recall(self, body: Body) -> None:
        """An object was read. Idempotent."""


class CacheSync(JobListener):
    """`namespaces`: those that are watched; None stands for all of them."""

    def __init__(
        self,
        objects: Objects,
        cache: JobCache,
        ownership: JobOwnership,
        kinds: Mapping[str, AnyKind],
        namespaces: Sequence[str | None],
        earlier: EarlierProcesses | None = None,
        intents: EarlierProcesses | None = None,
        *,
        selector: str = "",
    ) -> None:
        """`selector`: of the labels of the job objects and schedules that count; empty: all.

        `earlier`: told first of every connection, `intents` of every JobSchedule. `ownership` learns which kinds
        could be listed."""
        self._ownership, self._earlier, self._intents = ownership, earlier, intents
        self._selector = selector
        self._unserved: set[str] = set()
        self._asked_at = -1e9
        self._objects, self._cache, self._kinds, self._namespaces = objects, cache, kinds, namespaces
        self._wanted, self._done = (
            1,
            0,
        )  # number of the synchronisation that is wanted, and of the last one that is done
        self._doing = asyncio.Lock()
        self._gone: set[str] = set()

    def renew(self) -> None:
        """Another process may have led meanwhile: what was listed before, or is just being listed, does not count."""
        self._wanted += 1

    def on_gone(self, uid: str) -> None:
        """A list that began before may still show it."""
        if self._doing.locked():
            self._gone.add(uid)

    async def wait_for_sync(self) -> None:
        """Return when all objects that can be listed are known. Lists them once, and every `ASK_AGAIN_SECONDS` where
        a kind is not served: such a kind may have objects all the same. May be called at the same time by many.
        Raises KubeError."""
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
                await self._recall_intents()
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
        self._ownership.listed(kind, served=kind not in self._unserved)

    async def _recall_all(self, namespace: str | None) -> None:
        if self._earlier is None:
            return
        async for item in self._objects.list_all(ZILLIZ_CONNECTION, namespace):
            self._earlier.recall({**item, "kind": ZILLIZ_CONNECTION.kind})

    async def _recall_intents(self) -> None:
        if self._intents is None:
            return
        with contextlib.suppress(NotFound):  # then no run is made, and no backup of one deleted
            for namespace in self._namespaces:
                async for item in self._objects.list_all(JOB_SCHEDULE, namespace, selector=self._selector):
                    self._intents.recall({**item, "kind": JOB_SCHEDULE.kind})

    async def _note_all(self, kind: AnyKind, namespace: str | None) -> None:
        async for item in self._objects.list_all(kind.resource, namespace, selector=self._selector):
            body: Body = {**item, "kind": kind.resource.kind}
            uid = body["metadata"]["uid"]
            # What the watches reported may be newer than a list that took long.
            if uid not in self._gone and not self._cache.is_stale(body):
                self._cache.note(body)
