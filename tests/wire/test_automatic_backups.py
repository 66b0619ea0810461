"""A schedule whose backups are due when the cloud backs up the same cluster by itself: told once, with few reads."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from tests.support.engine_rig import NAMESPACE, Body, Rig

from zilliz_local.cloud import MOVIES

BACKED: Body = {"name": "backup", "backupJob": {"clusterId": MOVIES}}
POLICY = f"/v2/clusters/{MOVIES}/backups/policy"
EVERY_DAY = "1,2,3,4,5,6,7"


def backs_up_by_itself(world: Rig, hours: str = "02:00-04:00") -> None:
    body = {"enabled": True, "startTime": hours, "frequency": EVERY_DAY, "retentionDays": 7}
    world.cloud.act_as("rival", "POST", POLICY, body)


def schedule(world: Rig, *jobs: Body, name: str = "nightly", **spec: Any) -> None:
    world.kube.create(
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "JobSchedule",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"schedules": ["30 2 * * *"], "jobs": [copy.deepcopy(job) for job in jobs or (BACKED,)], **spec},
        }
    )


def reads(world: Rig) -> int:
    return world.cloud.stats.by_route["backup_policy.get"]


async def seen(world: Rig, name: str = "nightly") -> None:
    await world.until(lambda: world.status("jobschedules", name).get("conditions"), "the schedule is seen")
    await asyncio.sleep(0.5)


async def touched(world: Rig, value: str) -> None:
    """Another pass over the schedule: the annotation asks for a run, which nothing refuses."""
    change: Body = {"metadata": {"annotations": {"jobs.zilliz.com/run-requested": value}}}
    await world.patch("jobschedules", "nightly", change)
    await world.until(lambda: (world.status("jobschedules", "nightly").get("run") or {}).get("token") == value)


async def test_it_is_told_once_however_often_the_schedule_is_looked_at(world: Rig) -> None:
    """Also by the next process: an event at each restart would be a new one each time."""
    backs_up_by_itself(world)
    schedule(world, concurrencyPolicy="Allow")
    for turn in ("a", "b"):
        await world.start()
        await world.until(lambda: world.events("AutomaticBackup"), "the warning")
        await touched(world, turn)
        await seen(world)
        await world.stop()
    assert reads(world) == 2, "one for each process"
    (event,) = world.events("AutomaticBackup")
    assert f"the cloud backs up cluster {MOVIES} by itself every day 02:00-04:00 UTC" in event["message"]
    assert "backup is due then, next at " in event["message"]
    assert event["type"] == "Warning"


@pytest.mark.parametrize(
    ("hours", "spec"),
    [
        ("05:00-07:00", {}),
        ("02:00-04:00", {"suspend": True}),
        ("", {}),
    ],
    ids=["another hour", "suspended", "no automatic backups"],
)
async def test_where_nothing_meets_nothing_is_told(world: Rig, hours: str, spec: dict[str, Any]) -> None:
    if hours:
        backs_up_by_itself(world, hours)
    await world.start()
    schedule(world, **spec)
    await seen(world)
    assert world.events("AutomaticBackup") == []
    assert reads(world) == (0 if spec else 1)


async def test_a_schedule_without_backups_reads_no_policy(world: Rig) -> None:
    backs_up_by_itself(world)
    await world.start()
    schedule(world, {"name": "sleep", "suspendClusterJob": {"clusterId": MOVIES}})
    await seen(world)
    assert reads(world) == 0


async def test_many_schedules_of_a_cluster_read_its_policy_once(world: Rig) -> None:
    backs_up_by_itself(world)
    await world.start()
    schedule(world)
    await world.until(lambda: world.events("AutomaticBackup"), "the warning")
    for name in ("second", "third"):
        schedule(world, name=name)
        await seen(world, name)
    assert reads(world) == 1
    assert len(world.events("AutomaticBackup")) == 3


@pytest.mark.parametrize("answer", ["status", "drop_before", "latency_after"])
async def test_a_policy_that_cannot_be_read_holds_up_no_run(world: Rig, answer: str) -> None:
    """It is advice; a backup that is not made because of it would be worse than no advice."""
    backs_up_by_itself(world)
    more: dict[str, Any] = {"latency_after": {"seconds": 30}, "status": {"status": 500}}.get(answer, {})
    fault: Any = answer
    world.cloud.fault("backup_policy.get", fault, **more)
    await world.start()
    schedule(world)
    await touched(world, "now")
    await world.until(lambda: [one for one in world.everything() if one["kind"] == "BackupJob"], "the run's job")
    assert world.events("AutomaticBackup") == []


async def test_an_edit_is_looked_at_anew(world: Rig) -> None:
    backs_up_by_itself(world)
    await world.start()
    schedule(world, schedules=["0 12 * * *"])
    await seen(world)
    assert world.events("AutomaticBackup") == []
    await world.patch("jobschedules", "nightly", {"spec": {"schedules": ["0 3 * * *"]}})
    await world.until(lambda: world.events("AutomaticBackup"), "the warning")
