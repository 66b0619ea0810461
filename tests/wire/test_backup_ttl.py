"""A backup that ends by backupTTLSeconds. If these fail, one is deleted that somebody needs, or costs for ever."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.engine_rig import Body, Rig
from tests.wire.test_schedule_backups import deletes, in_cloud, restore

from zilliz_local.cloud import Duration

TTL = {"backupTTLSeconds": 3600}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def backed_up(world: Rig, **spec: Any) -> str:
    """The id of a backup that a BackupJob has just made."""
    await world.start()
    world.backup("one", **spec)
    await world.until(lambda: world.status("backupjobs", "one").get("jobId"), "the backup is submitted")
    world.cloud.advance(10_000)
    status = await world.until_state("backupjobs", "one", "Successful")
    await world.until(lambda: result(world).get("backupId"), "the backup is known")
    return str(status["submission"]["handle"]["backupId"])


async def an_hour_later(world: Rig, **hours: float) -> None:
    """All that was recorded at the BackupJob was so two hours ago."""
    await world.stop()

    def earlier(found: re.Match[str]) -> str:
        return (datetime.fromisoformat(found[0]) - timedelta(**hours or {"hours": 2})).strftime("%Y-%m-%dT%H:%M:%SZ")

    status = json.loads(TIME.sub(earlier, json.dumps(world.status("backupjobs", "one"))))
    await world.patch("backupjobs", "one", {"status": status}, "/status")
    await world.start()


def result(world: Rig) -> Body:
    found: Body = world.status("backupjobs", "one").get("result") or {}
    return found


async def test_the_backup_ends_after_its_time_and_not_before(world: Rig) -> None:
    backup = await backed_up(world, **TTL)
    await asyncio.sleep(0.3)
    assert in_cloud(world) == [backup]
    await an_hour_later(world)
    await world.until(lambda: result(world).get("backupState") == "Deleted", "it is deleted")
    assert in_cloud(world) == []
    assert world.status("backupjobs", "one")["state"] == "Successful"
    assert len(deletes(world)) == 1
    await world.until(lambda: world.events("BackupDeleted"), "and told")


async def test_the_object_goes_after_its_backup(world: Rig) -> None:
    """It is all that knows when the backup is to go."""
    await backed_up(world, **TTL, ttlSecondsAfterFinished=3600)
    world.cloud.fault("backup.delete", "drop_before", times=1)
    await an_hour_later(world)
    await world.until(lambda: result(world).get("backupState") == "Deleting", "the intent")
    assert world.get("backupjobs", "one")
    await an_hour_later(world)  # half a minute is not waited for here
    await world.until(lambda: not world.get("backupjobs", "one"), "the object goes")
    assert in_cloud(world) == []


async def test_a_restore_keeps_the_backup(world: Rig) -> None:
    backup = await backed_up(world, **TTL)
    world.cloud.pace(restore=Duration(pending_seconds=2, run_seconds=10**9))
    restore(world, backup)
    await world.until(lambda: world.status("restorejobs", "back").get("jobId"), "the restore runs")
    await an_hour_later(world)
    await world.until(lambda: "RestoreJob" in (result(world).get("backupMessage") or ""), "it says why")
    assert "backupState" not in result(world)
    assert (in_cloud(world), deletes(world)) == ([backup], [])


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_what_was_asked_for_is_asked_again_until_it_is_proven(world: Rig, fault: str) -> None:
    await backed_up(world, **TTL)
    world.cloud.fault("backup.delete", fault, times=1)
    await an_hour_later(world)
    await world.until(lambda: result(world).get("backupState") in ("Deleting", "Deleted"), "the intent")
    await world.stop()
    await world.start()
    await world.until(lambda: result(world).get("backupState") == "Deleted", "it is proven")
    assert in_cloud(world) == []


async def test_what_is_not_proven_the_jobs_own_never_ends(world: Rig) -> None:
    """The answer was lost, and the backup found again by its time and shape: it may be somebody else's."""
    await world.start()
    world.cloud.fault("backup.create", "drop_after", times=1)
    world.backup("one", **TTL)
    await world.until(
        lambda: (world.status("backupjobs", "one").get("submission") or {}).get("evidence") == "Inferred", "found"
    )
    world.cloud.advance(10_000)
    await world.until_state("backupjobs", "one", "Successful")
    await an_hour_later(world)
    await asyncio.sleep(0.5)
    assert len(in_cloud(world)) == 1
    assert deletes(world) == []


async def test_deleting_the_object_deletes_no_backup(world: Rig) -> None:
    backup = await backed_up(world, **TTL, deletionPolicy="Cancel")
    await world.delete("backupjobs", "one")
    await asyncio.sleep(0.3)
    assert in_cloud(world) == [backup]
    assert deletes(world) == []


async def test_a_cloud_that_refuses_is_told_and_not_asked_at_once_again(world: Rig) -> None:
    backup = await backed_up(world, **TTL)
    world.cloud.fault("backup.delete", "status", status=403)
    await an_hour_later(world)
    await world.until(lambda: result(world).get("backupMessage"), "it says why")
    assert "backupState" not in result(world), "a refusal proves that nothing is on its way"
    await asyncio.sleep(0.5)
    assert in_cloud(world) == [backup]
    await world.until(lambda: world.events("BackupNotDeleted"), "and an event")
