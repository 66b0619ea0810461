"""The job ids of cluster jobs, which only the console's list has. A wrong one shows a stranger's end as ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.core.observation import Accepted, Seen
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.clusters.resumecluster import ResumeClusterKind
from zilliz_jobs.kinds.clusters.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.clusters.scalereplicas import ScaleReplicasKind
from zilliz_jobs.kinds.clusters.suspendcluster import SuspendClusterKind
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator

PATH = f"/v2/clusters/{MOVIES}"
WAYS: list[tuple[Any, dict[str, Any], str]] = [
    (SuspendClusterKind(), {}, "SUSPEND_CLUSTER"),
    (ResumeClusterKind(), {}, "RESUME_CLUSTER"),
    (ScaleClusterKind(), {"cuSize": 8}, "SCALE_CU"),
    (ScaleReplicasKind(), {"replicas": 3}, "SCALE_REPLICA"),
]


def jobs(cloud: CloudSimulator, job_type: str, cluster: str = MOVIES) -> list[str]:
    return [job.job_id for job in cloud.jobs.all() if (job.type, job.cluster_id) == (job_type, cluster)]


def suspend(account: Account) -> Object:
    return Object(SuspendClusterKind(), account, parsed(SuspendClusterKind(), clusterId=MOVIES))


def cycle(cloud: CloudSimulator, cluster: str = MOVIES) -> None:
    """Somebody suspends a cluster and resumes it."""
    for verb in ("suspend", "resume"):
        cloud.act_as("console", "POST", f"/v2/clusters/{cluster}/{verb}", {})
        cloud.advance(20)


async def named(one: Object) -> Seen:
    seen = await one.read()
    assert isinstance(seen, Seen)
    free = lambda name: name not in one.held  # noqa: E731
    found = await one.kind.named(one.account, one.spec, one.submission, seen, free)
    assert (found.state, found.cloud_status) == (seen.state, seen.cloud_status)
    assert isinstance(found, Seen)
    return found


@pytest.mark.parametrize(("kind", "spec", "job_type"), WAYS, ids=[way[2] for way in WAYS])
async def test_the_one_job_of_its_type_and_cluster_is_it(cloud, console, kind, spec, job_type):
    if job_type == "RESUME_CLUSTER":
        cloud.act_as("console", "POST", f"{PATH}/suspend", {})
        cloud.advance(100)
    cloud.behave(creators={"api": "robot@example.com"})
    one = Object(kind, console, parsed(kind, clusterId=MOVIES, **spec))
    assert isinstance(await one.send(), Accepted)
    found = await named(one)
    assert [found.job_id] == jobs(cloud, job_type)
    assert (found.created_by, found.start_time is not None) == ("robot@example.com", True)
    cloud.advance(100)
    assert [(await named(one)).job_id] == jobs(cloud, job_type), "nor after its end"


async def test_without_the_console_nobody_knows(cloud, plain):
    one = suspend(plain)
    await one.send()
    assert (await named(one)).job_id == ""


async def test_what_others_hold_or_held_before_is_not_it(cloud, console):
    cycle(cloud)
    cycle(cloud, SHOP)
    cloud.advance(600)
    one = suspend(console)
    await one.send()
    mine = jobs(cloud, "SUSPEND_CLUSTER")[-1]
    assert (await named(one)).job_id == mine
    one.held = {mine}
    assert (await named(one)).job_id == ""


async def test_two_that_could_be_it_are_none(cloud, console):
    """The first began within the minute by which the cloud's clocks may differ."""
    cycle(cloud)
    one = suspend(console)
    await one.send()
    assert len(jobs(cloud, "SUSPEND_CLUSTER")) == 2
    assert (await named(one)).job_id == ""


async def test_one_that_began_just_before_is_nobodys(cloud, console):
    """Ours is not listed yet."""
    cycle(cloud)
    one = suspend(console)
    await one.send()
    cloud.behave(list_lag_seconds=10)
    assert (await named(one)).job_id == ""


async def test_one_that_began_long_after_is_anothers(cloud, console):
    one = suspend(console)
    await one.send()
    for job in jobs(cloud, "SUSPEND_CLUSTER"):
        cloud.forget(job)
    cloud.advance(600)
    cloud.act_as("console", "POST", f"{PATH}/resume", {})
    cloud.advance(100)
    cloud.act_as("console", "POST", f"{PATH}/suspend", {})
    assert (await named(one)).job_id == ""


@pytest.mark.parametrize("action", ["drop_before", "malformed_json", "status"])
async def test_a_list_that_cannot_be_read_says_nothing_and_breaks_nothing(cloud, console, action):
    one = suspend(console)
    await one.send()
    cloud.fault("console.list", action, times=50, **({"status": 500} if action == "status" else {}))
    assert (await named(one)).job_id == ""


async def test_a_record_without_the_clouds_time_cannot_be_compared(cloud, console):
    one = suspend(console)
    await one.send()
    one.submission = one.submission.but(cloud_time=None)
    assert (await named(one)).job_id == ""


async def test_a_clock_that_is_far_off_leaves_it_open(cloud, console):
    one = suspend(console)
    await one.send()
    one.submission = one.submission.but(cloud_time=datetime(2200, 1, 1, tzinfo=UTC))
    assert (await named(one)).job_id == ""
