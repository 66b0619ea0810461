"""A key that is good and may not do one thing: the object says that a right is missing; nobody replaces the key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import QUICK as POLLED
from tests.support.engine_rig import Rig, condition, rig

from zilliz_local.cloud import PROJECT, CloudSimulator, Duration

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


READS = {name: refusal for name, refusal in REFUSALS.items() if name != "200 with 80002"}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_job_that_the_key_may_not_read_says_so_and_heals(world: Rig, case: str) -> None:
    """Nobody replaces a key that is good; the sentence says what to do."""
    world.backup("one")
    await world.start(POLLED, connection_check=0.3)
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it is submitted")
    rules = [
        world.cloud.fault(route, "status", times=None, **REFUSALS[case])
        for route in ("job.get", "console.list", "console.get", "backup.get")
    ]
    await world.until(lambda: world.status("backupjobs", "one").get("reason") == "NoPermission", "it says so", 20)
    assert "Project Admin" in world.status("backupjobs", "one")["message"]
    for rule in rules:
        world.cloud.faults.remove(rule.id)
    await world.until(lambda: not world.status("backupjobs", "one").get("reason"), "it heals", 20)
    assert not world.events("KeyRejected")


@pytest.mark.parametrize("case", READS)
async def test_a_connection_whose_key_may_not_see_its_projects_says_so(world: Rig, case: str) -> None:
    rule = world.cloud.fault("project.list", "status", times=None, **REFUSALS[case])
    await world.start()

    def ready() -> dict[str, Any]:
        return condition(world.get("zillizconnections", "default"), "Ready")

    await world.until(lambda: ready().get("reason") == "NoPermission", "it says so")
    assert "Project Admin" in ready()["message"]
    assert condition(world.get("zillizconnections", "default"), "Stalled")["status"] == "True"
    world.cloud.faults.remove(rule.id)
    await world.until(lambda: ready().get("status") == "True", "it heals", 40)


@pytest.mark.parametrize("case", READS)
async def test_a_job_center_whose_lists_the_key_may_not_read_says_so(world: Rig, case: str) -> None:
    world.cloud.fault("console.list", "status", times=None, **REFUSALS[case])
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "JobCenter",
            "metadata": {"name": "page", "namespace": "default"},
            "spec": {"projectId": PROJECT},
        }
    )
    await world.start()

    def told() -> str:
        return str(condition(world.get("jobcenters", "page"), "Ready").get("message"))

    await world.until(lambda: "Project Admin" in told(), "it says so")


async def test_a_key_that_is_rejected_everywhere_is_not_called_a_missing_right(world: Rig) -> None:
    world.backup("one")
    await world.start(POLLED, connection_check=0.3)
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "it is submitted")
    world.cloud.fault("*", "status", times=None, status=200, body=BODY)
    await world.until(lambda: world.events("KeyRejected"), "the connection says so", 20)
    assert condition(world.get("zillizconnections", "default"), "Ready")["reason"] == "KeyRejected"
