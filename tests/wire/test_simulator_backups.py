"""Backups on the simulated cloud: the life of a job, one at a time, copies, what lists do and do not say."""

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local.cloud import MOVIES, SHOP, ClusterFields


async def test_a_backup_is_pending_then_runs_then_is_available() -> None:
    """The quick start shows exactly this."""
    async with simulated() as (cloud, api):
        made = (await api.back_up()).data
        path = f"/v2/clusters/{MOVIES}/backups/{made['backupId']}"
        seen = []
        for seconds in (0, 7, 10, 10):
            cloud.advance(seconds)
            job = (await api.get(f"/v2/jobs/{made['jobId']}")).data
            seen.append((job["status"], job["progress"], bool(job["endTime"]), (await api.get(path)).data["status"]))
        assert seen == [
            ("PENDING", "0", False, "CREATING"),
            ("IN_PROGRESS", "25", False, "CREATING"),
            ("IN_PROGRESS", "75", False, "CREATING"),
            ("SUCCESSFUL", "100", True, "AVAILABLE"),
        ]
        assert job["reason"] == ""
        assert job["type"] == "BACKUP"


async def test_progress_never_falls() -> None:
    """A falling percentage would look like a lost job."""
    async with simulated() as (cloud, api):
        job_id = (await api.back_up()).data["jobId"]
        seen = []
        for _ in range(30):
            cloud.advance(1)
            seen.append(cloud.look(job_id).progress)
        assert seen == sorted(seen)
        assert seen[-1] == 100


async def test_one_manual_backup_at_a_time_per_cluster() -> None:
    """The operator must wait for its turn instead of reporting a failure."""
    async with simulated() as (cloud, api):
        await api.back_up()
        assert (await api.back_up()).code == 40003
        assert (await api.back_up(SHOP)).code == 0
        cloud.advance(22)
        assert (await api.back_up()).code == 0


async def test_no_manual_backup_starts_beside_an_automatic_one() -> None:
    """Automatic backups are nobody's objects, yet they hold up ours."""
    async with simulated() as (cloud, api):
        body: dict[str, object] = {"backupType": "CLUSTER", "creationMethod": "AUTO"}
        cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", body)
        assert (await api.back_up()).code == 40003
        listed = (await api.get("/v2/backups", clusterId=MOVIES, creationMethod="MANUAL")).data
        assert listed["backups"] == []


async def test_only_a_running_dedicated_cluster_is_backed_up() -> None:
    """Refused at once, with a code that says why."""
    async with simulated() as (cloud, api):
        cloud.world.put_cluster(MOVIES, ClusterFields(status="STOPPED"))
        assert (await api.back_up()).code == 40003
        cloud.world.put_cluster(MOVIES, ClusterFields(deployment_option="Serverless"))
        assert (await api.back_up()).code == 80021


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"backupType": ""}, 400),
        ({"backupType": "DATABASE"}, 400),
        ({"backupType": "COLLECTION"}, 400),
        ({"backupType": "COLLECTION", "dbCollections": [{"dbName": "default"}]}, 400),
        ({"backupType": "COLLECTION", "dbCollections": [{"collectionNames": ["nope"]}]}, 47005),
        ({"backupType": "COLLECTION", "dbCollections": [{"dbName": "", "collectionNames": ["films"]}]}, 0),
    ],
)
async def test_the_backups_request_is_checked(body: dict[str, object], code: int) -> None:
    """A typo must be told, not stored as a backup of something else."""
    async with simulated() as (cloud, api):
        assert (await api.back_up(**body)).code == code
        assert len(cloud.ledger.effects()) == (code == 0)


async def test_copies_start_when_the_backup_has_ended_and_nobody_is_told_their_ids() -> None:
    """A status that claimed to know the copies would be a guess."""
    async with simulated() as (cloud, api):
        made = await api.back_up(crossRegionCopies=[{"regionId": "aws-us-east-1"}, {"regionId": "aws-eu-west-1"}])
        assert set(made.data) == {"backupId", "backupName", "jobId"}
        cloud.advance(21)
        assert len(cloud.jobs) == 1
        cloud.advance(60)
        rows = (await api.get("/console/v1/jobs", type="CROSS_REGION_COPY")).data["jobs"]
        assert {row["regionId"] for row in rows} == {"aws-us-east-1", "aws-eu-west-1"}
        assert {row["startTime"] for row in rows} == {cloud.clock.stamp(22)}
        assert len(cloud.ledger.effects(kind="copy")) == 2
        assert (await api.get("/v2/backups")).data["count"] == 1


async def test_a_cancelled_backup_is_never_copied() -> None:
    """Else a cancelled job would go on costing money in another region."""
    async with simulated() as (cloud, api):
        made = (await api.back_up(crossRegionCopies=[{"regionId": "aws-us-east-1"}])).data
        await api.post(f"/console/v1/jobs/{made['jobId']}/cancel")
        cloud.advance(1000)
        assert len(cloud.jobs) == 1


async def test_lists_never_name_the_job() -> None:
    """So a lost answer can be found again by inference only."""
    async with simulated() as (cloud, api):
        made = (await api.back_up()).data
        cloud.advance(30)
        row = (await api.get("/v2/backups", clusterId=MOVIES)).data["backups"][0]
        assert row["backupId"] == made["backupId"]
        described = (await api.get(f"/v2/clusters/{MOVIES}/backups/{made['backupId']}")).data
        assert "jobId" not in row | described
        assert {name["collectionName"] for name in described["dbCollections"][0]["collections"]} >= {"films"}


@pytest.mark.parametrize("listed", [False, True])
async def test_a_failed_backup_is_listed_only_on_request(listed: bool) -> None:
    """The documented words have none for it, so a look-up may not rely on finding it."""
    async with simulated() as (cloud, api):
        cloud.behave(failed_backups_listed=listed)
        cloud.next_job("BACKUP", run_seconds=4, failure="no space left")
        made = (await api.back_up()).data
        cloud.advance(30)
        job = (await api.get(f"/v2/jobs/{made['jobId']}")).data
        assert (job["status"], job["reason"]) == ("FAILED", "no space left")
        assert (await api.get("/v2/backups")).data["count"] == listed
        assert (await api.get(f"/v2/clusters/{MOVIES}/backups/{made['backupId']}")).code == (0 if listed else 404)


async def test_a_deleted_backup_leaves_the_list_but_can_be_described() -> None:
    """DELETED is documented for describe only."""
    async with simulated() as (cloud, api):
        made = (await api.back_up()).data
        path = f"/v2/clusters/{MOVIES}/backups/{made['backupId']}"
        assert (await api.call("DELETE", path)).code == 40003
        cloud.advance(30)
        assert (await api.call("DELETE", path)).data["backupId"] == made["backupId"]
        assert (await api.get(path)).data["status"] == "DELETED"
        assert (await api.get("/v2/backups")).data["count"] == 0


async def test_the_list_can_be_narrowed_to_a_time() -> None:
    """A look-up after a crash asks for what was made since."""
    async with simulated() as (cloud, api):
        await api.back_up()
        cloud.advance(100)
        await api.back_up()
        since = cloud.clock.stamp(50)
        assert (await api.get("/v2/backups", start=since)).data["count"] == 1
        assert (await api.get("/v2/backups", end=since)).data["count"] == 1
        assert (await api.get("/v2/backups", start="yesterday")).code == 400
