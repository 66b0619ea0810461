"""Objects that are watched while a command runs, as they are at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.cluster import Cluster, typed
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.paths import resource_path
from zilliz_jobs.kube.watching import Changed, Interrupted, Listed, watch


@dataclass(frozen=True)
class Watched:
    """What one watch is of: a kind in a namespace (None: in all), or one object of it."""

    resource: Resource
    namespace: str | None
    name: str = ""

    def covers(self, key: Key) -> bool:
        return key.kind == self.resource.kind and self.name in ("", key.name)


class Following:
    """Watches while it is entered. `objects`: by key. `interrupted`: why the server cannot be asked just now."""

    def __init__(self, cluster: Cluster, watched: Iterable[Watched]) -> None:
        self._cluster, self._watched = cluster, tuple(watched)
        self._unread = set(self._watched)
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self.objects: dict[Key, Body] = {}
        self.interrupted = ""

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
        selector = {"fieldSelector": f"metadata.name={one.name}"} if one.name else {}
        try:
            async for told in watch(self._cluster.client, resource_path(one.resource, one.namespace), selector):
                match told:
                    case Listed(bodies):
                        self._replace(one, bodies)
                    case Changed(body, gone):
                        key = key_of(body)
                        if gone:
                            self.objects.pop(key, None)
                        else:
                            self.objects[key] = body
                    case Interrupted(why):
                        self.interrupted = why
                        self._news.set()
                        continue
                self.interrupted = ""
                self._news.set()
        except KubeError as error:
            raise self._cluster.problem(error, "watch", [one.resource], one.name, namespace=one.namespace) from error
        finally:
            self._news.set()

    def _replace(self, one: Watched, bodies: Sequence[Body]) -> None:
        now = [typed(one.resource, body) for body in bodies]
        kept = {key_of(body) for body in now}
        for key in [key for key in self.objects if one.covers(key) and key not in kept]:
            del self.objects[key]
        self.objects |= {key_of(body): body for body in now}
        self._unread.discard(one)
