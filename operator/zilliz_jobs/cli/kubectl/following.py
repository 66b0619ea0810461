"""Objects that are watched while a command runs, as they are at this moment."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.cluster import Cluster, typed
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.paths import resource_path
from zilliz_jobs.kube.watching import Changed, Interrupted, Listed, Told, watch


@dataclass(frozen=True)
class Watched:
    """What one watch is of: a kind in a namespace (None: in all), or one object of it."""

    resource: Resource
    namespace: str | None
    name: str = ""

    def covers(self, key: Key) -> bool:
        """Whether an object of this key is among what is watched."""
        if key.kind != self.resource.kind or self.namespace not in (None, key.namespace):
            return False
        return self.name in ("", key.name)


class WatchedObjects(ABC):
    """Watches while it is entered. `objects`: by key; not to be changed from outside."""

    def __init__(self, cluster: Cluster, watched: Iterable[Watched]) -> None:
        self._cluster, self._watched = cluster, tuple(watched)
        self._unread = set(self._watched)
        self._tasks: list[asyncio.Task[None]] = []
        self.objects: dict[Key, Body] = {}

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._follow(one)) for one in self._watched]
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def complete(self) -> bool:
        """Whether everything was read once."""
        return not self._unread

    @abstractmethod
    async def _follow(self, one: Watched) -> None:
        """One watch, in a task of its own."""

    def _watch(self, one: Watched) -> AsyncIterator[Told]:
        """What the API server tells. Raises KubeError for what does not pass by itself."""
        selector = {"fieldSelector": f"metadata.name={one.name}"} if one.name else {}
        return watch(self._cluster.client, resource_path(one.resource, one.namespace), selector)

    def _change(self, one: Watched, body: Body, *, gone: bool) -> Key:
        """Take in one change. Returns the key of the object."""
        body = typed(one.resource, body)
        key = key_of(body)
        if gone:
            self.objects.pop(key, None)
        else:
            self.objects[key] = body
        return key

    def _replace(self, one: Watched, bodies: Sequence[Body]) -> set[Key]:
        """Take in all that one watch is of. Returns the keys of what is there, and of what was."""
        now = {key_of(body): body for body in (typed(one.resource, body) for body in bodies)}
        gone = {key for key in self.objects if one.covers(key) and key not in now}
        for key in gone:
            del self.objects[key]
        self.objects |= now
        self._unread.discard(one)
        return gone | now.keys()


class Following(WatchedObjects):
    """`interrupted`: why the server cannot be asked just now."""

    def __init__(self, cluster: Cluster, watched: Iterable[Watched]) -> None:
        super().__init__(cluster, watched)
        self._news = asyncio.Event()
        self.interrupted = ""

    async def news(self, seconds: float | None = None) -> bool:
        """Wait until something changed; False where nothing did within so many seconds. Raises CommandError when
        something cannot be watched."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()
        return True

    async def _follow(self, one: Watched) -> None:
        try:
            async for told in self._watch(one):
                self.interrupted = ""
                match told:
                    case Listed(bodies):
                        self._replace(one, bodies)
                    case Changed(body, gone):
                        self._change(one, body, gone=gone)
                    case Interrupted(why):
                        self.interrupted = why
                self._news.set()
        except KubeError as error:
            raise self._cluster.problem(error, "watch", [one.resource], one.name, namespace=one.namespace) from error
        finally:
            self._news.set()
