"""The jobs that have begun under a connection and whose objects are of another shard."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.jobids import ids_in
from zilliz_jobs.control.objects import Key, connection_key, raw_status
from zilliz_jobs.control.shard import Shard
from zilliz_jobs.kube.errors import NotServed
from zilliz_jobs.kube.objects import Objects

EXAMPLES = 3


@dataclass
class BegunJobs:
    """`examples`: the first of them, in words."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """`name`: kind and name of another one."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(name)

    def __str__(self) -> str:
        return ", ".join(self.examples) + (", ..." if self.count > EXAMPLES else "")


@dataclass
class _Listing:
    """Of one namespace. `begun`: how many lists have begun so far; `whole`: the number, from 1, of the last one that
    came to its end, and `found` what that one brought, by connection."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: int = 0
    whole: int = 0
    found: dict[Key, BegunJobs] = field(default_factory=dict)


class BegunElsewhere:
    """Lists the objects of other shards. A start asks for each connection, and one list answers for all of them that
    wait: lists of all objects for each would take the number of connections times the number of objects."""

    def __init__(self, shard: Shard, objects: Objects, resources: Iterable[Resource]) -> None:
        """`resources`: of the job objects."""
        self._shard, self._objects, self._resources = shard, objects, [*resources]
        self._listings: defaultdict[str, _Listing] = defaultdict(_Listing)

    async def of(self, connection: Key) -> BegunJobs:
        """From a list that begins after this call. Raises KubeError."""
        listing = self._listings[connection.namespace]
        before = listing.begun
        async with listing.turn:
            if listing.whole <= before:
                listing.begun = number = listing.begun + 1
                listing.found = await self._listed(connection.namespace)
                listing.whole = number
            return listing.found.get(connection) or BegunJobs()

    async def _listed(self, namespace: str) -> dict[Key, BegunJobs]:
        found: defaultdict[Key, BegunJobs] = defaultdict(BegunJobs)
        for resource in self._resources:
            every = self._objects.list_all(resource, namespace, selector=self._shard.selector.rest)
            try:
                async for body in every:
                    begun = raw_status(body).get("submission") or [*ids_in(raw_status(body))]
                    if begun and not self._shard.selects(body):
                        found[connection_key(body)].add(f"{resource.kind} {body['metadata']['name']}")
            except NotServed:
                continue
        return dict(found)
