"""A run on a cluster of SeaTunnel: once, whatever gets lost, and without a word of what the cluster quotes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.support.seatunnel import ENDED, URL, SeaTunnelCluster
from tests.unit.kinds.vts.specs import LOGIN, SINK, TOKEN, postgres

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.effects import NotSent, Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.seatunnel import EngineJob, SeaTunnel
from zilliz_jobs.core.observation import Missing, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.vts.config import render
from zilliz_jobs.kinds.migrations.vts.seatunnel import job_number, judge

NUMBER = job_number(TOKEN, 0)
CONFIG = render(postgres(), 0, LOGIN, SINK, TOKEN)


@pytest.fixture
def cluster() -> SeaTunnelCluster:
    return SeaTunnelCluster()


@pytest.fixture
async def rest(cluster: SeaTunnelCluster) -> AsyncIterator[SeaTunnel]:
    made = SeaTunnel(URL, wire=cluster)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (404, b"", ProtocolMismatch),
        (200, b'{"jobId": "7"}', ProtocolMismatch),
        (429, b"", Transient),
        (503, b"", Transient),
    ],
)
async def test_an_answer_that_tells_nothing_of_the_job_is_an_error(
    status: int, content: bytes, error: type[Exception]
) -> None:
    """And never that the cluster does not know the job: it would be begun once more."""
    wire = httpx2.MockTransport(lambda request: httpx2.Response(status, content=content))
    rest = SeaTunnel(URL, wire=wire)
    with pytest.raises(error):
        await rest.job(NUMBER)
    if status != 200:
        with pytest.raises(error):
            await rest.stop(NUMBER)
    await rest.close()


def open_fence() -> None:
    """Nothing stands in the way."""


async def test_a_run_is_submitted_under_its_own_number(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    assert await rest.submit(NUMBER, "from-postgres", CONFIG, open_fence) == Taken({"jobId": str(NUMBER)})
    assert cluster.jobs[NUMBER].config["sink"][0]["token"] == SINK.token
    assert await rest.job(NUMBER) == EngineJob(NUMBER, "RUNNING", 0, 0)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_leads_to_one_job(rest: SeaTunnel, cluster: SeaTunnelCluster, lost: str) -> None:
    cluster.lost = [lost]
    assert isinstance(await rest.submit(NUMBER, "n", CONFIG, open_fence), Uncertain)
    assert (await rest.job(NUMBER) is None) == (lost == "before")
    assert isinstance(await rest.submit(NUMBER, "n", CONFIG, open_fence), Taken)
    assert cluster.starts == [NUMBER]


@pytest.mark.parametrize("status", ENDED)
async def test_one_that_ended_is_not_begun_again(rest: SeaTunnel, cluster: SeaTunnelCluster, status: str) -> None:
    await rest.submit(NUMBER, "n", CONFIG, open_fence)
    cluster.jobs[NUMBER].status = status
    assert isinstance(await rest.submit(NUMBER, "n", CONFIG, open_fence), Uncertain)
    assert cluster.starts == [NUMBER]
    found = await rest.job(NUMBER)
    assert found is not None
    assert found.status == status


async def test_where_no_connection_opens_nothing_was_sent(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    cluster.down = True
    assert isinstance(await rest.submit(NUMBER, "n", CONFIG, open_fence), NotSent)
    with pytest.raises(Transient):
        await rest.job(NUMBER)
    with pytest.raises(Transient):
        await rest.stop(NUMBER)


async def test_a_fence_that_is_closed_lets_nothing_out(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    def closed() -> None:
        raise RuntimeError("no longer the leader")

    answer = await rest.submit(NUMBER, "n", CONFIG, closed)
    assert isinstance(answer, NotSent)
    assert answer.reason is Reason.NOT_SUBMITTED
    assert cluster.heard == []


async def test_what_it_cannot_read_it_refuses(rest: SeaTunnel) -> None:
    answer = await rest.submit(NUMBER, "n", "{", open_fence)
    assert isinstance(answer, Refused)
    assert answer.http_status == 400


async def test_a_stop_may_be_repeated(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    await rest.submit(NUMBER, "n", CONFIG, open_fence)
    await rest.stop(NUMBER)
    await rest.stop(NUMBER)
    assert (await seen_of(rest, cancelled=True)).cloud_status == "Canceling"
    cluster.jobs[NUMBER].status = "CANCELED"
    await rest.stop(NUMBER)
    assert (await seen_of(rest, cancelled=True)).state is State.CANCELED
    assert (await seen_of(rest, cancelled=False)).reason is Reason.WORKER_INTERRUPTED


async def test_an_error_is_told_by_its_innermost_code_alone(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    await rest.submit(NUMBER, "n", CONFIG, open_fence)
    job = cluster.jobs[NUMBER]
    job.status, job.error = "FAILED", f"ErrorCode:[API-06] Caused by: ErrorCode:[API-05], {CONFIG}"
    seen = await seen_of(rest)
    assert seen.reason is Reason.SOURCE_NOT_FOUND
    assert seen.message == "the engine ended with its code API-05"


async def test_a_code_of_several_words_is_told_whole(rest: SeaTunnel, cluster: SeaTunnelCluster) -> None:
    await rest.submit(NUMBER, "n", CONFIG, open_fence)
    job = cluster.jobs[NUMBER]
    job.status, job.error = "FAILED", "ErrorCode:[API-06] Caused by: ErrorCode:[TC-VECTORDB-01], words"
    assert (await seen_of(rest)).message == "the engine ended with its code TC-VECTORDB-01"


async def test_a_job_that_nobody_knows_is_missing(rest: SeaTunnel) -> None:
    assert await rest.job(NUMBER) is None
    assert judge(None, cancelled=False) == Missing()


async def test_an_answer_of_something_else_is_no_absence(cluster: SeaTunnelCluster) -> None:
    rest = SeaTunnel(URL.replace("/seatunnel", "/other"), wire=cluster)
    with pytest.raises(ProtocolMismatch):
        await rest.job(NUMBER)
    await rest.close()


CASES: dict[str, tuple[EngineJob, State | None, Reason | None]] = {
    "waits": (EngineJob(1, "PENDING"), State.PENDING, None),
    "works": (EngineJob(1, "RUNNING", 5, 3), State.IN_PROGRESS, None),
    "well": (EngineJob(1, "FINISHED", 5, 5), State.SUCCESSFUL, None),
    "rows lost": (EngineJob(1, "FINISHED", 5, 4), State.FAILED, Reason.MIGRATION_FAILED),
    "rows not told": (EngineJob(1, "FINISHED"), State.FAILED, Reason.MIGRATION_FAILED),
    "failed": (EngineJob(1, "FAILED", code="MILVUS-17"), State.FAILED, Reason.MIGRATION_FAILED),
    "failed, no code": (EngineJob(1, "FAILED"), State.FAILED, Reason.MIGRATION_FAILED),
    "an unknown word": (EngineJob(1, "SAVEPOINT_DONE"), None, None),
}


@pytest.mark.parametrize("case", CASES)
def test_a_job_on_the_cluster_is(case: str) -> None:
    job, state, reason = CASES[case]
    seen = judge(job, cancelled=False)
    assert isinstance(seen, Seen)
    assert (seen.state, seen.reason) == (state, reason)


def test_numbers_are_of_one_run_and_fit() -> None:
    numbers = {job_number(token, run) for token in (TOKEN, TOKEN[::-1]) for run in range(5)}
    assert len(numbers) == 10
    assert all(0 < number < 2**63 for number in numbers)
    assert job_number(TOKEN.upper(), 0) == NUMBER


async def seen_of(rest: SeaTunnel, *, cancelled: bool = False) -> Seen:
    seen = judge(await rest.job(NUMBER), cancelled=cancelled)
    assert isinstance(seen, Seen)
    return seen
