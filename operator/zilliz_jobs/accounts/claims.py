"""Which shard works with an account. Only one does, so that neither the request budget of a key, nor what is known of
jobs that belong to objects, lies in two processes.

The claim stands in the status of the ZillizConnection. It is stored first, then the claims of all other connections
are read: of two shards that begin at the same moment at least one sees the other, and gives its claim back. Two
connections are of one account if they have the same key, or keys that see a project in common, at one endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zilliz_jobs.accounts.begunjobs import BegunElsewhere
from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.accounts.sharing import Shards
from zilliz_jobs.api.connection import MAX_PROJECTS, ZILLIZ_CONNECTION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Body, Key, key_of, raw_status
from zilliz_jobs.control.shard import SHARD_LABEL, Shard, shard_in_words
from zilliz_jobs.control.shardleases import ShardLeases
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.status import StatusWriter

AGAIN_SECONDS = 10.0
_FIELDS = ("shard", "shardLease")


@dataclass(frozen=True)
class Claim:
    """`lease`: "namespace/name" of the Lease that the shard's leader holds; empty where it has no election."""

    shard: str
    lease: str = ""

    @classmethod
    def of(cls, connection: Body) -> Claim | None:
        """The claim in the status of a connection; None where there is none."""
        status = raw_status(connection)
        return cls(str(status["shard"]), str(status.get("shardLease") or "")) if status.get("shard") else None

    def wire(self) -> Body:
        """As it is stored."""
        return {"shard": self.shard} | ({"shardLease": self.lease} if self.lease else {})


@dataclass(frozen=True)
class Account:
    """What tells accounts apart. `projects`: ids of those that the key sees."""

    endpoint: str
    fingerprint: str
    projects: frozenset[str]

    @classmethod
    def of(cls, connection: Body) -> Account:
        """As the status of a connection tells it."""
        status = raw_status(connection)
        projects = status.get("projects")
        seen = frozenset(map(str, projects if isinstance(projects, list) else ()))
        return cls(str(status.get("endpoint") or ""), str(status.get("keyFingerprint") or ""), seen)

    def is_that_of(self, other: Account) -> bool:
        """Whether both may be one account."""
        same_key = bool(self.fingerprint) and self.fingerprint == other.fingerprint
        return self.endpoint == other.endpoint and (same_key or not self.projects.isdisjoint(other.projects))

    def wire(self) -> Body:
        """As it is stored."""
        told = {"keyFingerprint": self.fingerprint, "endpoint": self.endpoint}
        return told | ({"projects": sorted(self.projects)[:MAX_PROJECTS]} if self.projects else {})


class ShardClaims(Shards):
    """`leases`: those of the shards' leaders. `resources`: of the job objects. `in_flight`: the requests that change
    something in the cloud. `recall`: told of a connection whose record of earlier submissions counts from now on."""

    def __init__(
        self,
        shard: Shard,
        objects: Objects,
        writer: StatusWriter,
        resources: Iterable[Resource],
        namespaces: Sequence[str | None],
        leases: ShardLeases,
        in_flight: RequestsInFlight,
        recall: Callable[[Body], None] = lambda _body: None,
    ) -> None:
        self._shard, self._objects, self._writer = shard, objects, writer
        self._begun, self._namespaces = BegunElsewhere(shard, objects, resources), namespaces
        self._leases, self._in_flight, self._recall = leases, in_flight, recall
        self._mine = Claim(shard.name, leases.own)
        self.are_there = shard.is_one_of_several

    def elsewhere(self, connection: Body) -> Blocked | None:
        if self._shard.selects(connection):
            return None
        meta = connection["metadata"]
        message = (
            f"ZillizConnection {meta['name']} is of {shard_in_words(connection)}, and this object of shard "
            f"{self._shard.name}; give the object the connection's label {SHARD_LABEL}"
        )
        return Blocked(Reason.ANOTHER_SHARD, message)

    async def claim(self, connection: Connection) -> Blocked | None:
        if not self.are_there:
            return None
        account = Account(connection.endpoint, connection.fingerprint, connection.projects)
        stored, told = Claim.of(connection.body) == self._mine, raw_status(connection.body)
        if connection.claimed and stored and all(told.get(name) == value for name, value in account.wire().items()):
            return None
        connection.claimed = False
        body = await self._fresh(connection.key)
        if body["metadata"]["uid"] != connection.uid or not self._shard.selects(body):
            return Blocked(Reason.ANOTHER_SHARD, "its labels have just changed", 1.0)
        holder = Claim.of(body)
        other = holder if holder != self._mine else None
        if (problem := await self._kept(body, other)) is not None:
            return problem
        if holder != self._mine and (problem := await self._begun_elsewhere(body)) is not None:
            return problem
        rest = {name: value for name, value in raw_status(body).items() if name not in (*_FIELDS, "projects")}
        body = await self._store(body, rest | account.wire() | self._mine.wire())
        problem = await self._kept(body, other) or await self._rival(body, account)
        if problem is not None:
            connection.body = await self._store(body, _without(body))
            return problem
        connection.body, connection.claimed = body, True
        self._recall(body)
        return None

    async def release(self, connection: Connection) -> None:
        if Claim.of(connection.body) != self._mine:
            return
        await self._in_flight.settled()
        body = await self._fresh(connection.key)
        if Claim.of(body) == self._mine and not self._shard.selects(body):
            connection.body = await self._store(body, _without(body))

    # -- parts

    async def _fresh(self, key: Key) -> Body:
        return {**await self._objects.get(ZILLIZ_CONNECTION, key.namespace, key.name), "kind": key.kind}

    async def _store(self, body: Body, status: Body) -> Body:
        return {"kind": ZILLIZ_CONNECTION.kind, **await self._writer.write(ZILLIZ_CONNECTION, body, status)}

    async def _kept(self, body: Body, holder: Claim | None) -> Blocked | None:
        """Whether another shard, which the connection was of before, keeps it."""
        if holder is None or not await self._leases.works(holder.lease):
            return None
        meta = body["metadata"]
        message = (
            f"shard {holder.shard} has not let this connection go yet, which it does by itself while it runs. If it "
            f"is gone for good: kubectl -n {meta['namespace']} patch zillizconnection {meta['name']} "
            '--subresource=status --type=merge -p \'{"status":{"shard":null}}\''
        )
        return Blocked(Reason.ANOTHER_SHARD, message, AGAIN_SECONDS)

    async def _begun_elsewhere(self, connection: Body) -> Blocked | None:
        """Job objects of the connection that have begun, and that this shard does not see: which jobs are theirs must
        be known before any other is looked for."""
        found = await self._begun.of(key_of(connection))
        if not found.count:
            return None
        message = (
            f"{found.count} of its jobs have begun and are of another shard: {found}; give them the connection's "
            f"label {SHARD_LABEL}"
        )
        return Blocked(Reason.ANOTHER_SHARD, message, AGAIN_SECONDS)

    async def _rival(self, connection: Body, account: Account) -> Blocked | None:
        """Another connection of the account that another shard has claimed."""
        uid = connection["metadata"]["uid"]
        for namespace in self._namespaces:
            async for body in self._objects.list_all(ZILLIZ_CONNECTION, namespace):
                claim, meta = Claim.of(body), body["metadata"]
                if claim is None or claim == self._mine or meta["uid"] == uid:
                    continue
                if account.is_that_of(Account.of(body)):
                    message = (
                        f"its account is used by shard {claim.shard} already, over ZillizConnection "
                        f"{meta['namespace']}/{meta['name']}: all connections of one account, and their jobs, must "
                        f"have one value of the label {SHARD_LABEL}"
                    )
                    return Blocked(Reason.ANOTHER_SHARD, message, AGAIN_SECONDS)
        return None


def _without(body: Body) -> Body:
    return {name: value for name, value in raw_status(body).items() if name not in _FIELDS}
