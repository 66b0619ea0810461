"""Each typed call against canned answers. If these fail, a whole kind of job cannot be followed or started."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest
from tests.unit.cloud.stub import KEY, URL, data, failure, open_fence

from zilliz_jobs.cloud.effects import Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch, Unauthorised
from zilliz_jobs.cloud.imports import ImportRequest, ImportTarget
from zilliz_jobs.cloud.imports_v1 import ImportRequestV1
from zilliz_jobs.cloud.limiter import HEADROOM, Limiter
from zilliz_jobs.cloud.session import CloudSession, fingerprint

ONCE = {"token": "t-1", "fence": open_fence}
TARGET = ImportTarget(cluster_id="in01-a")
JOB = {
    "jobId": "job-1",
    "type": "BACKUP",
    "status": "IN_PROGRESS",
    "progress": "40",
    "startTime": "2026-03-01T10:00:00Z",
    "endTime": "",
    "reason": "",
}


async def test_a_job_is_read_from_data_or_from_the_top_level(session, cloud):
    cloud.says(data(JOB), httpx2.Response(200, json={"code": 0, **JOB}), httpx2.Response(200, json=JOB))
    jobs = [await session.jobs.describe("job-1") for _ in range(3)]
    assert jobs[0] == jobs[1] == jobs[2]
    assert (jobs[0].progress, jobs[0].end_time) == (40, None)
    assert jobs[0].start_time == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert cloud.paths == ["/v2/jobs/job-1"] * 3


async def test_an_unknown_job_is_not_found(session, cloud):
    cloud.says(failure(90144, "no such job"))
    with pytest.raises(NotFound, match="cannot read job job-9: no such job \\(code 90144\\)"):
        await session.jobs.describe("job-9")


async def test_an_answer_about_nothing_is_no_job(session, cloud):
    cloud.says({})
    with pytest.raises(ProtocolMismatch, match="jobId"):
        await session.jobs.describe("job-1")


async def test_an_import_is_created_with_exactly_what_was_given(session, cloud):
    cloud.says({"jobId": "job-7"})
    request = ImportRequest(
        cluster_id="in01-a",
        collection_name="books",
        object_urls=[["s3://b/f.parquet"]],
        access_key="AK-1",
        secret_key="SK-1",
        options={"timeout": "300s"},
    )
    reply = await session.imports.create(request, **ONCE)
    assert isinstance(reply, Taken)
    assert reply.text("jobId") == "job-7"
    assert cloud.bodies[0] == {
        "clusterId": "in01-a",
        "collectionName": "books",
        "objectUrls": [["s3://b/f.parquet"]],
        "accessKey": "AK-1",
        "secretKey": "SK-1",
        "options": {"timeout": "300s"},
    }
    assert "SK-1" not in repr(request)


@pytest.mark.parametrize("answer", [{}, {"jobId": ""}, [], {"jobId": None}])
async def test_a_success_that_names_no_job_is_uncertain(session, cloud, answer):
    cloud.says(answer)
    reply = await session.imports.create(ImportRequest(collection_name="books"), **ONCE)
    assert isinstance(reply, Uncertain)


async def test_a_created_import_may_come_as_a_list(session, cloud):
    cloud.says([{"jobId": 44876}])
    reply = await session.imports.create(ImportRequest(collection_name="books"), **ONCE)
    assert isinstance(reply, Taken)
    assert reply.text("jobId") == "44876"


async def test_imports_are_listed_over_all_pages(session, cloud):
    full = [{"jobId": f"job-{n}", "collectionName": "books", "state": "Completed"} for n in range(100)]
    cloud.says(
        {"count": 100, "currentPage": 1, "pageSize": 100, "records": full},
        {"count": 1, "currentPage": 2, "pageSize": 100, "records": [{"jobId": 5, "state": "InProgress"}]},
    )
    rows = await session.imports.list(TARGET, database="default")
    assert [rows[0].job_id, rows[-1].job_id, len(rows)] == ["job-0", "5", 101]
    assert cloud.bodies[1] == {"clusterId": "in01-a", "dbName": "default", "currentPage": 2, "pageSize": 100}


PROGRESS = {
    "jobId": 448761313698322011,
    "collectionName": "books",
    "fileName": "f.parquet",
    "fileSize": "1000",
    "state": "Importing",
    "progress": 45.9,
    "completeTime": None,
    "totalRows": 10,
    "details": [{"fileName": "f.parquet", "fileSize": 1000, "state": "Importing", "progress": "45"}],
}


async def test_the_progress_of_an_import_is_read_whatever_the_shapes(session, cloud):
    cloud.says(PROGRESS)
    progress = await session.imports.progress(TARGET, "job-1")
    assert progress.job_id == "448761313698322011"
    assert (progress.progress, progress.file_size, progress.reason) == (45, 1000, "")
    assert progress.details[0].progress == 45
    cloud.says(PROGRESS | {"details": None})
    assert (await session.imports.progress(TARGET, "job-1")).details == ()


@pytest.mark.parametrize(
    "absent",
    [httpx2.Response(404, text="404 page not found"), failure(404, "no endpoint", 404), failure(405, "method", 405)],
)
async def test_the_spelling_of_progress_that_works_is_kept(session, cloud, absent):
    cloud.says(absent, absent, data(PROGRESS))
    await session.imports.progress(TARGET, "job-1")
    await session.imports.progress(TARGET, "job-1")
    assert [path.rsplit("/", 1)[1] for path in cloud.paths] == [
        "describe",
        "getProgress",
        "get_progress",
        "get_progress",
    ]


async def test_an_unknown_import_does_not_make_other_spellings_be_tried(session, cloud):
    cloud.says(failure(90144, "no such job"))
    with pytest.raises(NotFound):
        await session.imports.progress(TARGET, "job-1")
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("key", ["tasks", "records"])
async def test_v1_imports_are_listed_under_both_keys_with_counts_as_text(session, cloud, key):
    rows = [{"collectionName": "books", "jobId": "job-1", "state": "ImportRunning"}]
    cloud.says(data({key: rows, "count": "1", "currentPage": "1", "pageSize": "10"}, code=200))
    assert [row.state for row in await session.imports_v1.list("in01-a")] == ["ImportRunning"]
    assert cloud.paths == ["/v1/vector/collections/import/list?clusterId=in01-a&pageSize=100&currentPage=1"]


async def test_v1_imports_are_created_and_read(session, cloud):
    cloud.says(data({"jobId": "job-1"}, code=200))
    request = ImportRequestV1(cluster_id="in01-a", collection_name="books", object_url="s3://b/f", access_key="AK-1")
    reply = await session.imports_v1.create(request, **ONCE)
    assert isinstance(reply, Taken)
    assert cloud.bodies[0]["objectUrl"] == "s3://b/f"
    cloud.says(data({"jobId": "job-1", "readyPercentage": 0.5, "completeTime": None, "errorMessage": None}, code=200))
    progress = await session.imports_v1.progress("in01-a", "job-1")
    assert (progress.ready_percentage, progress.complete_time, progress.error_message) == (50, None, "")


async def test_a_backup_is_created_of_a_cluster_or_of_collections(session, cloud):
    cloud.says({"backupId": "backup0_1", "backupName": "b", "jobId": "job-1"})
    await session.backups.create("in01-a", **ONCE)
    await session.backups.create("in01-a", database="db", collections=("x",), copy_regions=("r-1",), **ONCE)
    assert cloud.paths == ["/v2/clusters/in01-a/backups/create"] * 2
    assert cloud.bodies == [
        {"backupType": "CLUSTER"},
        {
            "backupType": "COLLECTION",
            "dbCollections": [{"dbName": "db", "collectionNames": ["x"]}],
            "crossRegionCopies": [{"regionId": "r-1"}],
        },
    ]


async def test_a_backup_without_a_job_id_is_still_followed_by_its_own(session, cloud):
    cloud.says({"backupId": "backup0_1"})
    assert isinstance(await session.backups.create("in01-a", **ONCE), Taken)


async def test_backups_are_listed_with_filters_and_described(session, cloud):
    row = {"backupId": "b1", "status": "CREATING", "size": "112", "createTime": "2026-03-01T10:00:00Z"}
    cloud.says({"count": 1, "currentPage": 1, "pageSize": 100, "backups": [row]})
    start = datetime(2026, 3, 1, tzinfo=UTC)
    rows = await session.backups.list(cluster_id="in01-a", creation_method="MANUAL", start=start)
    assert (rows[0].status, rows[0].size) == ("CREATING", 112)
    assert "clusterId=in01-a&creationMethod=MANUAL&start=2026-03-01T00%3A00%3A00Z" in cloud.paths[0]
    nested = [{"dbName": "default", "collections": [{"collectionName": "books"}]}]
    cloud.says(row | {"dbCollections": nested, "collections": [{"collectionName": "books"}]})
    backup = await session.backups.describe("in01-a", "b1")
    assert backup.db_collections[0].collections[0].collection_name == "books"
    assert backup.collections[0].collection_name == "books"


async def test_a_backup_that_is_gone_cannot_be_deleted_again(session, cloud):
    cloud.says(failure(404, "gone"))
    reply = await session.backups.delete("in01-a", "b1", **ONCE)
    assert isinstance(reply, Refused)
    assert reply.code == 404
    assert cloud.requests[0].method == "DELETE"


async def test_clusters_may_lack_fields_and_write_numbers_as_text(session, cloud):
    row = {"clusterId": "in01-a", "status": "STOPPED", "cuSize": 2, "replica": "3", "autoscaling": {"cu": {"min": 1}}}
    cloud.says({"count": 2, "clusters": [row, {"clusterId": "in01-b"}]})
    rows = await session.clusters.list()
    assert (rows[0].replica, rows[0].autoscaling, rows[1].replica) == (3, {"cu": {"min": 1}}, None)
    cloud.says(row)
    assert (await session.clusters.describe("in01-a")).status == "STOPPED"


async def test_projects_are_a_plain_list(session, cloud):
    cloud.says([{"projectId": "proj-1", "projectName": "Default", "regionIds": None}])
    assert [project.project_id for project in await session.projects.list()] == ["proj-1"]
    cloud.says({"unexpected": 1})
    with pytest.raises(ProtocolMismatch):
        await session.projects.list()
    cloud.says(failure(21119, "Invalid API key", 401))
    with pytest.raises(Unauthorised):
        await session.projects.list()


async def test_the_console_lists_reads_cancels_and_retries(session, cloud):
    cloud.says({"count": 1, "jobs": [JOB | {"clusterId": "in01-a", "creator": "me@x"}]})
    rows = await session.console.list(project_id="proj-1", status="PENDING")
    assert (rows[0].cluster_id, rows[0].created_by) == ("in01-a", "me@x")
    cloud.says(JOB)
    await session.console.describe("job-1")
    await session.console.cancel("job-1", **ONCE)
    await session.console.retry("job-1", **ONCE)
    assert [path.split("?")[0] for path in cloud.paths] == [
        "/console/v1/jobs",
        "/console/v1/jobs/job-1",
        "/console/v1/jobs/job-1/cancel",
        "/console/v1/jobs/job-1/retry",
    ]


async def test_a_cancel_that_is_not_possible_is_refused_with_the_clouds_code(session, cloud):
    cloud.says(failure(40003, "not in this state"))
    reply = await session.console.cancel("job-1", **ONCE)
    assert isinstance(reply, Refused)
    assert reply.code == 40003


async def test_a_session_shows_a_fingerprint_and_never_its_key(cloud):
    session = CloudSession(URL + "/", KEY, wire=httpx2.MockTransport(cloud.handle))
    assert len(session.fingerprint) == 12
    assert session.fingerprint == fingerprint(KEY + "\n")
    assert KEY not in repr(session)
    assert session.console is None
    assert session.imports_v1 is not None
    await session.close()


async def test_at_the_vendors_own_hosts_v1_needs_a_region_and_has_a_host_of_its_own(cloud):
    cloud.says(data({"tasks": []}, code=200))
    plain = CloudSession("https://api.cloud.zilliz.com", KEY, wire=httpx2.MockTransport(cloud.handle))
    assert plain.imports_v1 is None
    wire = httpx2.MockTransport(cloud.handle)
    regional = CloudSession("https://api.cloud.zilliz.com", KEY, v1_region="aws-us-west-2", wire=wire)
    await regional.imports_v1.list("in01-a")
    assert cloud.requests[0].url.host == "controller.api.aws-us-west-2.zillizcloud.com"
    await plain.close()
    await regional.close()


@pytest.mark.looptime
async def test_sessions_of_one_key_share_one_budget(cloud):
    cloud.says([])
    limiter, wire = Limiter(20), httpx2.MockTransport(cloud.handle)
    one, two = (CloudSession(URL, KEY, limiter=limiter, wire=wire) for _ in range(2))
    one.set_rate(1)
    await one.projects.list()
    await two.projects.list()
    assert asyncio.get_running_loop().time() == pytest.approx(HEADROOM)
    await one.close()
    await two.close()
