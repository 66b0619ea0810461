"""Keys that are rotated and revoked while jobs are at every stage: no job fails of it, and nothing storms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.wire.engine_rig import QUICK, Rig, condition, rig

from zilliz_local.cloud import KEY, CloudSimulator, Duration

FRESH = "key-of-the-second-day"
MANY = 200
UNAUTHORISED = "HTTP 401"


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator()) as rig_:
        rig_.secret()
        yield rig_


def refused_calls(world: Rig) -> int:
    return sum(n for what, n in world.cloud.stats.by_answer.items() if what.endswith(UNAUTHORISED))


def ready(world: Rig) -> dict:
    return condition(world.get("zillizconnections", "default"), "Ready")


@pytest.mark.parametrize("console", [False, True])
async def test_a_revoked_key_is_one_condition_and_no_storm(world: Rig, console: bool) -> None:
    """Else 200 jobs would lean on the cloud with a dead key, which can lock the account, and drown a cluster in
    events and writes."""
    world.connection(consoleApi={"enabled": console})
    world.cloud.pace(import_=Duration(run_seconds=100_000))
    for n in range(MANY - 50):
        world.imports(f"runs-{n}")
    await world.start(QUICK, retry_cap=60.0)
    running = lambda: [b for b in world.everything() if (b.get("status") or {}).get("state") == "InProgress"]
    await world.until(lambda: len(running()) == MANY - 50, "all run", 60)
    before = refused_calls(world)
    world.cloud.world.keys.revoke(KEY)
    for n in range(50):
        world.imports(f"waits-{n}", "actors")
    jobs = [f"runs-{n}" for n in range(MANY - 50)] + [f"waits-{n}" for n in range(50)]
    told = lambda: sum(world.status("importjobs", n).get("reason") == "ConnectionNotReady" for n in jobs)
    await world.until(lambda: told() == MANY, "all say so", 20)
    assert ready(world)["reason"] == "KeyRejected"
    print("calls to notice", refused_calls(world) - before)
    calls, writes = refused_calls(world), world.kube.store.version if hasattr(world.kube.store, "version") else 0
    versions = {b["metadata"]["uid"]: b["metadata"]["resourceVersion"] for b in world.everything()}
    await asyncio.sleep(3)
    print("calls after", refused_calls(world) - calls)
    changed = [
        b["metadata"]["name"]
        for b in world.everything()
        if versions[b["metadata"]["uid"]] != b["metadata"]["resourceVersion"]
    ]
    print("changed", changed)
    print("events", len(world.events("ConnectionNotReady")), len(world.events()), len(world.events("KeyRejected")))
    world.cloud.world.keys.add(KEY)
    await world.until(lambda: ready(world)["status"] == "True", "heals", 70)
    await world.until(lambda: len(running()) == MANY, "all run", 20)
