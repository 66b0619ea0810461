"""Cluster jobs on the simulated cloud: rows of the console that no answer names, autoscaling, the autoscaler."""

from typing import Any

import pytest
from tests.wire.test_simulator_base import Answer, Api, simulated

from zilliz_local.cloud import MOVIES

PATH = f"/v2/clusters/{MOVIES}"
DYNAMIC = {"cu": {"min": 4, "max": 8}}
SCHEDULED = {"replica": {"schedules": [{"cron": "0  8 * * 1-5", "target": 2}]}}


async def modify(api: Api, **body: Any) -> Answer:
    return await api.post(f"{PATH}/modify", body)


async def types(api: Api) -> list[tuple[str, str]]:
    rows = (await api.get("/console/v1/jobs", clusterId=MOVIES)).data["jobs"]
    return [(row["type"], row["status"]) for row in rows]


async def test_the_console_lists_cluster_jobs_that_no_answer_names() -> None:
    """The job page shows them, so the operator's page must be able to."""
    async with simulated() as (cloud, api):
        for action in ("suspend", "resume"):
            assert "jobId" not in (await api.post(f"{PATH}/{action}")).data
            cloud.advance(15)
        assert "jobId" not in (await modify(api, cuSize=8, replica=2)).data
        assert sorted(await types(api)) == [
            ("RESUME_CLUSTER", "SUCCESSFUL"), ("SCALE_CU", "IN_PROGRESS"), ("SCALE_REPLICA", "IN_PROGRESS"),
            ("SUSPEND_CLUSTER", "SUCCESSFUL"),
        ]  # fmt: skip
        assert not any(row["cancelable"] for row in (await api.get("/console/v1/jobs")).data["jobs"])
        cloud.advance(20)
        seen = (await api.get(PATH)).data
        assert (seen["cuSize"], seen["replica"], seen["status"]) == (8, 2, "RUNNING")


@pytest.mark.parametrize(
    ("action", "job_type", "body"),
    [
        ("suspend", "SUSPEND_CLUSTER", {}),
        ("modify", "SCALE_CU", {"cuSize": 8}),
        ("modify", "SCALE_CU", {"autoscaling": DYNAMIC}),
    ],
)
async def test_a_failed_cluster_job_leaves_the_cluster_as_it_was(action: str, job_type: str, body: Any) -> None:
    """Neither old nor new would be a third state that nobody can explain."""
    async with simulated() as (cloud, api):
        before = (await api.get(PATH)).data
        cloud.next_job(job_type, failure="no capacity in this zone", run_seconds=40)
        await api.post(f"{PATH}/{action}", body)
        cloud.advance(19)
        assert (await api.get(PATH)).data["status"] in ("STOPPING", "MODIFYING")
        cloud.advance(2)
        assert (await api.get(PATH)).data == before
        assert (await types(api))[0] == (job_type, "FAILED")


async def test_a_cluster_follows_its_job_when_that_is_forced() -> None:
    """Else the page and the cluster would tell two stories."""
    async with simulated() as (cloud, api):
        await api.post(f"{PATH}/suspend")
        (job,) = cloud.jobs.all()
        cloud.force(job.job_id, "IN_PROGRESS")
        cloud.advance(1000)
        assert (await api.get(PATH)).data["status"] == "STOPPING"
        cloud.force(job.job_id, "SUCCESSFUL")
        assert (await api.get(PATH)).data["status"] == "STOPPED"


async def test_dynamic_and_scheduled_scaling_are_echoed() -> None:
    """What was accepted can be read only here."""
    async with simulated() as (cloud, api):
        cloud.behave(autoscaling_replaced=False)
        for autoscaling in (DYNAMIC, SCHEDULED):
            await modify(api, autoscaling=autoscaling)
            assert (await modify(api, cuSize=2)).code == 40003, "while MODIFYING"
            cloud.advance(20)
        seen = (await api.get(PATH)).data
        assert seen["autoscaling"] == DYNAMIC | SCHEDULED
        assert seen["cuSize"] == 4, "brought into its limits"


async def test_the_echo_can_be_normalised() -> None:
    """An operator that compares texts would send the same thing for ever."""
    async with simulated() as (cloud, api):
        cloud.behave(autoscaling_echo_normalised=True)
        await modify(api, autoscaling=SCHEDULED)
        schedule = {"cron": "0 8 * * 1-5", "target": 2, "timezone": "UTC"}
        assert (await api.get(PATH)).data["autoscaling"] == {
            "cu": {"min": None, "max": None, "schedules": []},
            "replica": {"min": None, "max": None, "schedules": [schedule]},
        }


async def test_a_fixed_size_ends_the_autoscaling_of_its_dimension() -> None:
    """Else the autoscaler would undo what the user asked for."""
    async with simulated() as (cloud, api):
        cloud.behave(autoscaling_replaced=False)
        await modify(api, autoscaling=DYNAMIC | SCHEDULED)
        cloud.advance(20)
        await modify(api, cuSize=2)
        cloud.advance(20)
        seen = (await api.get(PATH)).data
        assert (seen["cuSize"], seen["autoscaling"]) == (2, SCHEDULED)
        await api.post(f"{PATH}/modifyReplica", {"replica": 1})
        assert (await api.get(PATH)).data["autoscaling"] == {}


@pytest.mark.parametrize(
    ("verb", "body", "left"),
    [
        ("modify", {"autoscaling": {"cu": {"min": 1, "max": 2}}}, {"cu": {"min": 1, "max": 2}}),
        ("modify", {"cuSize": 2}, {}),
        ("modifyReplica", {"replica": 1}, {}),
        ("modify", {"cuSize": 2, "autoscaling": SCHEDULED}, SCHEDULED),
        ("modifyReplica", {"replica": 1, "autoscaling": DYNAMIC}, DYNAMIC),
    ],
)
async def test_every_call_replaces_the_rules_of_both_dimensions(verb: str, body: Any, left: Any) -> None:
    """As the vendor's Terraform provider knows the cloud: whoever leaves a rule out deletes it."""
    async with simulated() as (cloud, api):
        await modify(api, autoscaling=DYNAMIC | SCHEDULED)
        cloud.advance(20)
        assert (await api.post(f"{PATH}/{verb}", body)).code == 0
        assert (await api.get(PATH)).data["autoscaling"] == left


async def test_the_dialects_of_scaling() -> None:
    """A real mock server of the vendor answers so; a client must live with each."""
    async with simulated() as (cloud, api):
        cloud.behave(size_excludes_rules=True, modify_takes_replica=False, schedule_time_zones=False)
        assert (await modify(api, cuSize=4, autoscaling=SCHEDULED)).http == 400
        assert (await modify(api, replica=2)).http == 500
        assert not cloud.ledger.effects()
        row = {"cron": "0 8 * * *", "target": 2, "timezone": "Europe/Berlin"}
        await modify(api, autoscaling={"replica": {"schedules": [row]}})
        told = (await api.get(PATH)).data["autoscaling"]
        assert told == {"replica": {"schedules": [{"cron": "0 8 * * *", "target": 2}]}}
        cloud.behave(autoscaling_told=False)
        assert "autoscaling" not in (await api.get(PATH)).data


@pytest.mark.parametrize(
    "body",
    [
        {"autoscaling": {"cu": {"min": 4}}},
        {"autoscaling": {"cu": {"min": 8, "max": 4}}},
        {"autoscaling": {"cu": {"min": 1, "max": 2, "schedules": [{"cron": "* * * * *", "target": 1}]}}},
        {"autoscaling": {"replica": {"min": 1, "max": 11}}},
        {"autoscaling": {"replica": {"schedules": [{"cron": "* * * * *"}]}}},
        {"autoscaling": "dynamic"},
        {"cuSize": 1025},
        {"cuSize": 1024, "replica": 2},
    ],
)
async def test_scaling_rules_are_checked(body: dict[str, Any]) -> None:
    """Documented ranges and exclusions."""
    async with simulated() as (cloud, api):
        assert (await modify(api, **body)).code == 400
        assert not cloud.ledger.effects()


async def test_replicas_alone_have_a_smaller_range() -> None:
    """Documented: 8 there, 10 elsewhere."""
    async with simulated() as (_, api):
        assert (await api.post(f"{PATH}/modifyReplica", {"replica": 9})).code == 400
        assert (await api.post(f"{PATH}/modifyReplica", {"cuSize": 9})).code == 1801
        assert (await modify(api, replica=9)).code == 0


async def test_the_autoscaler_changes_sizes_behind_our_back() -> None:
    """Its change is nobody's submission; an operator must neither claim nor fight it."""
    async with simulated() as (cloud, api):
        await modify(api, autoscaling=DYNAMIC)
        assert cloud.autoscale(MOVIES, cuSize=6)["code"] == 40003
        cloud.advance(20)
        assert (await api.post("/_sim/autoscale", {"clusterId": MOVIES, "cuSize": 6})).code == 0
        assert (await api.get(PATH)).data["status"] == "MODIFYING"
        cloud.advance(20)
        seen = (await api.get(PATH)).data
        assert (seen["cuSize"], seen["autoscaling"]) == (6, DYNAMIC)
        assert [effect.client for effect in cloud.ledger.effects(kind="modify")] == ["api", "autoscaler"]


async def test_a_rival_scales_first() -> None:
    """The cluster is then busy, and not with our change."""
    async with simulated() as (cloud, api):
        cloud.rival_on("cluster.modify", when="before")
        assert (await modify(api, cuSize=8)).code == 40003
        assert [effect.client for effect in cloud.ledger.effects()] == ["rival"]


async def test_every_type_of_job_has_its_pace() -> None:
    """A demo or a test must be able to slow down any of them; a misspelt type is an error."""
    async with simulated() as (cloud, api):
        body = {"restore": {"runSeconds": 99}, "migration": {"pendingSeconds": 7}, "suspendSeconds": 50}
        await api.call("PATCH", "/_sim/defaults", json=body)
        durations = cloud.world.durations
        assert [durations.of(word).run_seconds for word in ("RESTORE", "SUSPEND_CLUSTER")] == [99, 50]
        assert durations.of("MIGRATION").pending_seconds == 7
        assert (await api.post("/_sim/next", {"type": "SCALE_REPLICA", "runSeconds": 300})).http == 200
        assert (await api.post("/_sim/next", {"type": "RESTORATION"})).http == 400
