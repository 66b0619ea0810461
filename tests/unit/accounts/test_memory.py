"""What a connection remembers of deleted objects. Lost, and a later process takes their jobs for those of others."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from zilliz_jobs.accounts.memory import SubmissionMemory
from zilliz_jobs.control.departed import Departed, Owner
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.highwater import HighWaterMark
from zilliz_jobs.kube.errors import KubeError, NotFound, Unavailable

pytestmark = pytest.mark.looptime
CONNECTION = Key("ZillizConnection", "ns", "default")


class Connections:
    """The API server with one connection; writes fail for as long as `errors` lasts."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | None = {"metadata": {"name": "default", "namespace": "ns"}, "status": {}}
        self.errors: list[KubeError] = []
        self.at: list[float] = []

    async def get(self, _resource: object, _namespace: str, _name: str) -> dict[str, Any]:
        if self.body is None:
            raise NotFound("there is no such connection")
        return copy.deepcopy(self.body)

    async def write(self, _resource: object, body: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        self.at.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        self.body = {**body, "status": status}
        return self.body

    @property
    def remembered(self) -> list[str]:
        assert self.body is not None
        return [entry["uid"] for entry in self.body["status"].get("remembered") or []]


class World:
    def __init__(self) -> None:
        self.server, self.leads = Connections(), True
        port: Any = self.server
        now = datetime(2026, 1, 5, tzinfo=UTC)
        self.memory = SubmissionMemory(JobOwnership(), port, port, now=lambda: now, works=lambda: self.leads)

    def deleted(self, uid: str) -> None:
        mark = HighWaterMark(attempt=1, token=f"token-{uid}", sends=1)
        self.memory.departed(Departed(uid, Owner("ImportJob", uid, CONNECTION), mark, "lock", ()))


@pytest.fixture
def world() -> World:
    return World()


async def test_it_is_written_until_it_is_stored_with_what_comes_meanwhile(world: World) -> None:
    world.server.errors = [Unavailable("down")] * 6
    world.deleted("u1")
    await asyncio.sleep(5)
    world.deleted("u2")
    await asyncio.sleep(300)
    assert world.server.remembered == ["u1", "u2"]
    assert len(world.server.at) == 7, "one write holds both"
    pauses = [after - before for before, after in zip(world.server.at, world.server.at[1:], strict=False)]
    assert pauses == sorted(pauses), "a server that is down is asked less and less often"


async def test_who_leads_no_more_stops_and_does_not_store_it_in_a_later_term(world: World) -> None:
    """The process that led meanwhile may know by then that the submission is decided."""
    world.server.errors = [Unavailable("down")] * 3
    world.deleted("u1")
    await asyncio.sleep(1)
    world.leads = False
    await asyncio.sleep(300)
    assert len(world.server.at) < 4
    world.leads, world.server.errors = True, []
    world.deleted("u2")
    await asyncio.sleep(300)
    assert world.server.remembered == ["u2"]


async def test_a_connection_that_is_gone_ends_it_and_one_of_its_name_begins_with_nothing(world: World) -> None:
    body, world.server.body = world.server.body, None
    world.deleted("u1")
    await asyncio.sleep(300)
    world.server.body = body
    world.deleted("u2")
    await asyncio.sleep(1)
    assert world.server.remembered == ["u2"]
