"""The console API of the simulated cloud: every job in one list, cancel, retry; and clusters that change."""

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local.cloud import MOVIES, PROJECT, SHOP, StoredObject

BROKEN = "s3://demo-data/broken/films.parquet"


async def test_the_list_holds_jobs_of_every_type_newest_first() -> None:
    """The job-centre page is made of it."""
    async with simulated() as (cloud, api):
        first = (await api.back_up()).data["jobId"]
        cloud.advance(1)
        second = (await api.import_films()).data["jobId"]
        page = (await api.get("/console/v1/jobs", projectId=PROJECT)).data
        assert [row["jobId"] for row in page["jobs"]] == [second, first]
        for query, wanted in (
            ({"type": "BACKUP"}, 1),
            ({"status": "PENDING"}, 2),
            ({"clusterId": SHOP}, 0),
            ({"projectId": "proj-x"}, 0),
        ):
            assert (await api.get("/console/v1/jobs", **query)).data["count"] == wanted, query


@pytest.mark.parametrize("seconds", [0, 10])
async def test_a_cancel_takes_a_while_and_stops_the_progress(seconds: float) -> None:
    """A user must see Canceling, and no success afterwards."""
    async with simulated() as (cloud, api):
        made = (await api.back_up()).data
        cloud.advance(seconds)
        before = cloud.look(made["jobId"]).progress
        path = f"/console/v1/jobs/{made['jobId']}/cancel"
        assert (await api.post(path)).data == {"jobId": made["jobId"], "status": "CANCELING"}
        cloud.advance(1)
        assert (await api.post(path)).data["status"] == "CANCELING", "a cancel can be repeated"
        cloud.advance(1000)
        job = (await api.get(f"/v2/jobs/{made['jobId']}")).data
        assert (job["status"], job["progress"], job["reason"]) == ("CANCELED", str(before), "")
        assert job["endTime"] == cloud.clock.stamp(seconds + 3)
        assert len(cloud.ledger.effects(kind="cancel")) == 1
        assert (await api.get("/v2/backups")).data["count"] == 0
        assert (await api.back_up()).code == 0, "the cluster is free again"


async def test_what_has_ended_or_is_no_backup_cannot_be_cancelled() -> None:
    """The operator must be able to say why, so the refusal has a code and a message."""
    async with simulated() as (cloud, api):
        backup, films = (await api.back_up()).data["jobId"], (await api.import_films()).data["jobId"]
        assert (await api.post(f"/console/v1/jobs/{films}/cancel")).code == 40003
        cloud.advance(100)
        refused = await api.post(f"/console/v1/jobs/{backup}/cancel")
        assert refused.code == 40003
        assert "SUCCESSFUL" in refused.body["message"]
        assert (await api.post("/console/v1/jobs/job-none/cancel")).code == 90144


@pytest.mark.parametrize("keeps_id", [True, False])
async def test_a_failed_import_can_be_retried_once_its_file_is_mended(keeps_id: bool) -> None:
    """The documentation does not say whether the id stays; both must work."""
    async with simulated() as (cloud, api):
        cloud.behave(retry_keeps_id=keeps_id)
        failed = (await api.import_films(BROKEN)).data["jobId"]
        assert (await api.post(f"/console/v1/jobs/{failed}/retry")).code == 40003, "it still runs"
        cloud.advance(60)
        cloud.objects.put(BROKEN, StoredObject())
        again = (await api.post(f"/console/v1/jobs/{failed}/retry", token="t")).data
        assert (again["jobId"] == failed) == keeps_id
        assert again["status"] == "PENDING"
        cloud.advance(60)
        assert (await api.progress(again["jobId"])).data["state"] == "Completed"
        assert cloud.ledger.effects_per_token() == {"t": 1}
        assert (await api.post(f"/console/v1/jobs/{again['jobId']}/retry")).code == 40003, "it has succeeded"


async def test_a_backup_cannot_be_retried() -> None:
    """Documented: imports only."""
    async with simulated() as (cloud, api):
        cloud.next_job("BACKUP", failure="no space left")
        job_id = (await api.back_up()).data["jobId"]
        cloud.advance(100)
        assert (await api.post(f"/console/v1/jobs/{job_id}/retry")).code == 40003


async def test_suspend_and_resume_go_through_their_states() -> None:
    """They return no jobId: the cluster's status is all there is to follow."""
    async with simulated() as (cloud, api):
        path = f"/v2/clusters/{MOVIES}"
        seen = []
        for action in ("suspend", "resume"):
            assert set((await api.post(f"{path}/{action}")).data) == {"clusterId", "prompt"}
            seen.append((await api.get(path)).data["status"])
            assert (await api.back_up()).code == 40003
            cloud.advance(15)
            seen.append((await api.get(path)).data["status"])
            assert (await api.post(f"{path}/{action}")).code == 40003
        assert seen == ["STOPPING", "STOPPED", "RESUMING", "RUNNING"]


async def test_scaling_blocks_other_work_and_takes_effect_at_its_end() -> None:
    """An operator that scales and backs up at once must wait."""
    async with simulated() as (cloud, api):
        path = f"/v2/clusters/{MOVIES}"
        await api.post(f"{path}/modify", {"cuSize": 8})
        seen = (await api.get(path)).data
        assert (seen["status"], seen["cuSize"]) == ("MODIFYING", 2)
        assert (await api.import_films()).code == 40003
        cloud.advance(20)
        seen = (await api.get(path)).data
        assert (seen["status"], seen["cuSize"]) == ("RUNNING", 8)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1801),
        ({"cuSize": 0}, 400),
        ({"cuSize": "8"}, 400),
        ({"replica": 11}, 400),
        ({"cuSize": 2, "autoscaling": {"cu": {"min": 1, "max": 2}}}, 400),
        ({"autoscaling": {"cu": {"min": 1, "max": 2}}}, 0),
    ],
)
async def test_scaling_requests_are_checked(body: dict[str, object], code: int) -> None:
    """Documented ranges and exclusions."""
    async with simulated() as (_, api):
        assert (await api.post(f"/v2/clusters/{MOVIES}/modify", body)).code == code
