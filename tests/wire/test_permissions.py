"""A key that is good and may not do one thing: the object says that a right is missing; nobody replaces the key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.engine_rig import Rig, condition, rig

from zilliz_local.cloud import CloudSimulator, Duration

BODY = {"code": 80002, "message": "token unknown or not authorised"}
REFUSALS: dict[str, dict[str, Any]] = {
    "403 with 80002": {"status": 403, "body": BODY},
    "403 with another": {"status": 403, "body": {"code": 1, "message": "no"}},
    "200 with 80002": {"status": 200, "body": BODY},
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    cloud = CloudSimulator(speed=1)
    cloud.pace(backup=Duration(pending_seconds=0, run_seconds=600))
    async with rig(tmp_path, cloud) as world:
        world.secret()
        world.connection(consoleApi={"enabled": True})
        yield world


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_cancel_without_the_right_is_refused_and_not_asked_again(world: Rig, case: str) -> None:
    world.cloud.fault("console.cancel", "status", times=None, **REFUSALS[case])
    world.backup("one")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it is submitted")
    note = {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "1"}}}
    await world.patch("backupjobs", "one", note)
    await world.until(lambda: (world.status("backupjobs", "one").get("cancel") or {}).get("outcome") == "Refused")
    assert world.status("backupjobs", "one")["cancel"]["reason"] == "NoPermission"
    asked = world.cloud.stats.by_route["console.cancel"]
    await world.until(lambda: (world.status("backupjobs", "one").get("progressPercent") or 0) > 0, "it goes on")
    assert world.cloud.stats.by_route["console.cancel"] == asked == 1
    assert condition(world.get("zillizconnections", "default"), "Ready")["status"] == "True"


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_submission_without_the_right_says_so_and_heals(world: Rig, case: str) -> None:
    rule = world.cloud.fault("backup.create", "status", times=None, **REFUSALS[case])
    world.backup("one")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "one").get("reason") == "NoPermission", "it says so")
    await world.until(lambda: world.events("NoPermission"), "an event tells it")
    world.cloud.faults.remove(rule.id)
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it heals by itself")
    assert len(world.cloud.ledger.effects(kind="submit", client="api")) == 1


async def test_a_retry_without_the_right_says_so_and_heals(world: Rig) -> None:
    """In place, through the console: the old attempt stays Failed until then, and nothing is imported twice."""
    world.imports("bad", objectStorage={"urls": ["s3://demo-data/films/broken.parquet"]})
    await world.start()
    world.cloud.advance(3600)
    await world.until_state("importjobs", "bad", "Failed")
    rule = world.cloud.fault("console.retry", "status", times=None, status=403, body=BODY)
    note = {"metadata": {"annotations": {"jobs.zilliz.com/retry-requested": "1"}}}
    await world.patch("importjobs", "bad", note)
    await world.until(lambda: world.status("importjobs", "bad").get("reason") == "NoPermission", "it says so")
    world.cloud.faults.remove(rule.id)
    await world.until(lambda: world.status("importjobs", "bad")["retry"]["outcome"] == "Completed", "it heals")


@pytest.mark.parametrize("console", [True, False])
async def test_a_deletion_that_cannot_cancel_is_told_at_once_and_at_the_end(world: Rig, console: bool) -> None:
    """Whoever set the policy believes that deleting the object stops the costs."""
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": console}}})
    world.backup("one", deletionPolicy="Cancel")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it is submitted")
    accepted = condition(world.get("backupjobs", "one"), "Accepted")
    assert accepted["status"] == "True"
    assert (accepted["reason"] == "DeletionCannotCancel") is not console
    if not console:
        await world.until(lambda: world.events("DeletionCannotCancel"), "an event tells it")
        (event,) = world.events("DeletionCannotCancel")
        assert event["type"] == "Warning"
        assert "consoleApi.enabled" in event["message"]
    await world.delete("backupjobs", "one")
    await world.until(lambda: not world.get("backupjobs", "one"), "it is gone")
    await world.until(lambda: world.events("DeletedWhileRunning"), "an event tells it")
    (event,) = world.events("DeletedWhileRunning")
    assert ("was not cancelled" in event["message"] and "consoleApi.enabled" in event["message"]) is not console


async def test_it_is_taken_back_when_the_console_is_enabled(world: Rig) -> None:
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": False}}})
    world.backup("one", deletionPolicy="Cancel")
    await world.start()

    def told() -> str:
        return str(condition(world.get("backupjobs", "one"), "Accepted").get("reason"))

    await world.until(lambda: told() == "DeletionCannotCancel", "it is told")
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": True}}})
    await world.until(lambda: told() == "ValidSpec", "it is taken back")
