"""The objects that the page shows, as they are at this moment: one watch for each kind and namespace.

A kind that may not be watched, or that the server does not have, costs itself: the others are shown, and it is tried
again, since rights are given and CRDs installed while a page is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.following import Watched, WatchedObjects
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.kube.errors import Denied, Forbidden, KubeError, NotServed
from zilliz_jobs.kube.watching import Changed, Interrupted, Listed

AGAIN_SECONDS = 60.0
"""After what does not pass by itself, like a missing right."""


@dataclass(frozen=True)
class Problem:
    """Why something is not shown, or is old. `code`: forbidden, missing, interrupted or failed."""

    code: str
    text: str


@dataclass(frozen=True)
class Trouble:
    """Of one watch. `error`: what ended it; None where it goes on trying, and `why` says what for."""

    code: str
    why: str = ""
    error: KubeError | None = None


class Listener(Protocol):
    """Hears of what changed."""

    def changed(self, keys: Iterable[Key]) -> None:
        """These objects are new, other than before, or gone."""

    def troubled(self) -> None:
        """What cannot be read, or what was not read yet, is other than before."""


class LiveObjects(WatchedObjects):
    """What cannot be read is complete too, and among the problems."""

    def __init__(self, cluster: Cluster, watched: Iterable[Watched], listener: Listener) -> None:
        super().__init__(cluster, watched)
        self._listener = listener
        self._troubles: dict[Watched, Trouble] = {}

    @property
    def problems(self) -> list[Problem]:
        """One for all kinds of a namespace that fail in the same way, in the order of the watches."""
        alike: dict[tuple[str, str | None], list[Watched]] = {}
        for one in self._watched:
            if trouble := self._troubles.get(one):
                alike.setdefault((trouble.code, None if trouble.error is None else one.namespace), []).append(one)
        return [Problem(code, self._sentence(group)) for (code, _), group in alike.items()]

    def _sentence(self, alike: Sequence[Watched]) -> str:
        first = self._troubles[alike[0]]
        if first.error is None:
            return first.why
        resources = [one.resource for one in alike]
        return str(self._cluster.problem(first.error, "watch", resources, namespace=alike[0].namespace))

    async def _follow(self, one: Watched) -> None:
        while True:
            try:
                await self._tell(one)
            except KubeError as error:
                self._replace(one, ())  # what was read before may be wrong by now
                self._trouble(one, Trouble(_code(error), error=error))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _tell(self, one: Watched) -> None:
        async for told in self._watch(one):
            match told:
                case Listed(bodies):
                    self._replace(one, bodies)
                case Changed(body, gone):
                    self._listener.changed([self._change(one, body, gone=gone)])
                case Interrupted(why):
                    self._trouble(one, Trouble("interrupted", why=why))
                    continue
            self._trouble(one, None)

    def _trouble(self, one: Watched, trouble: Trouble | None) -> None:
        known = self._troubles.pop(one, None)
        if trouble is not None:
            self._troubles[one] = trouble
        if known != trouble:
            self._listener.troubled()

    def _replace(self, one: Watched, bodies: Sequence[Body]) -> set[Key]:
        is_first = one in self._unread
        keys = super()._replace(one, bodies)
        self._listener.changed(keys)
        if is_first:
            self._listener.troubled()
        return keys


def _code(error: KubeError) -> str:
    match error:
        case NotServed():
            return "missing"
        case Forbidden() if not isinstance(error, Denied):
            return "forbidden"
        case _:
            return "failed"
