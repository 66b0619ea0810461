"""In which namespaces the page looks. Who may not see all of them sees those that they may."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound
from zilliz_jobs.kube.paths import path
from zilliz_jobs.kube.reviews import Deed

MOST_NAMESPACES = 5
"""That are watched one by one: each takes as many connections to the API server as there are kinds."""
AT_ONCE = 10


@dataclass(frozen=True)
class Scope:
    """`namespaces`: None among them stands for all. `narrowed`: why it is less than was asked for; "" where it is
    not."""

    namespaces: tuple[str | None, ...]
    narrowed: str = ""

    @property
    def word(self) -> str:
        """For the head of the page; "" for all namespaces."""
        return ", ".join(name for name in self.namespaces if name)


class Reviews(Protocol):
    """Knows what the user may do; `AccessReviews` asks the API server."""

    async def may_i(self, deed: Deed) -> bool: ...


async def scope_of(cluster: Cluster, reviews: Reviews) -> Scope:
    """What the command asked for, or as much of it as the user may list. Raises CommandError where the server cannot
    be asked at all."""
    if cluster.namespace is not None:
        return Scope((cluster.namespace,))
    try:
        if await _may_list_all(reviews):
            return Scope((None,))
        names = await _namespaces(cluster)
        may = await _allowed(reviews, names)
    except (Forbidden, NotFound):
        may = []
    except KubeError as error:
        raise cluster.problem(error, "list", [IMPORT_JOB]) from error
    if not may:
        return Scope((cluster.home,), f"You may not list jobs in all namespaces; this is namespace {cluster.home}.")
    left = len(may) - MOST_NAMESPACES
    more = f" {left} more are left out; name one with -n." if left > 0 else ""
    shown = may[:MOST_NAMESPACES]
    return Scope(tuple(shown), f"You may not list jobs in all namespaces; shown are {', '.join(shown)}.{more}")


async def _may_list_all(reviews: Reviews) -> bool:
    """A server without access reviews, such as the local stand-in, forbids nothing."""
    try:
        return await reviews.may_i(_listing(""))
    except NotFound:
        return True


async def _namespaces(cluster: Cluster) -> list[str]:
    answer = await cluster.client.get(path("v1", "namespaces", None))
    return sorted(str(item["metadata"]["name"]) for item in answer.get("items") or [])


async def _allowed(reviews: Reviews, names: list[str]) -> list[str]:
    room = asyncio.Semaphore(AT_ONCE)

    async def may(name: str) -> bool:
        async with room:
            return await reviews.may_i(_listing(name))

    answers = await asyncio.gather(*(may(name) for name in names))
    return [name for name, allowed in zip(names, answers, strict=True) if allowed]


def _listing(namespace: str) -> Deed:
    return Deed("list", GROUP, IMPORT_JOB.plural, namespace)
