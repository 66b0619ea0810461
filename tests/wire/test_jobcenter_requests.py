"""Cancel and retry by annotation of a row: one request reaches the cloud, whichever object was annotated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.center_rig import (
    BROKEN,
    CONSOLE,
    Page,
    backed_up,
    center_world,
    created,
    killed,
    settled_in,
    started,
)
from tests.support.engine_rig import Rig

from zilliz_local.cloud import SHOP, StoredObject


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


async def page_with(world: Rig, console: bool = True) -> Page:
    world.connection(**({"consoleApi": CONSOLE} if console else {}))
    await world.start()
    page = Page(world)
    await page.begin()
    return page


async def broken_import(world: Rig, page: Page) -> str:
    job = started(world, BROKEN)
    world.cloud.advance(100)
    await page.look()
    assert page.row(job)["state"] == "Failed"
    return job


def counted(world: Rig, kind: str, request: str) -> dict[str, float]:
    """What the metrics say of the requests."""
    assert world.engine is not None
    (family,) = [f for f in world.engine.metrics.registry.collect() if f.name == "zilliz_jobs_requests"]
    wanted = {"kind": kind, "request": request}
    return {s.labels["outcome"]: s.value for s in family.samples if wanted.items() <= s.labels.items() and s.value}


def mended(world: Rig) -> None:
    world.cloud.objects.put(BROKEN, StoredObject(size_bytes=1000, rows=10))


# -- a job that belongs to nobody here


async def test_a_strangers_job_is_cancelled_by_annotation(world: Rig) -> None:
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    await page.annotate(job, "cancel", "please")
    await page.until_row(job, "cancel", outcome="Accepted", token="please")
    assert len(world.cloud.ledger.effects(kind="cancel")) == 1
    world.cloud.advance(10)
    await page.look()
    assert page.row(job)["state"] == "Canceled"
    assert page.row(job)["cancel"]["outcome"] == "Completed"
    assert len(world.cloud.ledger.requests(kind="cancel")) == 1
    assert counted(world, "ProjectJob", "cancel") == {"Requested": 1, "Accepted": 1, "Completed": 1}


async def test_the_page_is_looked_at_soon_after_a_request(world: Rig) -> None:
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.behave(skip_states=["CANCELING"])
    await page.annotate(job, "cancel", "please")
    await world.until(lambda: page.row(job)["state"] == "Canceled", "the end, without waiting for the interval")


async def test_a_cancel_that_comes_too_late_is_refused_and_the_real_end_stands(world: Rig) -> None:
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.advance(100)
    await page.annotate(job, "cancel", "late")
    await page.until_row(job, "cancel", outcome="Refused", reason="AlreadyFinished")
    await page.look()
    assert page.row(job)["state"] == "Successful"


@pytest.mark.parametrize(
    ("make", "verb", "reason"),
    [("import", "cancel", "KindHasNoCancel"), ("import", "retry", "NotFailed"), ("backup", "retry", "NotFailed")],
)
async def test_what_the_cloud_does_not_offer_is_refused_with_the_rule(
    world: Rig, make: str, verb: str, reason: str
) -> None:
    page = await page_with(world)
    job = started(world) if make == "import" else backed_up(world, by="jobId")
    await page.look()
    await page.annotate(job, verb, "t")
    await page.until_row(job, verb, outcome="Refused", reason=reason)
    assert not world.cloud.ledger.requests(kind="cancel")
    assert not world.cloud.ledger.requests(kind="retry")


async def test_without_the_console_a_request_is_refused_with_the_way_out(world: Rig) -> None:
    page = await page_with(world, console=False)
    backup = backed_up(world)
    failed = await broken_import(world, page)
    backup = backed_up(world)
    await page.look()
    await page.annotate(backup, "cancel", "t")
    await page.annotate(failed, "retry", "t")
    told = await page.until_row(backup, "cancel", outcome="Refused", reason="NoPublicAPI")
    assert "web console" in told["message"]
    told = await page.until_row(failed, "retry", outcome="Refused", reason="NoPublicAPI")
    assert "ImportJob" in told["message"]


async def test_a_strangers_failed_import_is_retried_once_by_annotation(world: Rig) -> None:
    page = await page_with(world)
    job = await broken_import(world, page)
    mended(world)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    world.cloud.advance(100)
    await page.look()
    row = page.row(job)
    assert row["state"] == "Successful"
    assert "files" not in row, "they were of the failure"
    assert len(world.cloud.ledger.requests(kind="retry")) == 1


async def test_a_retry_that_gets_a_new_id_is_a_new_row(world: Rig) -> None:
    page = await page_with(world)
    job = await broken_import(world, page)
    world.cloud.behave(retry_keeps_id=False)
    mended(world)
    await page.annotate(job, "retry", "again")
    told = await page.until_row(job, "retry", outcome="Completed")
    await page.look()
    (other,) = set(page.rows) - {job}
    assert other in told["message"]
    assert page.row(job)["state"] == "Failed"


async def test_a_retry_whose_answer_is_lost_is_found_by_the_job_that_has_moved_on(world: Rig) -> None:
    """Else a person is asked to look for what the operator can see."""
    page = await page_with(world)
    job = await broken_import(world, page)
    world.cloud.fault("console.retry", "drop_after", times=1)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Completed", reason="RetryStarted")
    assert len(world.cloud.ledger.requests(kind="retry")) == 1
    assert "submission" not in page.row(job)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"], ids=["no effect", "a job of another id"])
async def test_a_retry_that_nothing_tells_of_is_never_sent_again(world: Rig, fault: str) -> None:
    page = await page_with(world)
    job = await broken_import(world, page)
    world.cloud.behave(retry_keeps_id=False)
    world.cloud.fault("console.retry", fault, times=1)
    await page.annotate(job, "retry", "again")
    told = await page.until_row(job, "retry", outcome="Failed", reason="RetryUnclear")
    assert "new token" in told["message"]
    assert world.cloud.stats.by_route["console.retry"] == 1
    assert "submission" not in page.row(job)


@pytest.mark.parametrize("came_through", [True, False])
async def test_a_kill_between_a_retry_and_its_record_leads_to_no_second_one(world: Rig, came_through: bool) -> None:
    page = await page_with(world)
    job = await broken_import(world, page)
    world.cloud.fault("console.retry", "latency_after" if came_through else "latency", seconds=30, times=1)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Accepted", reason="Submitting")
    if came_through:
        await world.until(lambda: world.cloud.ledger.effects(kind="retry"), "the effect")
    else:
        await world.until(lambda: world.cloud.stats.by_route.get("console.retry"), "the request")
    await killed(world)
    world.cloud.drop_connections()
    await world.start()
    if came_through:
        await page.until_row(job, "retry", outcome="Completed", token="again")
    else:
        await page.until_row(job, "retry", outcome="Failed", reason="RetryUnclear")
    assert len(world.cloud.ledger.effects(kind="retry")) == came_through


async def test_a_cancel_whose_answer_is_lost_is_asked_again(world: Rig) -> None:
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.fault("console.cancel", "drop_before", times=1)
    await page.annotate(job, "cancel", "please")
    await page.until_row(job, "cancel", outcome="Accepted")
    assert len(world.cloud.ledger.effects(kind="cancel")) == 1


async def test_a_request_waits_for_its_connection(world: Rig) -> None:
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.world.keys.revoke("demo-key")
    await world.patch_secret("wrong-key-altogether")
    await page.annotate(job, "cancel", "please")
    await page.until_row(job, "cancel", outcome="Requested")


# -- a job that belongs to an object


async def own_backup(world: Rig, page: Page) -> str:
    world.backup("ours", clusterId=SHOP)
    await world.until(lambda: world.status("backupjobs", "ours").get("jobId"), "our own job")
    job = str(world.status("backupjobs", "ours")["jobId"])
    await page.look()
    return job


async def test_a_row_says_whose_it_is_and_what_that_object_says(world: Rig) -> None:
    page = await page_with(world)
    job = await own_backup(world, page)
    assert page.row(job)["owner"] == {
        "kind": "BackupJob",
        "name": "ours",
        "namespace": "default",
        "reference": "BackupJob/ours",
        "uid": world.get("backupjobs", "ours")["metadata"]["uid"],
    }
    world.cloud.advance(30)
    await world.until_state("backupjobs", "ours", "InProgress")
    await _same(world, page, job)
    world.cloud.advance(60)
    await world.until_state("backupjobs", "ours", "Successful")
    await _same(world, page, job)


async def _same(world: Rig, page: Page, job: str) -> None:
    """Both objects say the same, with no look at the list in between."""

    def parts(status: dict[str, object]) -> list[object]:
        names = ("state", "progressPercent", "startTime", "completionTime", "cloudStatus", "message")
        return [status.get("reason") or status.get("state"), *(status.get(name) for name in names)]

    await world.until(lambda: parts(page.row(job)) == parts(world.status("backupjobs", "ours")), "the same on both")


async def test_without_the_console_our_own_jobs_are_rows_once(world: Rig) -> None:
    page = await page_with(world, console=False)
    world.backup("ours", clusterId=SHOP)
    await world.until(lambda: world.status("backupjobs", "ours").get("jobId"), "our own job")
    await page.look()
    ((_, row),) = page.rows.items()
    assert row["status"]["owner"]["name"] == "ours"
    assert row["status"]["jobId"] == world.status("backupjobs", "ours")["jobId"], "the backup list does not tell it"
    assert row["status"]["sources"] == ["Backups", "OwnJobs"]


async def test_a_cluster_that_our_own_job_moves_is_one_row(world: Rig) -> None:
    page = await page_with(world, console=False)
    created(world, "SuspendClusterJob", "night", clusterId=SHOP)
    await world.until_state("suspendclusterjobs", "night", "InProgress")
    await page.look()
    ((_, row),) = page.rows.items()
    assert (row["status"]["type"], row["status"]["owner"]["name"]) == ("Suspend", "night")
    assert "jobId" not in row["status"], "the cloud gave none"


@pytest.mark.parametrize("annotated", ["row", "object", "both"])
async def test_a_cancel_on_either_is_one_request_decided_at_the_object(world: Rig, annotated: str) -> None:
    page = await page_with(world)
    job = await own_backup(world, page)
    if annotated in ("row", "both"):
        await page.annotate(job, "cancel", "from the row")
    if annotated in ("object", "both"):
        change = {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "from the object"}}}
        await world.patch("backupjobs", "ours", change)

    def same() -> bool:
        ours, row = world.status("backupjobs", "ours").get("cancel") or {}, page.row(job).get("cancel") or {}
        parts = ("token", "outcome", "reason", "message", "time")
        return bool(ours) and all(ours.get(part) == row.get(part) for part in parts)

    await world.until(lambda: same() and page.row(job)["cancel"]["outcome"] == "Accepted", "the same on both")
    world.cloud.advance(10)
    await world.until_state("backupjobs", "ours", "Canceled")
    await world.until(lambda: same() and page.row(job)["state"] == "Canceled", "the same end on both")
    assert len(world.cloud.ledger.effects(kind="cancel")) == 1
    assert counted(world, "BackupJob", "cancel")["Completed"] == 1
    assert counted(world, "ProjectJob", "cancel") == {}, "the row repeats what is counted at the object"
    await page.look()
    settled = world.get("backupjobs", "ours")["metadata"]["resourceVersion"], page.row(job)
    await page.look()
    await asyncio.sleep(0.3)
    assert settled == (world.get("backupjobs", "ours")["metadata"]["resourceVersion"], page.row(job)), (
        "nobody asks anew"
    )


async def test_a_retry_on_the_row_of_a_finished_object_is_one_new_attempt(world: Rig) -> None:
    page = await page_with(world)
    world.imports("films", objectStorage={"urls": [BROKEN]})
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "our own job")
    world.cloud.advance(100)
    await world.until_state("importjobs", "films", "Failed")
    job = str(world.status("importjobs", "films")["jobId"])
    await page.look()
    assert page.row(job)["files"] == world.status("importjobs", "films")["result"]["files"]
    mended(world)
    await page.annotate(job, "retry", "again")
    await page.until_row(job, "retry", outcome="Completed", token="again")
    world.cloud.advance(100)
    await world.until_state("importjobs", "films", "Successful")
    await world.until(lambda: page.row(job)["state"] == "Successful", "the row's end")
    assert len(world.status("importjobs", "films")["attempts"]) == 2
    assert len(world.cloud.ledger.effects(kind="retry")) == 1
    await page.look()
    await asyncio.sleep(0.3)
    assert len(world.status("importjobs", "films")["attempts"]) == 2, "the row's token is not a new one"


async def test_a_kill_after_the_object_has_decided_is_no_second_request(world: Rig) -> None:
    page = await page_with(world)
    job = await own_backup(world, page)
    await killed(world)
    change = {"metadata": {"annotations": {"jobs.zilliz.com/cancel-requested": "mine"}}}
    await world.patch("backupjobs", "ours", change)
    await page.annotate(job, "cancel", "from the row")
    status = world.status("backupjobs", "ours")
    decided = {"token": "from the row", "annotation": "", "outcome": "Accepted", "reason": "CancelAccepted"}
    await world.patch("backupjobs", "ours", {"status": {**status, "cancel": decided}}, "/status")
    await world.start()
    await page.until_row(job, "cancel", outcome="Accepted", token="mine")
    assert page.row(job)["cancel"]["annotation"] == "from the row"
    ours = world.status("backupjobs", "ours")["cancel"]
    assert (ours["token"], ours["elsewhere"]) == ("mine", "from the row")
    assert len(world.cloud.ledger.requests(kind="cancel")) == 1


async def test_a_row_whose_owner_is_gone_is_asked_for_at_the_cloud(world: Rig) -> None:
    page = await page_with(world)
    job = await own_backup(world, page)
    await world.delete("backupjobs", "ours")
    await world.until(lambda: not world.get("backupjobs", "ours"), "its deletion")
    await page.look()
    assert "owner" not in page.row(job)
    await page.annotate(job, "cancel", "please")
    await page.until_row(job, "cancel", outcome="Accepted")


async def test_an_object_of_another_namespace_takes_no_request_from_here(world: Rig) -> None:
    """Who may annotate rows here must not steer objects there."""
    page = await page_with(world)
    job = await own_backup(world, page)
    settled_in(world, "other")
    page_there = Page(world, namespace="other")
    await page_there.begin()
    await world.until(lambda: page_there.row(job), "the row there")
    assert page_there.row(job)["owner"]["namespace"] == "default"
    await page_there.annotate(job, "cancel", "t")
    told = await page_there.until_row(job, "cancel", outcome="Refused", reason="OwnedElsewhere")
    assert "BackupJob ours in namespace default" in told["message"]
    assert not world.cloud.ledger.requests(kind="cancel")


async def test_a_cancel_is_asked_of_the_cloud_once_though_the_watch_tells_of_every_write(world: Rig) -> None:
    """The echo of what was written before the request arrives while it is on its way."""
    page = await page_with(world)
    job = backed_up(world, by="jobId")
    await page.look()
    world.cloud.fault("console.cancel", "latency", seconds=0.3, times=None)
    await page.annotate(job, "cancel", "please")
    await world.until(lambda: page.row(job).get("cancel", {}).get("outcome") == "Accepted", "it is accepted")
    await asyncio.sleep(0.8)
    assert len(world.cloud.ledger.requests(kind="cancel")) == 1
