"""One list of all objects for all connections that wait for it. If these fail, a start of a shard takes the number of
its connections times the time of a list; or a job that began during a list counts as nobody's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from zilliz_jobs.accounts.begunjobs import BegunElsewhere
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.shard import SHARD_LABEL, Shard
from zilliz_jobs.kube.errors import KubeError, Unavailable

pytestmark = pytest.mark.looptime
LIST_SECONDS = 5.0


class Shelf:
    """Shows each list as it was when that began, `LIST_SECONDS` later."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.errors: list[KubeError] = []
        self.lists = 0

    def begin(self, name: str, connection: str, shard: str = "b", **status: Any) -> None:
        meta = {"name": name, "namespace": "n", "labels": {SHARD_LABEL: shard}}
        spec = {"connectionRef": {"name": connection}}
        self.bodies.append({"kind": "ImportJob", "metadata": meta, "spec": spec, "status": status or {"jobId": name}})

    async def list_all(self, resource: Any, namespace: str, *, selector: Any) -> AsyncIterator[Body]:
        self.lists += 1
        now = [*self.bodies]
        await asyncio.sleep(LIST_SECONDS)
        if self.errors:
            raise self.errors.pop(0)
        for body in now:
            yield body


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def begun(shelf: Shelf) -> BegunElsewhere:
    port: Any = shelf
    return BegunElsewhere(Shard.of(f"{SHARD_LABEL}=a"), port, [IMPORT_JOB])


def key(name: str, namespace: str = "n") -> Key:
    return Key("ZillizConnection", namespace, name)


async def test_however_many_ask_at_once_there_are_two_lists_at_most(shelf: Shelf, begun: BegunElsewhere) -> None:
    for index in range(4):
        shelf.begin(f"job-{index}", "one")
    shelf.begin("mine", "two", shard="a")
    shelf.begin("fresh", "two", state="Pending")
    found = await asyncio.gather(*(begun.of(key(name)) for name in ["one", "two", *"abcdefgh"]))
    told = [(jobs.count, str(jobs)) for jobs in found]
    assert told == [(4, "ImportJob job-0, ImportJob job-1, ImportJob job-2, ..."), *[(0, "")] * 9]
    assert shelf.lists == 2, "the first one began before the others asked"


async def test_who_asks_during_a_list_has_the_next_one(shelf: Shelf, begun: BegunElsewhere) -> None:
    """What begins after that list began is not in it."""
    first = asyncio.create_task(begun.of(key("one")))
    await asyncio.sleep(LIST_SECONDS / 2)
    shelf.begin("late", "one")
    later = [asyncio.create_task(begun.of(key("one"))) for _ in range(5)]
    assert (await first).count == 0
    assert [jobs.count for jobs in await asyncio.gather(*later)] == [1] * 5
    assert shelf.lists == 2


async def test_who_asks_after_a_list_has_a_new_one(shelf: Shelf, begun: BegunElsewhere) -> None:
    assert (await begun.of(key("one"))).count == 0
    shelf.begin("late", "one")
    assert (await begun.of(key("one"))).count == 1


async def test_a_list_that_fails_answers_for_nobody_else(shelf: Shelf, begun: BegunElsewhere) -> None:
    shelf.begin("late", "one")
    shelf.errors = [Unavailable("down"), Unavailable("down")]
    found = await asyncio.gather(*(begun.of(key("one")) for _ in range(4)), return_exceptions=True)
    assert [type(one) for one in found[:2]] == [Unavailable, Unavailable]
    assert [getattr(one, "count", None) for one in found[2:]] == [1, 1]


async def test_who_is_cancelled_holds_up_nobody(shelf: Shelf, begun: BegunElsewhere) -> None:
    shelf.begin("late", "one")
    first, second = (asyncio.create_task(begun.of(key("one"))) for _ in range(2))
    await asyncio.sleep(LIST_SECONDS / 2)
    first.cancel()
    assert (await second).count == 1


async def test_namespaces_are_listed_apart(shelf: Shelf, begun: BegunElsewhere) -> None:
    await asyncio.gather(begun.of(key("one")), begun.of(key("one", "another")))
    assert shelf.lists == 2
