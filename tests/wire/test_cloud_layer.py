"""The cloud layer against the simulated cloud, over real sockets. Each test says what a user would lose."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.effects import NotSent, Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import CloudError, NotFound, ProtocolMismatch, Transient, Unauthorised
from zilliz_jobs.cloud.imports import ImportRequest, ImportTarget
from zilliz_jobs.cloud.imports_v1 import ImportRequestV1
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Timeouts
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.reasons import Reason
from zilliz_local.cloud import KEY, MOVIES, PROJECT, CloudSimulator, ManualClock

FILMS = [["s3://demo-data/films/part-1.parquet"]]
TARGET = ImportTarget(cluster_id=MOVIES)


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator(clock=ManualClock()) as simulator:
        yield simulator


@pytest.fixture
async def session(cloud: CloudSimulator) -> AsyncIterator[CloudSession]:
    session = CloudSession(cloud.url, KEY, console_path="/console/v1", timeouts=Timeouts(total=5))
    yield session
    await session.close()


def sends(token: str) -> dict:
    return {"token": token, "fence": lambda: None}


def films(**fields) -> ImportRequest:
    return ImportRequest(cluster_id=MOVIES, db_name="default", collection_name="films", object_urls=FILMS, **fields)


async def test_a_backup_is_followed_from_its_creation_to_its_deletion(cloud, session):
    reply = await session.backups.create(MOVIES, **sends("t-1"))
    assert isinstance(reply, Taken)
    job_id, backup_id = reply.text("jobId"), reply.text("backupId")
    assert state_of((await session.jobs.describe(job_id)).status) in (State.PENDING, State.IN_PROGRESS)
    cloud.advance(3600)
    job = await session.jobs.describe(job_id)
    assert (state_of(job.status), job.progress) == (State.SUCCESSFUL, 100)
    assert job.end_time is not None
    backup = await session.backups.describe(MOVIES, backup_id)
    assert state_of(backup.status) is State.SUCCESSFUL
    rows = await session.backups.list(cluster_id=MOVIES, creation_method="MANUAL")
    assert [row.backup_id for row in rows] == [backup_id]
    assert isinstance(await session.backups.delete(MOVIES, backup_id, **sends("t-2")), Taken)
    gone = await session.backups.describe(MOVIES, backup_id)
    assert state_of(gone.status) is State.UNKNOWN
    with pytest.raises(NotFound):
        await session.backups.describe(MOVIES, "backup0_unknown")
    assert cloud.ledger.effects_per_token()["t-1"] == 1


async def test_a_second_backup_at_the_same_time_is_refused_with_the_clouds_code(cloud, session):
    await session.backups.create(MOVIES, **sends("t-1"))
    reply = await session.backups.create(MOVIES, **sends("t-2"))
    assert isinstance(reply, Refused)
    assert reply.code == 40003


async def test_an_import_is_created_listed_and_followed(cloud, session):
    reply = await session.imports.create(films(), **sends("t-1"))
    assert isinstance(reply, Taken)
    job_id = reply.text("jobId")
    assert [row.job_id for row in await session.imports.list(TARGET)] == [job_id]
    cloud.advance(3600)
    progress = await session.imports.progress(TARGET, job_id)
    assert (state_of(progress.state), progress.progress) == (State.SUCCESSFUL, 100)
    assert progress.details[0].file_name
    with pytest.raises(NotFound):
        await session.imports.progress(TARGET, "job-unknown")


async def test_a_v1_import_is_created_listed_and_followed(cloud, session):
    request = ImportRequestV1(cluster_id=MOVIES, collection_name="films", object_url=FILMS[0][0])
    reply = await session.imports_v1.create(request, **sends("t-1"))
    assert isinstance(reply, Taken)
    job_id = reply.text("jobId")
    cloud.advance(3600)
    assert [state_of(row.state) for row in await session.imports_v1.list(MOVIES)] == [State.SUCCESSFUL]
    progress = await session.imports_v1.progress(MOVIES, job_id)
    assert progress.ready_percentage == 100
    assert progress.complete_time is not None


async def test_a_list_of_many_pages_is_complete_although_count_lies(cloud, session):
    cloud.behave(count_of_page_only=True)
    for _ in range(230):
        cloud.act_as("console", "POST", "/v2/vectordb/jobs/import/create", films().model_dump(by_alias=True))
    assert len(await stable(lambda: session.imports.list(TARGET), key=lambda row: row.job_id)) == 230


async def test_clusters_and_projects_are_read(cloud, session):
    assert MOVIES in [cluster.cluster_id for cluster in await session.clusters.list()]
    cluster = await session.clusters.describe(MOVIES)
    assert (cluster.status, cluster.project_id) == ("RUNNING", PROJECT)
    assert PROJECT in [project.project_id for project in await session.projects.list()]
    with pytest.raises(NotFound):
        await session.clusters.describe("in01-unknown")
    cloud.behave(cluster_has_replica=False)
    assert (await session.clusters.describe(MOVIES)).replica is None


async def test_the_console_cancels_and_retries(cloud, session):
    backup = await session.backups.create(MOVIES, **sends("t-1"))
    assert isinstance(backup, Taken)
    job_id = backup.text("jobId")
    assert isinstance(await session.console.cancel(job_id, **sends("t-2")), Taken)
    cloud.advance(60)
    assert state_of((await session.console.describe(job_id)).status) is State.CANCELED
    cloud.next_job("IMPORT", failure="bad file")
    failed = await session.imports.create(films(), **sends("t-4"))
    assert isinstance(failed, Taken)
    cloud.advance(3600)
    late = await session.console.cancel(failed.text("jobId"), **sends("t-5"))
    assert isinstance(late, Refused)
    retried = await session.console.retry(failed.text("jobId"), **sends("t-6"))
    assert isinstance(retried, Taken)
    rows = await session.console.list(project_id=PROJECT, cluster_id=MOVIES)
    assert {row.job_id for row in rows} >= {job_id, retried.text("jobId")}


LOST = [
    ("hung up before the effect", "drop_before", {}, Uncertain, 0),
    ("hung up after the effect", "drop_after", {}, Uncertain, 1),
    ("502 after the effect", "status_after", {"status": 502}, Uncertain, 1),
    ("504 after the effect", "status_after", {"status": 504}, Uncertain, 1),
    ("408 after the effect", "status_after", {"status": 408}, Uncertain, 1),
    ("302 after the effect", "status_after", {"status": 302}, Uncertain, 1),
    ("HTML after the effect", "garbage_after", {}, Uncertain, 1),
    ("half an answer after the effect", "malformed_json", {}, Uncertain, 1),
    ("an answer without the id", "omit_job_id", {}, Uncertain, 1),
    ("late after the effect", "latency_after", {"seconds": 1.5}, Uncertain, 1),
    ("500", "status", {"status": 500}, Uncertain, 0),
    ("throttled", "rate_limit", {"retry_after": 7}, Refused, 0),
    ("403", "status", {"status": 403}, Refused, 0),
    ("an unknown code", "status", {"status": 200, "body": {"code": 31337, "message": "?"}}, Uncertain, 0),
]


@pytest.mark.parametrize(("case", "action", "more", "kind", "effects"), LOST, ids=[case[0] for case in LOST])
async def test_an_answer_is_never_called_harmless_when_the_job_may_run(cloud, case, action, more, kind, effects):
    cloud.fault("import.create", action, times=1, **more)
    session = CloudSession(cloud.url, KEY, timeouts=Timeouts(total=1))
    reply = await session.imports.create(films(), **sends("t-1"))
    assert type(reply) is kind, case
    assert cloud.ledger.effects_per_token().get("t-1", 0) == effects
    if action == "rate_limit":
        assert isinstance(reply, Refused)
        assert (reply.http_status, reply.retry_after) == (429, 7)
        assert session.limiter.paused_for > 6
    await session.close()


@pytest.mark.parametrize(
    ("action", "more", "kind"),
    [
        ("drop_before", {}, Transient),
        ("status", {"status": 500}, Transient),
        ("rate_limit", {}, Transient),
        ("malformed_json", {}, ProtocolMismatch),
        ("garbage_after", {}, ProtocolMismatch),
    ],
)
async def test_a_failed_read_is_never_an_empty_list(cloud, session, action, more, kind):
    cloud.fault("import.list", action, times=1, **more)
    with pytest.raises(kind):
        await session.imports.list(TARGET)


async def test_an_unknown_word_is_no_error(cloud, session):
    reply = await session.imports.create(films(), **sends("t-1"))
    assert isinstance(reply, Taken)
    cloud.fault("job.get", "unknown_status", word="HIBERNATING")
    job = await session.jobs.describe(reply.text("jobId"))
    assert job.status == "HIBERNATING"
    assert state_of(job.status) is None


async def test_an_outage_says_nothing_and_a_wrong_key_says_which(cloud):
    session = CloudSession(cloud.url, "wrong-key")
    with pytest.raises(Unauthorised) as error:
        await session.projects.list()
    assert "wrong-key" not in str(error.value)
    reply = await session.backups.create(MOVIES, **sends("t-1"))
    assert isinstance(reply, Refused)
    assert (reply.code, reply.http_status) == (21119, 401)
    cloud.go_down()
    with pytest.raises(Transient):
        await session.projects.list()
    await cloud.stop()
    reply = await session.backups.create(MOVIES, **sends("t-2"))
    assert isinstance(reply, NotSent)
    assert reply.reason == Reason.CLOUD_UNREACHABLE
    await session.close()


async def test_the_clouds_clock_is_the_one_that_counts(cloud, session):
    await session.projects.list()
    before = session.cloud_time
    cloud.advance(100)
    await session.projects.list()
    assert session.cloud_time - before >= timedelta(seconds=99)


async def test_a_rush_of_reads_and_submissions_is_never_throttled(cloud, session):
    """Three seconds of real time at the documented limit."""
    cloud.behave(max_unfinished_imports_per_collection=1000)
    results = await asyncio.gather(
        *(session.jobs.describe("job-unknown") for _ in range(50)),
        *(session.imports.create(films(), **sends(f"t-{n}")) for n in range(40)),
        return_exceptions=True,
    )
    throttled = [r for r in results if isinstance(r, CloudError) and r.reason is Reason.RATE_LIMITED]
    assert throttled == []
    assert cloud.stats.throttled == 0
    assert sum(isinstance(r, Taken) for r in results) == 40
