"""Requests on rows of nobody's jobs while Kubernetes answers badly. If these fail, a retry is sent twice, or is said
to be unclear although nothing was sent; an answer of the cloud is lost; one row stops the whole operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.center_rig import BROKEN, CONSOLE, Page, backed_up, center_world, killed, started
from tests.support.engine_rig import Rig

from zilliz_local.cloud import StoredObject

ROW_STATUS, ROW = "*/projectjobs/*/status", "*/projectjobs/*"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


async def page_of(world: Rig, **settings: object) -> Page:
    world.connection(consoleApi=CONSOLE)
    await world.start(**settings)  # type: ignore[arg-type]
    page = Page(world)
    await page.begin()
    return page


async def failed(world: Rig, page: Page) -> str:
    """A stranger's import that failed, and whose files are mended since."""
    job = started(world, BROKEN)
    world.cloud.advance(100)
    await page.look()
    assert page.row(job)["state"] == "Failed"
    world.cloud.objects.put(BROKEN, StoredObject(size_bytes=1000, rows=10))
    return job


def retries(world: Rig) -> int:
    return len(world.cloud.ledger.requests(kind="retry"))


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("read", ["is answered", "is lost too"])
async def test_a_lost_answer_to_the_intent_of_a_retry_is_no_doubt(world: Rig, fault: str, read: str) -> None:
    """Nothing was sent, and the process that wrote the intent knows it."""
    page = await page_of(world)
    job = await failed(world, page)
    getattr(world.kube.faults, fault)(method="PATCH", path=ROW_STATUS, times=1)
    if read == "is lost too":  # the row is read before each pass, and again where the answer to its write was lost
        world.kube.faults.delay(0.4, method="PATCH", path=ROW_STATUS, times=1)
        await page.annotate(job, "retry", "again")
        await world.until(lambda: not _delayed(world), "the intent is on its way")
        world.kube.faults.answer(503, method="GET", path=ROW, times=2)
    else:
        await page.annotate(job, "retry", "again")
    told = await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    assert told["token"] == "again"
    assert retries(world) == 1
    assert "submission" not in page.row(job)


def _delayed(world: Rig) -> bool:
    return any(rule["fault"] == "delay" for rule in world.kube.faults.report()["faults"])


@pytest.mark.parametrize("came_through", [True, False], ids=["after its effect", "before its effect"])
async def test_an_intent_of_a_process_that_is_gone_is_looked_for(world: Rig, came_through: bool) -> None:
    """The next process cannot know what was sent: the job tells, or a person is asked."""
    page = await page_of(world)
    job = await failed(world, page)
    world.cloud.fault("console.retry", "latency_after" if came_through else "latency", seconds=30, times=1)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Accepted", reason="Submitting")
    if came_through:
        await world.until(lambda: world.cloud.ledger.effects(kind="retry"), "the effect")
    await killed(world)
    world.cloud.drop_connections()
    await world.start()
    if came_through:
        await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    else:
        await page.until_row(job, "retry", outcome="Failed", reason="RetryUnclear")
    assert retries(world) <= 1


async def test_a_kill_before_the_intent_is_stored_leads_to_one_retry(world: Rig) -> None:
    page = await page_of(world)
    job = await failed(world, page)
    world.kube.faults.delay(30, method="PATCH", path=ROW_STATUS, times=1)
    await page.annotate(job, "retry", "again")
    await world.until(lambda: not _delayed(world), "the intent is on its way")
    await killed(world)
    await world.start()
    await page.until_row(job, "retry", outcome="Completed")
    assert retries(world) == 1


@pytest.mark.parametrize("code", [403, 503])
async def test_the_answer_to_a_retry_that_cannot_be_stored_is_kept(
    world: Rig, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands nowhere else; and with one worker, a row that waits for it would stop everything."""
    monkeypatch.setattr("zilliz_jobs.jobs.reconciler.STORE_SECONDS", 1.0, raising=False)
    page = await page_of(world, workers=1)
    job = await failed(world, page)
    world.cloud.behave(retry_keeps_id=False)
    world.cloud.fault("console.retry", "latency", seconds=0.3, times=1)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Accepted", reason="Submitting")
    world.kube.faults.answer(code, method="PATCH", path=ROW_STATUS, times=None)
    await world.until(lambda: world.cloud.ledger.effects(kind="retry"), "the cloud takes it")
    world.backup("meanwhile")
    await world.until(lambda: world.status("backupjobs", "meanwhile").get("jobId"), "another job, by the one worker")
    assert page.row(job)["retry"]["outcome"] == "Accepted"
    world.kube.faults.clear()
    told = await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    new = str(world.cloud.ledger.effects(kind="retry")[0].job_id)
    assert new in told["message"]
    assert retries(world) == 1


async def test_the_answer_to_a_cancel_that_cannot_be_stored_is_kept(world: Rig) -> None:
    """Else the cloud is asked again and again, once in each pass."""
    page = await page_of(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.fault("console.cancel", "latency", seconds=0.3, times=1)
    await page.annotate(job, "cancel", "please")
    await page.until_row(job, "cancel", outcome="Requested")
    world.kube.faults.answer(403, method="PATCH", path=ROW_STATUS, times=4)
    await page.until_row(job, "cancel", outcome="Accepted")
    assert len(world.cloud.ledger.requests(kind="cancel")) == 1


async def test_what_the_page_writes_meanwhile_does_not_stop_the_answer(world: Rig) -> None:
    page = await page_of(world)
    job = await failed(world, page)
    world.cloud.fault("console.retry", "latency_after", seconds=0.5, times=1)
    await page.annotate(job, "retry", "again")
    await world.until(lambda: world.cloud.ledger.effects(kind="retry"), "the effect")
    await page.look()
    assert page.row(job)["state"] != "Failed", "the list shows the job at work before the retry is answered"
    assert page.row(job)["submission"]["evidence"] == "Sending"
    await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    assert page.row(job)["state"] != "Failed"
    assert "submission" not in page.row(job)


async def test_a_job_that_runs_again_by_now_is_not_retried(world: Rig) -> None:
    """The row may be as old as the last reading of the list."""
    page = await page_of(world)
    job = await failed(world, page)
    world.cloud.act_as("console", "POST", f"/console/v1/jobs/{job}/retry", {})
    before = retries(world)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Refused", reason="NotFailed")
    assert retries(world) == before


async def test_a_retry_is_decided_though_an_object_has_adopted_the_job_meanwhile(world: Rig) -> None:
    """Its record would stay in the row for ever, and the retry would never be told of."""
    world.connection(consoleApi=CONSOLE, submissionSettleSeconds=5)
    await world.start()
    page = Page(world)
    await page.begin()
    job = await failed(world, page)
    world.cloud.fault("console.retry", "drop_before", times=1)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Accepted", reason="LookingForSubmission")
    world.imports("adopted", adopt={"jobId": job})
    await world.until_state("importjobs", "adopted", "Failed")
    await page.look()
    assert page.row(job)["owner"]["name"] == "adopted"
    await page.until_row(job, "retry", outcome="Failed", reason="RetryUnclear")
    assert "submission" not in page.row(job)


async def test_two_rows_of_one_job_are_one_retry(world: Rig) -> None:
    """Two pages of one project, and somebody annotates both."""
    page = await page_of(world)
    job = await failed(world, page)
    other = Page(world, name="other")
    await other.begin()
    world.cloud.fault("console.retry", "latency", seconds=0.3, times=1)
    await page.annotate(job, "retry", "one")
    await other.annotate(job, "retry", "two")
    await world.until(lambda: _answered(page, job) and _answered(other, job), "both are answered")
    outcomes = sorted(str(one.row(job)["retry"]["outcome"]) for one in (page, other))
    assert outcomes == ["Completed", "Refused"]
    assert len(world.cloud.ledger.effects(kind="retry")) == 1


def _answered(page: Page, job: str) -> bool:
    return (page.row(job).get("retry") or {}).get("outcome") in ("Completed", "Refused", "Failed")
