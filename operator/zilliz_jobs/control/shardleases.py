"""Whether a leader of another shard works, as far as its Lease proves it."""

from __future__ import annotations

from collections.abc import Callable

from zilliz_jobs.control.clock import steady
from zilliz_jobs.control.leaderelection import LeasePort
from zilliz_jobs.kube.errors import KubeError

LEASE_SECONDS = 15.0  # of a Lease that does not say how long it lasts


class ShardLeases:
    """`own`: "namespace/name" of this operator's Lease; empty where it has no election. `read`: gives access to a
    Lease of the same namespace by its name; None where none can be read. `clock`: seconds that never go back."""

    def __init__(
        self, own: str = "", read: Callable[[str], LeasePort] | None = None, *, clock: Callable[[], float] = steady
    ) -> None:
        self.own, self._read, self._clock = own, read, clock
        self._seen: dict[str, tuple[str, float]] = {}

    async def works(self, lease: str) -> bool:
        """Whether the holder of the Lease ("namespace/name") may work. False only where that is disproved: the Lease
        was given back, or not renewed in its time, counted from when it was first seen so. Changes nothing."""
        namespace, _, name = lease.partition("/")
        if self._read is None or not name or namespace != self.own.partition("/")[0]:
            return True
        try:
            found = await self._read(name).get()
        except KubeError:
            return True  # one that cannot be read, or is not there, proves nothing
        if not found.holder:
            return False
        if self._seen.get(lease, ("", 0.0))[0] != found.version:
            self._seen[lease] = found.version, self._clock()
        return self._clock() < self._seen[lease][1] + (found.seconds or LEASE_SECONDS)
