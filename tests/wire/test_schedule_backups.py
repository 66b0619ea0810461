"""Backups that a schedule ends. If these fail, a backup is deleted that somebody needs, or old ones cost for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, Body, Rig
from tests.wire.test_schedules import BACKED, EXPORTED, PLURAL, ask, ended, schedule

from zilliz_jobs.schedules.runs import requested_name
from zilliz_local.cloud import MOVIES, Duration

OTHER = {"name": "other", "backupJob": {"clusterId": "in01-not-there"}}


def in_cloud(world: Rig, cluster: str = MOVIES) -> list[str]:
    """The ids of all backups that can be restored, oldest first."""
    rows = [row for row in world.cloud.world.backups.values() if row.cluster_id == cluster and not row.deleted]
    return [row.backup_id for row in sorted(rows, key=lambda row: row.created_at)]


def deletes(world: Rig) -> list[Any]:
    return world.cloud.ledger.effects(kind="delete", client="api")


async def run(world: Rig, token: str, entry: str = "backup") -> str:
    """One run to its end; the id of its backup, or ""."""
    await ask(world, token)
    name = requested_name(token)
    job = f"nightly-{name}-{entry}"
    await world.until(lambda: world.status("backupjobs", job).get("jobId"), f"backup {token}")
    for _ in range(3):
        world.cloud.advance(2_000)
        await asyncio.sleep(0.05)
    await world.until(lambda: world.cloud.advance(2_000) or ended(world, name), f"the end of run {token}")
    return str((world.status("backupjobs", job).get("result") or {}).get("backupId") or "")


def tracked(world: Rig) -> dict[str, Body]:
    return {row["backupId"]: row for row in world.status(PLURAL, "nightly").get("backups") or []}


def restore(world: Rig, backup_id: str, name: str = "back") -> None:
    spec = {
        "backup": {"clusterId": MOVIES, "backupId": backup_id},
        "existingCluster": {
            "clusterId": MOVIES,
            "collections": [{"database": "default", "collection": "films", "destCollection": f"films_{name}"}],
        },
    }
    meta = {"name": name, "namespace": NAMESPACE}
    world.kube.create(
        {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "RestoreJob", "metadata": meta, "spec": spec}
    )


async def test_five_runs_leave_the_two_newest(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, EXPORTED, keepBackups=2)
    made = [await run(world, f"t{n}") for n in range(5)]
    await world.until(lambda: in_cloud(world) == made[3:], "the two newest are left")
    await world.until(lambda: set(tracked(world)) == set(made[3:]), "and are recorded")
    assert len(deletes(world)) == 3
    assert len(world.events("BackupDeleted")) == 3
    marks = {
        body["status"]["result"]["backupId"]: body["status"]["result"].get("backupState")
        for body in world.everything()
        if body["kind"] == "BackupJob"
    }
    assert {name: marks[name] for name in made[2:]} == {made[2]: "Deleted", made[3]: None, made[4]: None}


async def test_a_restore_keeps_its_backup_until_its_end(world: Rig) -> None:
    await world.start()
    world.cloud.pace(restore=Duration(pending_seconds=2, run_seconds=10**9))
    schedule(world, BACKED, keepBackups=2)
    first, second = [await run(world, token) for token in "ab"]
    restore(world, first)
    await world.until(lambda: world.status("restorejobs", "back").get("jobId"), "the restore runs")
    third, fourth = [await run(world, token) for token in "cd"]
    await world.until(lambda: second not in in_cloud(world), "the other one goes")
    assert in_cloud(world) == [first, third, fourth]
    assert tracked(world)[first]["reason"] == "BackupInUse"
    assert "RestoreJob" in tracked(world)[first]["message"]
    world.cloud.force(world.status("restorejobs", "back")["jobId"], "SUCCESSFUL")
    await world.until_state("restorejobs", "back", "Successful")
    fifth = await run(world, "e")
    await world.until(lambda: in_cloud(world) == [fourth, fifth], "it goes after that")


async def test_a_failed_run_deletes_nothing_and_one_cluster_does_not_end_the_backups_of_another(world: Rig) -> None:
    """A cluster fails for a week: its two last backups are all that there is of it."""
    await world.start()
    films = {"name": "films", "backupJob": {"clusterId": MOVIES, "collections": ["films"]}}
    schedule(world, BACKED, films, keepBackups=2, concurrencyPolicy="Allow")
    kept = []
    for token in "ab":
        await ask(world, token)
        name = requested_name(token)
        await world.until(lambda name=name: world.cloud.advance(500) or ended(world, name), f"run {token}")
        kept.append(world.status("backupjobs", f"nightly-{name}-films")["result"]["backupId"])
    assert deletes(world) == []
    for token in "cdefg":
        await ask(world, token)
        name = requested_name(token)
        job = f"nightly-{name}-films"
        await world.until(lambda job=job: world.get("backupjobs", job), f"objects of {token}")
        await world.patch("backupjobs", job, {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "x"}}})
        await world.until(lambda name=name: world.cloud.advance(500) or ended(world, name), f"run {token}")
    rows = tracked(world)
    assert set(kept) <= set(in_cloud(world))
    assert {name for name, row in rows.items() if row["entry"] == "films"} >= set(kept)
    await world.until(
        lambda: len([r for r in tracked(world).values() if r["entry"] == "backup"]) == 2, "two of these"
    )


async def test_a_backup_that_a_person_deleted_does_not_count(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, keepBackups=2)
    (
        first,
        second,
    ) = [await run(world, token) for token in "ab"]
    world.cloud.act_as("console", "DELETE", f"/v2/clusters/{MOVIES}/backups/{second}")
    third = await run(world, "c")
    await world.until(lambda: second not in tracked(world), "it is missed")
    assert in_cloud(world) == [first, third], "two are to be kept, and two are there"
    await world.until(lambda: world.events("BackupLost"), "and told")
    assert deletes(world) == []


async def test_deleting_the_schedule_and_its_objects_deletes_no_backup(world: Rig) -> None:
    """Velero: owner references that delete backups."""
    await world.start()
    schedule(world, BACKED, keepBackups=2)
    made = [await run(world, token) for token in "ab"]
    await world.delete(PLURAL, "nightly")
    for body in [body for body in world.everything() if body["kind"] == "BackupJob"]:
        await world.delete("backupjobs", body["metadata"]["name"])
    await asyncio.sleep(0.5)
    assert in_cloud(world) == made
    assert deletes(world) == []


async def test_without_the_field_nothing_is_deleted(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, keepBackups=1)
    first = await run(world, "a")
    await world.patch(PLURAL, "nightly", {"spec": {"keepBackups": None}})
    later = [await run(world, token) for token in "bcd"]
    await asyncio.sleep(0.5)
    assert in_cloud(world) == [first, *later]
    assert deletes(world) == []


async def test_a_renamed_job_leaves_its_backups_and_tells_once(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, keepBackups=1)
    first = await run(world, "a")
    await world.patch(PLURAL, "nightly", {"spec": {"jobs": [{**BACKED, "name": "saved"}]}})
    later = [await run(world, token, "saved") for token in "bc"]
    await world.until(lambda: in_cloud(world) == [first, later[1]], "only the new name's go")
    assert [event.get("count", 1) for event in world.events("BackupsLeft")] == [1]


@pytest.mark.parametrize("lost", ["drop_before", "drop_after"])
async def test_a_lost_answer_is_asked_again_until_the_list_proves_it(world: Rig, lost: str) -> None:
    await world.start()
    schedule(world, BACKED, keepBackups=1)
    first = await run(world, "a")
    world.cloud.fault("backup.delete", lost, times=1)
    second = await run(world, "b")
    await world.until(lambda: tracked(world).get(first, {}).get("state") == "Deleting", "the intent stays")
    engine = world.engine
    assert engine is not None
    uid = world.get(PLURAL, "nightly")["metadata"]["uid"]
    writer = engine.schedules.controller._reconciler.backups
    writer._next_look.pop(uid, None)
    engine.schedules.controller.wake_all()
    await world.until(lambda: in_cloud(world) == [second] and first not in tracked(world), "it is gone")


async def test_what_refers_to_a_deleted_backup_is_refused(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, keepBackups=1)
    await run(world, "a")
    await run(world, "b")
    name = f"nightly-{requested_name('a')}-backup"
    await world.until(
        lambda: (world.status("backupjobs", name).get("result") or {}).get("backupState") == "Deleted", "it goes"
    )
    spec = {"backup": {"backupJobRef": {"name": name}}, "integrationId": "integ-demo-s3", "directory": "x"}
    meta = {"name": "late", "namespace": NAMESPACE}
    world.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "ExportJob", "metadata": meta, "spec": spec})
    status = await world.until_state("exportjobs", "late", "Failed")
    assert status["reason"] == "BackupDeleted"


async def test_an_export_that_somebody_started_in_the_console_keeps_its_backup(keyed: Rig) -> None:
    keyed.connection(consoleApi={"enabled": True})
    await keyed.start()
    schedule(keyed, BACKED, keepBackups=1)
    keyed.cloud.pace(export=Duration(pending_seconds=2, run_seconds=10**9))
    first = await run(keyed, "a")
    path = f"/v2/clusters/{MOVIES}/backups/{first}/export"
    keyed.cloud.act_as("rival", "POST", path, {"integrationId": "integ-demo-s3", "directory": "x"})
    second = await run(keyed, "b")
    await keyed.until(lambda: tracked(keyed)[first].get("reason") == "BackupInUse", "it says why")
    assert "console" in tracked(keyed)[first]["message"]
    assert in_cloud(keyed) == [first, second]
    assert deletes(keyed) == []


async def with_a_deletion_of_unknown_fate(world: Rig) -> str:
    """The request to delete the first of two backups got no answer, and never arrived; the id of that backup."""
    await world.start()
    schedule(world, BACKED, keepBackups=1)
    first = await run(world, "a")
    world.cloud.fault("backup.delete", "drop_before", times=1)
    await run(world, "b")
    await world.until(lambda: tracked(world).get(first, {}).get("state") == "Deleting", "the intent stays")
    return first


async def test_who_refers_to_a_backup_that_is_being_deleted_waits_and_may_go_on(world: Rig) -> None:
    """The answer was lost before the cloud heard of it. In the end the backup is given to who wants it."""
    first = await with_a_deletion_of_unknown_fate(world)
    restore(world, first)
    await world.until(lambda: world.status("restorejobs", "back").get("reason") == "BackupDeleted", "it waits")
    await world.stop()
    body = world.status(PLURAL, "nightly")
    rows = [{**row, "deletionTime": "2026-01-01T00:00:00Z"} for row in body["backups"] if row["backupId"] == first]
    others = [row for row in body["backups"] if row["backupId"] != first]
    await world.patch(PLURAL, "nightly", {"status": {"backups": [*others, *rows]}}, "/status")
    await world.start()
    await world.until(lambda: world.status("restorejobs", "back").get("jobId"), "the restore begins")
    assert first in in_cloud(world)
    assert tracked(world)[first]["state"] == "Available"
    assert deletes(world) == []


async def test_the_ids_of_a_process_before_are_known_before_anything_is_submitted(world: Rig) -> None:
    """A restore that a new leader submits first would read a backup whose deletion is on its way."""
    first = await with_a_deletion_of_unknown_fate(world)
    await world.stop()
    world.cloud.fault("backup.delete", "drop_before")
    restore(world, first)
    await world.start()
    await world.until(lambda: world.status("restorejobs", "back").get("reason"), "the restore says why it waits")
    await world.until(
        lambda: world.status("restorejobs", "back").get("reason") == "BackupDeleted", "it waits for that"
    )
    assert not world.status("restorejobs", "back").get("submission")
