"""A connection that leads to another account, for it was made anew or got somebody else's key, knows none of the jobs
that are open: nothing is concluded from that, nothing is sent again, and it is said; also by the next process."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.support.center_rig import killed
from tests.support.engine_rig import QUICK, Rig, condition
from tests.support.engine_rig import _ours as ours
from tests.support.kinds_rig import LONG, backed_up

from zilliz_local.cloud import KEY, PROJECT, Duration
from zilliz_local.cloud.world import Project

STRANGE = "the-key-of-another-account"
SISTER = "another-key-of-our-account"
HASTY = replace(QUICK, missing_grace=1)


@pytest.fixture
def world(keyed: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr("zilliz_jobs.accounts.connections.SECRET_SECONDS", 0.2)
    keyed.cloud.world.projects["proj-strange"] = Project("proj-strange", "Strange", ("aws-us-west-2",))
    keyed.cloud.world.keys.add(STRANGE, frozenset({"proj-strange"}))
    keyed.cloud.world.keys.add(KEY, frozenset({PROJECT}))
    keyed.cloud.world.keys.add(SISTER, frozenset({PROJECT}))
    return keyed


async def change_account(world: Rig, how: str, key: str) -> None:
    if how == "the key alone":
        await world.patch_secret(key)
    else:
        await world.delete("zillizconnections", "default")
        await world.patch_secret(key)
        world.connection()


def reason(world: Rig, plural: str) -> Any:
    return condition(world.get(plural, "one"), "Ready").get("reason")


HOW = pytest.mark.parametrize("how", ["the key alone", "the connection made anew"])


@HOW
async def test_an_open_submission_is_neither_absent_nor_sent_again(world: Rig, how: str) -> None:
    made = backed_up(world.cloud)
    world.connection()
    world.cloud.fault("restore.cluster", "latency_after", seconds=30, times=1)
    target = {"newCluster": {"projectId": PROJECT, "cuSize": 4, "name": "new-one"}}
    spec = {"backup": {"clusterId": made.cluster_id, "backupId": made.backup_id}}
    await world.start(HASTY)
    world.kube.create(ours("RestoreJob", "one", spec | target))
    await world.until(lambda: world.cloud.ledger.effects(route="restore.cluster"), "the cloud has it")
    await killed(world)
    await change_account(world, how, STRANGE)
    await world.start(HASTY)
    await world.until(lambda: reason(world, "restorejobs") == "AnotherAccount", "it says so", 15)
    await asyncio.sleep(1.0)
    status = world.status("restorejobs", "one")
    assert status["state"] == "Pending"
    assert len(world.cloud.ledger.requests(route="restore.cluster")) == 1
    assert world.events("AnotherAccount")
    await change_account(world, how, KEY)
    await world.until(lambda: world.status("restorejobs", "one").get("result"), "it is found again", 20)
    world.cloud.advance(LONG)
    await world.until_state("restorejobs", "one", "Successful", 20)
    assert len(world.cloud.ledger.effects(route="restore.cluster")) == 1


@HOW
async def test_a_running_job_is_not_lost_and_the_next_process_knows(world: Rig, how: str) -> None:
    world.cloud.pace(backup=Duration(pending_seconds=0, run_seconds=600))
    world.connection()
    await world.start(HASTY)
    world.backup("one")
    await world.until_state("backupjobs", "one", "InProgress")
    await change_account(world, how, STRANGE)
    await world.until(lambda: reason(world, "backupjobs") == "AnotherAccount", "it says so", 15)
    await world.stop()
    await world.start(HASTY)
    await asyncio.sleep(2.5)
    assert reason(world, "backupjobs") == "AnotherAccount"
    assert world.status("backupjobs", "one")["state"] == "InProgress"
    await change_account(world, how, KEY)
    world.cloud.advance(LONG)
    await world.until_state("backupjobs", "one", "Successful", 20)


@HOW
async def test_a_rotated_key_of_the_same_account_changes_nothing(world: Rig, how: str) -> None:
    world.cloud.pace(backup=Duration(pending_seconds=0, run_seconds=600))
    world.connection()
    await world.start(HASTY)
    world.backup("one")
    await world.until_state("backupjobs", "one", "InProgress")
    before = world.get("zillizconnections", "default")["status"]["keyFingerprint"]
    await change_account(world, how, SISTER)
    known = lambda: (world.get("zillizconnections", "default").get("status") or {}).get("keyFingerprint")  # noqa: E731
    await world.until(lambda: known() not in (None, before), "the key is in use", 15)
    world.cloud.advance(LONG)
    await world.until_state("backupjobs", "one", "Successful", 20)
    assert not world.events("AnotherAccount")
