"""A clone of documented calls, step by step, through the whole engine: crashes, losses, failures, deletion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, QUICK, Rig, rig

from zilliz_local.cloud import MOVIES, CloudSimulator, Duration

COPY = "films_copy"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    cloud = CloudSimulator(speed=20)
    cloud.pace(backup=Duration(pending_seconds=1, run_seconds=5), restore=Duration(pending_seconds=1, run_seconds=5))
    async with rig(tmp_path, cloud) as world:
        world.secret()
        world.connection()
        yield world


def clone(world: Rig, name: str = "copy", dest: str = COPY, **spec: Any) -> None:
    wanted = {"clusterId": MOVIES, "collection": "films", "destCollection": dest}
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "CloneCollectionJob",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": wanted | spec,
        }
    )


def status(world: Rig, name: str = "copy") -> dict[str, Any]:
    return world.status("clonecollectionjobs", name)


def rows(world: Rig, name: str = "copy") -> list[tuple[str, str]]:
    return [(row["name"], row["state"]) for row in status(world, name).get("steps") or []]


def effects(world: Rig) -> list[str]:
    return [entry.route for entry in world.cloud.ledger.effects(client="api")]


def backups(world: Rig) -> list[str]:
    return [one.backup_id for one in world.cloud.world.backups.values() if not one.deleted]


async def ended(world: Rig, state: str = "Successful", name: str = "copy") -> dict[str, Any]:
    await world.until(lambda: status(world, name).get("completionTime"), f"{name} ends", 20)
    assert status(world, name)["state"] == state, status(world, name)
    return status(world, name)


ALL = ["backup.create", "restore.collection", "backup.delete"]


async def test_it_is_a_backup_a_restore_and_a_deletion(world: Rig):
    clone(world)
    await world.start()
    done = await ended(world)
    assert effects(world) == ALL
    assert rows(world) == [("Backup", "Successful"), ("Restore", "Successful"), ("DeleteBackup", "Successful")]
    films, copy = (world.cloud.world.clusters[MOVIES].collection("default", name) for name in ("films", COPY))
    assert (copy.count, copy.loaded) == (films.count, films.loaded)
    assert backups(world) == []
    assert done["jobId"] == done["steps"][1]["handle"]["jobId"]
    await world.until(
        lambda: "finalizers" not in world.get("clonecollectionjobs", "copy")["metadata"],
        "the finalizer goes, after the status was written",
    )
    told = [f"step {name}: " for name, _ in rows(world)]
    await world.until(lambda: all(any(e["message"].startswith(x) for e in world.events()) for x in told), "events")


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("route", ALL)
async def test_a_lost_answer_at_any_step_is_looked_up_and_nothing_is_done_twice(world: Rig, route: str, fault: str):
    world.cloud.fault(route, fault, times=1)
    is_restore_lost = (route, fault) == ("restore.collection", "drop_after")
    if is_restore_lost:  # its collection is there before the first look, since nothing waits for it to settle here
        world.cloud.pace(restore=Duration(pending_seconds=0, run_seconds=5))
    clone(world)
    await world.start()
    if is_restore_lost:  # its collection is no proof: a person says whose it is
        await world.until(lambda: status(world).get("reason") == "SubmissionUnknown", "it asks", 20)
        assert "films_copy" in status(world)["message"]
        (lost,) = world.cloud.ledger.effects(route=route)
        decision = f"{status(world)['submission']['token']}=adopt:{lost.job_id}"
        await world.patch(
            "clonecollectionjobs",
            "copy",
            {"metadata": {"annotations": {"jobs.zilliz.com/resolve-submission": decision}}},
        )
    done = await ended(world)
    assert effects(world).count("restore.collection") == 1
    assert effects(world).count("backup.create") == 1
    left = route == "backup.create" and fault == "drop_after"  # found by inference, so it may be somebody else's
    assert bool(backups(world)) == left
    assert ("remove it by hand" in done["message"]) == left
    if left:
        await world.until(lambda: world.events("LeftBehind"), "the event")


@pytest.mark.parametrize("step", ["Backup", "Restore", "DeleteBackup"])
async def test_a_new_process_goes_on_where_the_last_one_stopped(world: Rig, step: str):
    clone(world)
    await world.start()
    await world.until(lambda: (status(world).get("submission") or {}).get("step") == step, step, 20)
    await world.stop()
    await world.start()
    await ended(world)
    assert effects(world) == ALL


async def test_a_restore_that_fails_is_told_and_the_backup_is_deleted_all_the_same(world: Rig):
    world.cloud.next_job("RESTORE", failure="no space")
    clone(world)
    await world.start()
    done = await ended(world, "Failed")
    assert done["message"] == "step Restore: no space"
    assert backups(world) == []


async def test_a_backup_that_fails_is_the_end(world: Rig):
    world.cloud.next_job("BACKUP", failure="disk full")
    clone(world)
    await world.start()
    done = await ended(world, "Failed")
    assert "disk full" in done["message"]
    assert "restore.collection" not in effects(world)


async def test_a_name_that_is_taken_costs_no_backup(world: Rig):
    clone(world, dest="actors")
    await world.start()
    await world.until(lambda: status(world).get("reason") == "NameTaken", "NameTaken")
    assert effects(world) == []
    world.cloud.world.clusters[MOVIES].drop_collection("default", "actors")
    await ended(world)


async def test_it_waits_for_the_slot_of_another_backup_and_is_woken_at_its_end(world: Rig):
    world.backup("first")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "first").get("jobId"), "first")
    clone(world)
    await ended(world)
    assert world.status("backupjobs", "first")["state"] == "Successful"
    assert len(backups(world)) == 1


async def test_a_backup_job_waits_for_the_slot_of_a_clone(world: Rig):
    world.cloud.next_job("BACKUP", run_seconds=1e6)
    clone(world)
    await world.start()
    await world.until(lambda: (status(world).get("submission") or {}).get("handle"), "the clone's backup")
    world.backup("second")
    await world.until(lambda: world.status("backupjobs", "second").get("reason") == "BackupSlotBusy", "slot busy")
    world.cloud.force(status(world)["submission"]["handle"]["jobId"], "SUCCESSFUL")
    await world.until_state("backupjobs", "second", "Successful", 20)
    await ended(world)


async def test_an_object_that_is_deleted_half_way_leaves_nothing_behind(world: Rig):
    clone(world)
    await world.start()
    await world.until(lambda: (status(world).get("submission") or {}).get("handle"), "the backup runs")
    assert world.get("clonecollectionjobs", "copy")["metadata"]["finalizers"] == ["jobs.zilliz.com/cleanup"]
    await world.delete("clonecollectionjobs", "copy")
    await world.until(lambda: not world.get("clonecollectionjobs", "copy"), "it is gone", 20)
    assert effects(world) == ["backup.create", "backup.delete"]
    assert backups(world) == []


async def test_a_clean_up_that_takes_too_long_names_what_is_left(world: Rig):
    rules = {"cleanup_seconds": 1}
    world.cloud.fault("backup.delete", "rate_limit")
    clone(world)

    await world.start(replace(QUICK, **rules))
    done = await ended(world)
    assert "remove it by hand" in done["message"]
    assert backups(world)[0] in done["message"]
    await world.until(lambda: world.events("LeftBehind"), "the event")


async def test_two_clones_of_one_cluster_go_one_after_another(world: Rig):
    clone(world)
    clone(world, "second", "films_second")
    await world.start()
    await asyncio.gather(ended(world), ended(world, name="second"))
    assert sorted(effects(world)) == sorted(ALL * 2)
    assert backups(world) == []


async def test_by_the_console_it_is_one_call(tmp_path: Path):
    async with rig(tmp_path, CloudSimulator(speed=20)) as world:
        world.secret()
        world.connection(consoleApi={"enabled": True})
        clone(world)
        await world.start()
        await ended(world)
        assert effects(world) == ["console.clone"]
        assert rows(world) == []
