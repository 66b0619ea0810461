"""What the connections need to know of shards."""

from __future__ import annotations

from typing import Protocol

from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.observation import Blocked


class Shards(Protocol):
    """Which connections are this operator's; `accounts.claims.ShardClaims` says."""

    are_there: bool
    """Whether there are shards at all."""

    def elsewhere(self, connection: Body) -> Blocked | None:
        """Why the connection is another shard's, by its labels, in words for an object that would use it; None where
        it is this one's."""

    async def claim(self, connection: Connection) -> Blocked | None:
        """Have the connection's account for this shard, or say why it cannot be. Idempotent, and without a request
        where the claim is stored already. Raises KubeError; then nothing may be sent over the connection."""

    async def release(self, connection: Connection) -> None:
        """Give the claim on a connection of another shard back, when nothing is on its way over it any more.
        Idempotent. Raises KubeError."""


class NoShards(Shards):
    """All connections are the operator's own."""

    are_there = False

    def elsewhere(self, connection: Body) -> Blocked | None:
        return None

    async def claim(self, connection: Connection) -> Blocked | None:
        return None

    async def release(self, connection: Connection) -> None:
        return


NO_SHARDS = NoShards()
