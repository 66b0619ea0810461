"""Rows and their JobCenter over time: restarts, deletions, hands that meddle, and pages of thousands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.center_rig import BROKEN, CONSOLE, Page, backed_up, center_world, created, killed, started
from tests.support.engine_rig import Rig, condition

from zilliz_jobs.jobcenter.jobrow import row_name
from zilliz_local.cloud import SHOP


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


async def page_with(world: Rig, console: bool = True, **spec: object) -> Page:
    world.connection(**({"consoleApi": CONSOLE} if console else {}))
    await world.start()
    page = Page(world)
    await page.begin(**spec)
    return page


def versions(page: Page) -> dict[str, str]:
    return {name: row["metadata"]["resourceVersion"] for name, row in page.rows.items()}


# -- restarts


@pytest.mark.parametrize("console", [True, False], ids=["console", "documented"])
async def test_a_restart_writes_no_row_anew(world: Rig, console: bool) -> None:
    page = await page_with(world, console=console)
    world.backup("ours", clusterId=SHOP)
    await world.until(lambda: world.status("backupjobs", "ours").get("jobId"), "our own job")
    for url in (BROKEN, None):
        started(world, *([url] if url else []))
    backed_up(world)
    world.cloud.advance(100)
    await world.until_state("backupjobs", "ours", "Successful")
    started(world)
    await page.look()
    await page.look()
    before = versions(page)
    assert len(before) == 5
    await killed(world)
    await world.start()
    listed = page.status["lastListTime"]
    assert world.engine is not None
    await world.until(lambda: world.engine and world.engine.jobcenter.pages.get(page.key), "the first look")
    await page.look()
    await page.look()
    assert versions(page) == before, f"since {listed}"


async def test_a_row_that_was_made_and_not_filled_is_filled(world: Rig) -> None:
    """The operator can be killed between the two writes."""
    page = await page_with(world)
    job = started(world)
    world.kube.faults.answer(500, method="PATCH", path="*/projectjobs/*/status", times=None)
    status = await page.look()
    assert status["reason"] == "RowsNotWritten"
    assert page.rows[job]["status"] == {"observedGeneration": -1}
    world.kube.faults.clear()
    await killed(world)
    await world.start()
    await world.until(lambda: page.row(job).get("state"), "the row")
    await world.until(lambda: condition({"status": page.status}, "Ready")["status"] == "True", "the page")


# -- deletions and meddling


@pytest.fixture
def uncollected(world: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster whose controllers do not run, or not for hours: what lost its owner stays."""
    monkeypatch.setattr(world.kube.store, "dependents", lambda _uid: [])


async def test_a_row_that_somebody_deleted_comes_back_while_its_job_exists(world: Rig) -> None:
    page = await page_with(world)
    job = started(world)
    await page.look()
    await world.delete("projectjobs", page.rows[job]["metadata"]["name"])
    assert job not in page.rows
    await page.look()
    assert page.row(job)["state"] == "Pending"


@pytest.mark.usefixtures("uncollected")
async def test_a_deleted_page_takes_its_rows_along_where_nobody_collects_garbage(world: Rig) -> None:
    page, other = await page_with(world), Page(world, "other")
    started(world)
    await page.look()
    await other.begin()
    await world.delete("jobcenters", "page")
    await world.until(lambda: not page.rows, "the end of its rows")
    assert other.rows


@pytest.mark.usefixtures("uncollected")
async def test_rows_whose_page_went_while_the_operator_was_away_go_too(world: Rig) -> None:
    page = await page_with(world)
    started(world)
    await page.look()
    await killed(world)
    await world.delete("jobcenters", "page")
    engine = await world.start()
    engine.jobcenter.rows._orphan_seconds = 0.1
    await world.until(lambda: not page.rows, "the end of its rows")


@pytest.mark.usefixtures("uncollected")
async def test_a_page_that_is_made_again_has_rows_of_its_own(world: Rig) -> None:
    page = await page_with(world)
    job = started(world)
    await page.look()
    world.deaf = True
    first = page.rows[job]["metadata"]["uid"]
    await world.delete("jobcenters", "page")
    page.create()
    world.deaf = False
    await world.until(lambda: job in page.rows and page.rows[job]["metadata"]["uid"] != first, "the new row")
    owner = page.rows[job]["metadata"]["ownerReferences"][0]
    assert owner["uid"] == world.get("jobcenters", "page")["metadata"]["uid"]
    assert (owner["controller"], owner["blockOwnerDeletion"]) == (True, False)


async def test_a_row_made_by_hand_is_told_that_it_is_none(world: Rig) -> None:
    await page_with(world)
    created(world, "ProjectJob", "mine", jobCenterRef={"name": "page"}, jobId="job-x")
    await world.until(lambda: world.status("projectjobs", "mine").get("message"), "the advice")
    body = world.get("projectjobs", "mine")
    assert condition(body, "Ready")["reason"] == "NotARow"
    assert condition(body, "Stalled")["status"] == "True", "else who has it in Git waits for it until his time-out"
    assert "itself" in body["status"]["message"]


async def test_a_name_that_somebody_took_is_said_and_left_alone(world: Rig) -> None:
    page = await page_with(world)
    job = started(world)
    created(world, "ProjectJob", row_name("page", ("Import", job)), jobCenterRef={"name": "page"}, jobId="mine")
    status = await page.look()
    assert status["reason"] == "RowsNotWritten"
    assert page.rows["mine"]["metadata"].get("ownerReferences") is None


async def test_a_page_with_the_longest_name_has_rows(world: Rig) -> None:
    world.connection(consoleApi=CONSOLE)
    await world.start()
    page = Page(world, "p" * 253)
    await page.begin()
    job = started(world)
    await page.look()
    assert len(page.rows[job]["metadata"]["name"]) == 253


# -- thousands


async def test_of_five_thousand_jobs_five_hundred_are_kept_for_a_call_per_page(world: Rig) -> None:
    world.connection(consoleApi=CONSOLE)
    jobs = [started(world) for _ in range(4900)]
    world.cloud.advance(100)
    running = [started(world) for _ in range(100)]
    world.cloud.advance(10)
    await world.start()
    page = Page(world)
    page.create()
    await world.until(lambda: page.status.get("reason") == "Listed", "the first look", seconds=60)
    assert set(running) < set(page.rows)
    assert len(page.rows) == 500
    assert (page.status["jobs"], page.status["shown"], page.status["hidden"]) == (5000, 500, 4500)
    assert page.status["sources"] == [{"name": "Console", "complete": True, "rows": 5000, "calls": 51}]
    before, calls = versions(page), world.cloud.stats.by_route["console.list"]
    await page.look()
    assert world.cloud.stats.by_route["console.list"] - calls == 51, "calls are pages, not jobs"
    assert world.cloud.stats.by_route.get("job.get", 0) == 0
    assert versions(page) == before, "nothing changed, so nothing is written"
    world.cloud.advance(100)
    await page.look()
    assert all(page.row(job)["state"] == "Successful" for job in running)
    assert len(page.rows) == 500
    assert len(set(jobs) & set(page.rows)) == 400


async def test_untimed_lists_do_not_churn_at_the_boundary(world: Rig) -> None:
    """The import list tells no times, so what is new cannot be seen by looking at a row."""
    page = await page_with(world, console=False, retention={"count": 20})
    for _ in range(60):
        started(world)
    world.cloud.advance(100)
    await page.look()
    before = versions(page)
    assert len(before) == 20
    for _ in range(3):
        await page.look()
    assert versions(page) == before
    new = started(world)
    world.cloud.advance(100)
    await page.look()
    assert page.row(new)["state"] == "Successful", (
        "it began and ended between two looks, and is the newest all the same"
    )
    assert len(page.rows) == 20


# -- two operators


async def test_one_that_comes_to_lead_again_knows_the_rows_as_the_other_left_them(world: Rig) -> None:
    """What it remembers of the rows is as old as its last lead; a row that another removed would never come back."""
    page = await page_with(world)
    job = started(world)
    await page.look()
    engine = world.engine
    assert engine is not None
    world.deaf = True
    await world.delete("projectjobs", page.rows[job]["metadata"]["name"])
    engine.dispatcher.rest()
    await engine.jobcenter.centers.reconcile(page.key)
    assert page.row(job)["state"], "it is made anew"


async def test_a_cancel_by_a_row_does_not_leave_an_operator_that_lost_the_lead(world: Rig) -> None:
    """The other one sends it too."""
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.engine.actions.in_flight._leads = lambda _seconds: False  # type: ignore[union-attr]
    await page.annotate(job, "cancel", "c1")
    await asyncio.sleep(0.3)
    assert not world.cloud.ledger.requests(kind="cancel")
