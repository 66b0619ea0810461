"""A shard that is taken for dead while it works is a second process with the same account."""

from __future__ import annotations

from datetime import datetime

import pytest

from zilliz_jobs.control.shardleases import ShardLeases
from zilliz_jobs.kube.errors import Forbidden, NotFound, Unavailable
from zilliz_jobs.kube.leases import Lease

OWN, OTHER = "home/operator-a", "home/operator-b"


class Stored:
    """One Lease; `error`: what reading it raises."""

    def __init__(self, holder: str = "pod", version: int = 1, error: Exception | None = None) -> None:
        self.holder, self.version, self.error = holder, version, error

    async def get(self) -> Lease:
        if self.error is not None:
            raise self.error
        return Lease(self.holder, 15, 0, str(self.version), {})

    async def create(self, _holder: str, _seconds: int, _now: datetime) -> Lease:
        raise AssertionError("it is only read")

    async def replace(self, _lease: Lease, _holder: str, _seconds: int, _now: datetime) -> Lease:
        raise AssertionError("it is only read")


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def leases(stored: Stored, clock: Clock, own: str = OWN) -> ShardLeases:
    return ShardLeases(own, lambda name: {"operator-b": stored}[name], clock=clock)


async def test_one_that_renews_works() -> None:
    stored, clock = Stored(), Clock()
    known = leases(stored, clock)
    for _ in range(10):
        assert await known.works(OTHER)
        stored.version += 1
        clock.seconds += 14


async def test_one_that_was_not_renewed_in_its_time_does_not() -> None:
    """Counted from when it was first seen so, since clocks of two machines are not compared."""
    stored, clock = Stored(), Clock()
    known = leases(stored, clock)
    assert await known.works(OTHER)
    clock.seconds += 14.9
    assert await known.works(OTHER)
    clock.seconds += 0.2
    assert not await known.works(OTHER)
    stored.version += 1
    assert await known.works(OTHER), "it is back"


async def test_one_that_gave_its_lease_back_does_not() -> None:
    assert not await leases(Stored(holder=""), Clock()).works(OTHER)


@pytest.mark.parametrize("error", [NotFound("gone"), Forbidden("no right"), Unavailable("cut")], ids=str)
async def test_a_lease_that_cannot_be_read_proves_nothing(error: Exception) -> None:
    clock = Clock()
    known = leases(Stored(error=error), clock)
    assert await known.works(OTHER)
    clock.seconds += 1000
    assert await known.works(OTHER)


@pytest.mark.parametrize("lease", ["", "elsewhere/operator-b", "home/"])
async def test_a_lease_that_lies_elsewhere_proves_nothing(lease: str) -> None:
    assert await leases(Stored(holder=""), Clock()).works(lease)


async def test_without_an_election_of_its_own_nothing_is_proven() -> None:
    assert await ShardLeases().works(OTHER)
