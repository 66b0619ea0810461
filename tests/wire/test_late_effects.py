"""A send whose effect comes after the settle time: two jobs run, and the object must say so.

If these fail, data is in a collection twice, and nobody is told.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tests.support.engine_rig import FILM, NAMESPACE, QUICK, Rig

from zilliz_local.cloud import MOVIES

RULES = replace(QUICK, late_looks=(0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 15, 20))
BODY = {"objectUrls": [[FILM]], "clusterId": MOVIES, "collectionName": "films"}


def late(world: Rig, name: str = "one") -> list[str]:
    return (world.status("importjobs", name).get("submission") or {}).get("otherHandles") or []


async def sent_twice(world: Rig) -> str:
    """The first send is lost without an effect so far; the job of the second."""
    world.cloud.fault("import.create", "status", times=1, status=502)
    world.imports("one")
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted", 20)
    assert world.status("importjobs", "one")["submission"]["sends"] == 2
    await asyncio.sleep(1.1)  # the cloud tells times to the second
    return str(world.status("importjobs", "one")["jobId"])


def effect(world: Rig) -> None:
    """What the first send brings about, late."""
    world.cloud.act_as("late", "POST", "/v2/vectordb/jobs/import/create", BODY)


async def test_the_late_job_is_mentioned_while_ours_runs_and_one_more_after_it(world: Rig) -> None:
    await world.start(RULES)
    ours = await sent_twice(world)
    effect(world)
    await world.until(lambda: late(world), "it is mentioned", 20)
    assert world.status("importjobs", "one")["jobId"] == ours != late(world)[0]
    world.cloud.advance(3600)
    await world.until(lambda: world.status("importjobs", "one").get("completionTime"), "it ends", 20)
    assert world.status("importjobs", "one")["state"] == "Successful"
    assert len(late(world)) == 1
    await world.until(lambda: world.events("LateEffect"), "it has an event")
    assert [event["type"] for event in world.events("LateEffect")] == ["Warning"]


async def test_the_late_job_is_mentioned_after_the_end_by_the_process_that_follows(world: Rig) -> None:
    await world.start(RULES)
    await sent_twice(world)
    world.cloud.advance(600)
    await world.until(lambda: world.status("importjobs", "one").get("completionTime"), "it ends", 20)
    before = world.status("importjobs", "one")
    await world.stop()
    effect(world)
    await world.start(RULES)
    await world.until(lambda: late(world), "it is mentioned", 20)
    after = world.status("importjobs", "one")
    assert [after[name] for name in ("state", "jobId", "completionTime")] == [
        before[name] for name in ("state", "jobId", "completionTime")
    ]


async def test_several_are_each_mentioned(world: Rig) -> None:
    await world.start(RULES)
    await sent_twice(world)
    effect(world)
    effect(world)
    await world.until(lambda: len(late(world)) == 2, "both are mentioned", 20)
    await world.until(lambda: len(world.events("LateEffect")) == 2, "both have an event")


async def test_a_backup_that_comes_late_is_mentioned(world: Rig) -> None:
    """It is billed until somebody deletes it."""
    await world.start(RULES)
    world.cloud.fault("backup.create", "status", times=1, status=502)
    world.backup("bk")
    await world.until(lambda: world.status("backupjobs", "bk").get("jobId"), "it is submitted", 20)
    world.cloud.advance(600)
    await world.until(lambda: world.status("backupjobs", "bk").get("completionTime"), "it ends", 20)
    answer = world.cloud.act_as("late", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
    await world.until(
        lambda: (world.status("backupjobs", "bk").get("submission") or {}).get("otherHandles"), f"{answer}", 20
    )


async def test_the_job_of_another_object_is_not(world: Rig) -> None:
    await world.start(RULES)
    ours = await sent_twice(world)
    world.imports("two")
    await world.until(lambda: world.status("importjobs", "two").get("jobId"), "the other is submitted", 20)
    await asyncio.sleep(3)
    assert late(world) == []
    assert world.status("importjobs", "two")["jobId"] != ours


async def test_a_backup_that_a_step_of_a_clone_brings_about_late_is_mentioned(world: Rig) -> None:
    """The clone is at its next step by then, or has ended; the backup is billed all the same."""
    await world.start(RULES)
    world.cloud.fault("backup.create", "status", times=1, status=502)
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "CloneCollectionJob",
            "metadata": {"name": "copy", "namespace": NAMESPACE},
            "spec": {"clusterId": MOVIES, "collection": "films", "destCollection": "films_copy"},
        }
    )

    def status() -> dict[str, Any]:
        return world.status("clonecollectionjobs", "copy")

    await world.until(lambda: (status().get("submission") or {}).get("handle"), "the backup is begun", 20)
    world.cloud.advance(600)
    await world.until(lambda: status().get("steps"), "the backup is made", 20)
    assert status()["steps"][0]["submission"]["sends"] == 2
    wanted = {"backupType": "COLLECTION", "dbCollections": [{"dbName": "default", "collectionNames": ["films"]}]}
    made = world.cloud.act_as("late", "POST", f"/v2/clusters/{MOVIES}/backups/create", wanted)
    await world.until(
        lambda: (status()["steps"][0].get("submission") or {}).get("otherHandles"), f"{made} is mentioned", 30
    )
    await world.until(lambda: world.events("LateEffect"), "it has an event")
    assert not status().get("completionTime")
