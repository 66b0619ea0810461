"""Restores and exports through the whole engine, where their look-ups have something of their own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.engine_rig import Rig, condition
from tests.support.engine_rig import _ours as ours
from tests.support.kinds_rig import LONG, backed_up

from zilliz_local.cloud import MOVIES, PROJECT, SHOP


def backup(world: Rig) -> dict[str, Any]:
    made = backed_up(world.cloud)
    return {"backup": {"clusterId": made.cluster_id, "backupId": made.backup_id}}


def submission(world: Rig, plural: str) -> dict[str, Any]:
    found: dict[str, Any] = world.status(plural, "one").get("submission") or {}
    return found


async def test_a_restore_whose_answer_was_lost_is_not_called_failed_while_nothing_shows_it(world: Rig) -> None:
    """The second send is refused since the first one holds the name; what it made is found when it is there."""
    world.cloud.fault("restore.collection", "drop_after", times=1)
    target = {"existingCluster": {"clusterId": SHOP, "collections": [{"collection": "films"}]}}
    world.kube.create(ours("RestoreJob", "one", backup(world) | target))
    await world.start()
    refused = world.cloud.ledger.requests
    await world.until(lambda: len(refused(route="restore.collection")) >= 4, "it is sent again and refused", 20)
    assert world.status("restorejobs", "one")["state"] == "Pending"
    world.cloud.advance(LONG)
    await world.until_state("restorejobs", "one", "Successful")
    assert submission(world, "restorejobs")["evidence"] == "Inferred"
    assert len(world.cloud.ledger.effects(route="restore.collection")) == 1


CLONE = {"dbName": "default", "collectionName": "products", "destDbName": "default", "destCollectionName": "films"}


@pytest.mark.parametrize("by", ["a clone of the console", "a sample of the console", "a SampleCollectionJob"])
@pytest.mark.parametrize("console", [False, True])
async def test_a_collection_of_that_name_is_no_restore(world: Rig, by: str, console: bool) -> None:
    """The restore never arrived; told as done, its user would look for his data in somebody else's collection."""
    world.cloud.fault("restore.collection", "drop_before", times=1)
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": console}}})
    target = {"existingCluster": {"clusterId": SHOP, "collections": [{"collection": "films"}]}}
    world.cloud.fault("cluster.get", "latency", seconds=0.3)
    world.kube.create(ours("RestoreJob", "one", backup(world) | target))
    await world.start()
    await world.until(lambda: submission(world, "restorejobs"), "it is being sent")
    sample = {"clusterId": SHOP, "collection": "films", "dataset": "Films"}
    if by == "a SampleCollectionJob":
        world.kube.create(ours("SampleCollectionJob", "sample", sample))
    elif "clone" in by:
        world.cloud.act_as("console", "POST", "/console/v1/collections/clone", CLONE | {"clusterId": SHOP})
    else:
        body = {"clusterId": SHOP, "dbName": "default", "collectionName": "films", "dataset": "movies"}
        world.cloud.act_as("console", "POST", "/console/v1/collections/sample", body)
    world.cloud.advance(LONG)

    def is_clear() -> bool:
        status = world.status("restorejobs", "one")
        return bool(status.get("jobId")) or status.get("reason") in ("SubmissionUnknown", "NameTaken")

    await world.until(is_clear, "it is clear", 30)
    restores = world.cloud.ledger.effects(route="restore.collection")
    status = world.status("restorejobs", "one")
    assert status["state"] != "Successful"
    if status.get("reason") == "SubmissionUnknown":
        assert restores == []
        assert f"{SHOP}/default/films" in status["message"]
    else:
        assert [effect.job_id for effect in restores] == [status["jobId"]]


async def test_a_process_that_dies_after_the_effect_leaves_a_cluster_that_the_next_one_finds(world: Rig) -> None:
    """Nobody else holds the id of what is paid for."""
    world.cloud.fault("restore.cluster", "latency_after", seconds=30, times=1)
    target = {"newCluster": {"projectId": PROJECT, "cuSize": 4}}
    world.kube.create(ours("RestoreJob", "one", backup(world) | target))
    engine = await world.start()
    await world.until(lambda: world.cloud.ledger.effects(route="restore.cluster"), "the cloud has it")
    for task in [*engine.actions.in_flight.tasks, *engine._tasks]:  # as SIGKILL would
        task.cancel()
    await world.stop()
    assert submission(world, "restorejobs")["evidence"] == "Sending"
    await world.start()
    await world.until(lambda: submission(world, "restorejobs").get("handle"), "it is found")
    (effect,) = world.cloud.ledger.effects(route="restore.cluster")
    assert submission(world, "restorejobs")["evidence"] == "Marker"
    assert world.status("restorejobs", "one")["result"]["clusterId"] == effect.target["clusterId"]
    world.cloud.advance(LONG)
    await world.until_state("restorejobs", "one", "Successful")


async def test_the_one_time_password_reaches_no_status_and_no_event(
    world: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"newCluster": {"projectId": PROJECT, "cuSize": 4}}
    told: list[str] = []
    make = world.cloud.world.new_id

    def remembered(prefix: str, digits: int) -> str:
        made = make(prefix, digits)
        told.extend([made] if (prefix, digits) == ("", 16) else [])
        return made

    monkeypatch.setattr(world.cloud.world, "new_id", remembered)
    world.kube.create(ours("RestoreJob", "one", backup(world) | target))
    await world.start()
    await world.until(lambda: submission(world, "restorejobs").get("handle"), "it is submitted")
    world.cloud.advance(LONG)
    await world.until_state("restorejobs", "one", "Successful")
    (password,) = told
    assert password not in str(world.get("restorejobs", "one"))
    assert password not in str(world.events())


@pytest.mark.parametrize("trouble", ["the console is away", "it does not say which backup"])
async def test_what_waits_for_an_adopted_backup_goes_on_although_its_name_came_late(world: Rig, trouble: str) -> None:
    """The job ended while the console could not tell which backup it was. Nobody would ask again, and whatever waits
    for the backup would wait for ever."""
    await world.patch("zillizconnections", "default", {"spec": {"consoleApi": {"enabled": True}}})
    world.cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
    (job,) = world.cloud.jobs.all()
    world.cloud.advance(60)
    world.cloud.force(job.job_id, "SUCCESSFUL")
    named, rule = job.backup_id, None
    if "away" in trouble:
        rule = world.cloud.fault("console.get", "status", status=503, times=None)
    else:
        job.backup_id = ""
    world.kube.create(ours("BackupJob", "theirs", {"clusterId": MOVIES, "adopt": {"jobId": job.job_id}}))
    target = {"existingCluster": {"clusterId": SHOP, "collections": [{"collection": "films"}]}}
    world.kube.create(ours("RestoreJob", "one", {"backup": {"backupJobRef": {"name": "theirs"}}} | target))
    await world.start()
    done = await world.until_state("backupjobs", "theirs", "Successful")
    assert (done["resultPending"], "backupId" in done.get("result", {})) == (True, False)
    said = "is still asked of the cloud"
    await world.until(
        lambda: said in world.status("restorejobs", "one").get("message", ""), "it says what is missing"
    )
    job.backup_id = named
    if rule is not None:
        world.cloud.faults.remove(rule.id)
    await world.until(lambda: world.status("restorejobs", "one").get("jobId"), "it goes on", 20)
    done = world.status("backupjobs", "theirs")
    assert (done["result"]["backupId"], done.get("resultPending")) == (named, None)


async def test_an_export_whose_answer_was_lost_waits_for_a_person(world: Rig) -> None:
    """Sent again it would upload everything a second time."""
    world.cloud.fault("export.create", "drop_after", times=1)
    into = {"integrationId": "integ-1", "directory": "backups/"}
    world.kube.create(ours("ExportJob", "one", backup(world) | into))
    await world.start()
    await world.until(lambda: world.status("exportjobs", "one").get("reason") == "SubmissionUnknown", "it waits", 15)
    assert condition(world.get("exportjobs", "one"), "Stalled")["status"] == "True"
    (effect,) = world.cloud.ledger.effects(route="export.create")
    token = submission(world, "exportjobs")["token"]
    assert f"backups/{token}" in world.status("exportjobs", "one")["message"]
    decision = {"jobs.zilliz.com/resolve-submission": f"{token}=adopt:{effect.job_id}"}
    await world.patch("exportjobs", "one", {"metadata": {"annotations": decision}})
    world.cloud.advance(LONG)
    await world.until_state("exportjobs", "one", "Successful")
    assert len(world.cloud.exports) == 1


async def test_an_export_waits_for_an_open_one_of_its_cluster_only(world: Rig) -> None:
    """However they name their backup; and no export of another cluster waits because its BackupJob has that name."""
    made = backed_up(world.cloud)
    by_id = {"backup": {"clusterId": made.cluster_id, "backupId": made.backup_id}}
    into = {"integrationId": "integ-1", "directory": "backups/"}
    world.cloud.fault("export.create", "drop_after", times=1)
    world.kube.create(ours("ExportJob", "one", by_id | into))
    await world.start()
    await world.until(lambda: world.status("exportjobs", "one").get("reason") == "SubmissionUnknown", "it waits", 15)
    for name, cluster in (("same", MOVIES), ("other", SHOP)):
        world.kube.create(ours("BackupJob", name, {"clusterId": cluster}))
        world.kube.create(ours("ExportJob", name, {"backup": {"backupJobRef": {"name": name}}} | into))
    await world.until(lambda: world.status("backupjobs", "other").get("jobId"), "both are made")
    await world.until(lambda: world.status("backupjobs", "same").get("jobId"), "both are made")
    world.cloud.advance(LONG)
    await world.until(lambda: world.status("exportjobs", "other").get("jobId"), "the other cluster's is sent", 20)
    await world.until(lambda: world.status("exportjobs", "same")["reason"] == "SubmissionInProgress", "it waits", 20)
    assert "submission" not in world.status("exportjobs", "same")
    assert world.status("exportjobs", "same")["message"].startswith("ExportJob one has a submission open")
