"""What is kept of an object goes with it, and nothing of a later one of the same name. If these fail, an object waits
for what has happened already, since the end of its predecessor took its place away."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from tests.unit.engine.fakes import Kind, backup, kinds
from tests.unit.engine.hall import Hall, hall, place, seconds

from zilliz_jobs.control.objects import connection_key, key_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.inventory import Inventory
from zilliz_jobs.jobs.locks import LockQueue

pytestmark = pytest.mark.looptime
SAME: dict[str, Any] = {"clusterId": "same"}


async def replaced_behind(stage: Hall, first: str) -> dict[str, Any]:
    """`one` waits for the lock of `first`, and is replaced by another object. Returns the last state of the old one,
    whose end the watch tells late."""
    stage.kind.hold = asyncio.Event()
    stage.job(first, spec=SAME)
    await stage.until(lambda: stage.kind.posts)
    stage.job("one", spec=SAME)
    await asyncio.sleep(1)
    old = copy.deepcopy(stage.api.objects[place("one")])
    stage.api.delete(place("one"))
    stage.job("one", spec=SAME)
    await asyncio.sleep(1)
    return old


async def test_the_late_end_of_a_predecessor_takes_no_place_in_a_queue_away(monkeypatch):
    async with hall(monkeypatch) as stage:
        old = await replaced_behind(stage, "first")
        await asyncio.sleep(20)  # its own next try is far away by now
        stage.heard("gone", old)
        await asyncio.sleep(0.1)
        began = seconds()
        stage.kind.hold.set()
        await stage.until(lambda: len(stage.kind.posts) == 2)
        assert seconds() - began < 0.5, "it was woken, and did not wait for its own next try"


def places(locks: LockQueue, cache: JobCache, name: str, uid: str) -> Any:
    body = backup(name, uid=uid, version=int(uid.strip("u")))
    cache.remember(body)
    entry = cache.get(key_of(body))
    assert entry is not None
    return entry


@pytest.mark.parametrize("waits", ["in the queue", "with the turn", "for an end"])
def test_every_place_of_an_object_is_its_own(waits: str) -> None:
    woken: list[str] = []
    ownership = JobOwnership()
    cache, locks = JobCache(ownership, kinds(Kind([]))), LockQueue(ownership, lambda key: woken.append(key.name))
    holder, old = places(locks, cache, "holder", "u1"), places(locks, cache, "one", "u2")
    assert locks.enter(holder, "s")
    assert not locks.enter(old, "s")
    new = places(locks, cache, "one", "u3")
    locks.forget(old)
    assert cache.has(new)
    assert not cache.has(old)
    if waits == "for an end":
        locks.await_end(new, "s")
    else:
        assert not locks.enter(new, "s")
    if waits == "with the turn":
        locks.leave(holder)
    locks.forget(old)  # its end is told once more
    locks.leave(holder)
    locks.ended("s")
    assert woken == ["one"]
    assert locks.enter(new, "s")


def test_one_call_removes_everything_that_leads_to_an_object() -> None:
    inventory = Inventory(["BackupJob"])
    cache = JobCache(JobOwnership(), kinds(Kind([])), inventory=inventory)
    body = backup(status={"state": "InProgress", "reason": "InProgress"})
    cache.remember(body)
    entry = cache.by_uid("u1")
    assert entry is not None
    assert entry is cache.get(key_of(body))
    assert cache.dependents(connection_key(body)) == [entry.key]
    for _ in range(2):
        cache.remove(entry)
    assert (cache.get(entry.key), cache.by_uid("u1"), cache.dependents(connection_key(body))) == (None, None, [])
    assert [*cache] == [*inventory.unfinished()] == []
    assert set(inventory.objects().values()) == {0}


def test_removing_a_predecessor_late_leaves_its_successor() -> None:
    cache = JobCache(JobOwnership(), kinds(Kind([])))
    cache.remember(backup(version=1))
    old = cache.by_uid("u1")
    cache.remember(backup(uid="u2", version=2))
    new = cache.by_uid("u2")
    assert old is not None
    assert new is not None
    cache.remove(old)
    assert cache.has(new)
    assert cache.unfinished() == [new.key]
    assert not cache.has(old)
