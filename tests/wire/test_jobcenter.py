"""The job-centre page as objects: what a person sees of jobs of others, and what a broken list does to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.center_rig import BROKEN, CONSOLE, Page, backed_up, center_world, started
from tests.support.engine_rig import NAMESPACE, Rig, condition

from zilliz_local.cloud import KEY, MOVIES, PROJECT, SHOP


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


async def page_with(world: Rig, console: bool, **spec: Any) -> Page:
    world.connection(**({"consoleApi": CONSOLE} if console else {}))
    await world.start()
    page = Page(world)
    await page.begin(**spec)
    return page


# -- the page


async def test_a_job_of_another_client_appears_and_is_followed_to_its_end(world: Rig) -> None:
    page = await page_with(world, console=True)
    job = started(world)
    await page.look()
    row = page.row(job)
    assert (row["type"], row["state"], row["jobId"], row["clusterId"]) == ("Import", "Pending", job, MOVIES)
    assert (row["description"], row["cloud"]["jobId"]) == ("Import, collection films", job)
    assert "owner" not in row
    world.cloud.advance(30)
    await page.look()
    assert page.row(job)["state"] == "InProgress"
    assert 0 < page.row(job)["progressPercent"] < 100
    world.cloud.advance(60)
    status = await page.look()
    assert page.row(job)["state"] == "Successful"
    assert page.row(job)["completionTime"]
    assert (status["jobs"], status["shown"], status["running"]) == (1, 1, 0)
    assert condition({"status": status}, "Ready")["status"] == "True"
    assert condition(page.rows[job], "Ready")["status"] == "True"


async def test_it_appears_within_one_interval(world: Rig) -> None:
    page = await page_with(world, console=True)
    assert world.engine is not None
    due = world.engine.queue._due[page.key].due
    assert 3590 < due - world.engine.queue._now() <= 3600


async def test_without_the_console_the_documented_lists_make_the_page(world: Rig) -> None:
    page = await page_with(world, console=False)
    job, other, backup = started(world), started(world, cluster=SHOP, collection="products"), backed_up(world)
    world.cloud.act_as("console", "POST", f"/v2/clusters/{SHOP}/suspend", {})
    world.cloud.advance(3)
    await page.look()
    shown = {name: (row["status"].get("type"), row["status"]["state"]) for name, row in page.rows.items()}
    assert shown == {
        job: ("Import", "InProgress"),
        other: ("Import", "InProgress"),
        backup: ("Backup", "InProgress"),
        SHOP: ("Suspend", "InProgress"),
    }
    assert "jobId" not in page.row(backup), "the list names no job, and none is invented"
    assert "startTime" not in page.row(job), "the list tells no times"
    names = [source["name"] for source in page.status["sources"]]
    assert names == ["Backups", "Clusters", f"Imports/{MOVIES}", f"Imports/{SHOP}", "OwnJobs"]


async def test_a_cluster_that_scales_is_a_row_without_a_type(world: Rig) -> None:
    page = await page_with(world, console=False)
    world.cloud.act_as("console", "POST", f"/v2/clusters/{SHOP}/modify", {"cuSize": 4})
    await page.look()
    assert "type" not in page.row(SHOP), "MODIFYING does not tell which size changes"
    assert page.row(SHOP)["cloudStatus"] == "MODIFYING"


async def test_the_v1_list_with_its_numbers_as_strings(world: Rig) -> None:
    world.connection(importApi="V1", regionId="aws-us-west-2")
    await world.start()
    page = Page(world)
    await page.begin()
    for items in ("records", "tasks"):
        world.cloud.behave(v1_items_key=items)
        job = started(world)
        await page.look()
        assert page.row(job)["state"] == "InProgress"
    world.cloud.advance(100)
    await page.look()
    assert page.row(job)["state"] == "Successful"


async def test_the_files_and_the_reason_of_a_failed_import_are_shown(world: Rig) -> None:
    page = await page_with(world, console=False)
    job = started(world, BROKEN)
    world.cloud.advance(100)
    await page.look()
    row = page.row(job)
    assert row["state"] == "Failed"
    assert "dimension of field" in row["message"]
    assert "films.parquet" in row["files"][0]["name"]
    assert row["completionTime"]
    before = world.cloud.stats.by_route["import.progress"]
    await page.look()
    assert page.row(job) == row, "what a single read told is kept"
    assert world.cloud.stats.by_route["import.progress"] == before, "and not asked for again"


async def test_filters_leave_out_what_was_not_asked_for(world: Rig) -> None:
    page = await page_with(world, console=True, types=["Import"], states=["InProgress"], clusterIds=[MOVIES])
    job = started(world)
    started(world, cluster=SHOP, collection="products")
    backed_up(world)
    world.cloud.advance(10)
    status = await page.look()
    assert set(page.rows) == {job}
    assert status["jobs"] == 1
    world.cloud.advance(100)
    await page.look()
    assert not page.rows, "it is Successful, and only jobs in progress are wanted"


async def test_rows_can_be_selected_by_state_type_and_cluster(world: Rig) -> None:
    page = await page_with(world, console=True)
    job = started(world)
    backed_up(world)
    await page.look()
    client = await world.client()
    where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{NAMESPACE}/projectjobs"
    for selector in ("status.type=Import", f"status.type=Import,status.clusterId={MOVIES},status.state=Pending"):
        found = await client.get(where, {"fieldSelector": selector})
        assert [row["spec"]["jobId"] for row in found["items"]] == [job]


# -- retention


async def test_retention_keeps_the_unfinished_and_the_newest(world: Rig) -> None:
    page = await page_with(world, console=True, retention={"count": 2})
    old = started(world)
    world.cloud.advance(200)
    middle = started(world)
    world.cloud.advance(200)
    running = backed_up(world)
    status = await page.look()
    assert len(page.rows) == 2
    assert middle in page.rows
    assert old not in page.rows
    assert (status["jobs"], status["shown"], status["hidden"]) == (3, 2, 1)
    assert any(row["status"]["type"] == "Backup" for row in page.rows.values()), running


async def test_a_job_disappears_when_it_is_old(world: Rig) -> None:
    page = await page_with(world, console=True, retention={"maxAgeHours": 1})
    job = started(world)
    world.cloud.advance(100)
    await page.look()
    assert page.row(job)["state"] == "Successful"
    world.cloud.advance(3600)
    await page.look()
    assert not page.rows


# -- lists that cannot be trusted


async def test_a_job_that_left_the_list_goes_with_the_second_list(world: Rig) -> None:
    page = await page_with(world, console=True)
    job = started(world)
    await page.look()
    world.cloud.forget(job)
    await page.look()
    assert page.row(job)["listsWithout"] == 1
    await page.look()
    assert job not in page.rows


async def test_a_job_that_comes_back_counts_anew(world: Rig) -> None:
    page = await page_with(world, console=True)
    job, hidden = started(world), None
    await page.look()
    hidden = world.cloud.jobs.get(job)
    world.cloud.forget(job)
    await page.look()
    world.cloud.jobs.add(hidden)
    await page.look()
    assert "listsWithout" not in page.row(job)
    world.cloud.forget(job)
    await page.look()
    assert page.row(job)["listsWithout"] == 1


NO_IDS = {"count": 1, "pageSize": 100, "jobs": [{"type": "IMPORT"}], "records": [{"state": "Completed"}]}


@pytest.mark.parametrize(
    "broken",
    [
        {"action": "status", "status": 500},
        {"action": "malformed_json"},
        {"action": "garbage_after"},
        {"action": "drop_before"},
        {"action": "status", "status": 200, "body": {"code": 0, "data": NO_IDS}},
        {"action": "status", "status": 200, "body": {"code": 0, "data": None}},
        {"action": "status", "status": 500, "skip": 1},
    ],
    ids=[
        "it fails",
        "it is cut off",
        "it is garbage",
        "it is lost",
        "rows have no id",
        "it is no list",
        "it fails half-way",
    ],
)
@pytest.mark.parametrize("console", [True, False], ids=["console", "documented"])
async def test_a_broken_list_loses_and_deletes_nothing(world: Rig, broken: dict[str, Any], console: bool) -> None:
    page = await page_with(world, console=console)
    jobs = [started(world) for _ in range(250)]
    await page.look()
    assert len(page.rows) == 250
    before = {name: row["metadata"]["resourceVersion"] for name, row in page.rows.items()}
    rule = world.cloud.fault("console.list" if console else "import.list", **broken)
    for job in jobs[:75]:
        world.cloud.forget(job)
    for _ in range(3):
        status = await page.look()
        assert condition({"status": status}, "Ready")["reason"] == "ListsIncomplete"
    assert {name: row["metadata"]["resourceVersion"] for name, row in page.rows.items()} == before
    world.cloud.faults.remove(rule.id)
    await page.look()
    assert len(page.rows) == 250, "the first complete list without them"
    await page.look()
    assert set(page.rows) == set(jobs[75:])


async def test_a_cluster_list_that_fails_takes_no_source_away(world: Rig) -> None:
    page = await page_with(world, console=False)
    job, backup = started(world), backed_up(world)
    world.backup("ours", clusterId=SHOP)
    await world.until(lambda: world.status("backupjobs", "ours").get("jobId"), "our own job")
    await page.look()
    rule = world.cloud.fault("cluster.list", "status", status=500)
    shown = set(page.rows)
    assert {job, backup} < shown
    for _ in range(3):
        await page.look()
    assert set(page.rows) == shown
    assert not [row for row in page.rows.values() if row["status"].get("listsWithout")]
    world.cloud.faults.remove(rule.id)


async def test_rows_that_move_between_pages_lose_nothing(world: Rig) -> None:
    page = await page_with(world, console=True)
    for _ in range(250):
        started(world)
    await page.look()
    world.cloud.behave(rows_move=True)
    for _ in range(10):
        await page.look()
    assert len(page.rows) >= 248, "only what two lists in a row lacked may be gone"
    world.cloud.behave(rows_move=False)
    await page.look()
    assert len(page.rows) == 250


async def test_a_list_that_repeats_its_page_for_ever_deletes_nothing(world: Rig) -> None:
    page = await page_with(world, console=True)
    for _ in range(120):
        started(world)
    await page.look()
    original = world.cloud.world.jobs.all
    assert len(list(original())) == 120
    world.cloud.fault("console.list", "status", status=200, body=_first_page(world), times=20)
    status = await page.look()
    assert status["sources"][0]["complete"] is False
    assert len(page.rows) == 120


def _first_page(world: Rig) -> dict[str, object]:
    rows: list[dict[str, object]] = [
        {"jobId": job.job_id, "type": job.type, "status": "PENDING"} for job in list(world.cloud.jobs.all())[:100]
    ]
    return {"code": 0, "data": {"count": 120, "currentPage": 1, "pageSize": 100, "jobs": rows}}


async def test_an_unknown_status_word_is_neither_an_end_nor_an_error(world: Rig) -> None:
    page = await page_with(world, console=True)
    job = started(world)
    world.cloud.advance(10)
    await page.look()
    world.cloud.fault("console.list", "unknown_status", word="PONDERING", times=1)
    await page.look()
    row = page.row(job)
    assert (row["state"], row["cloudStatus"], row["reason"]) == ("InProgress", "PONDERING", "UnknownCloudStatus")


# -- what stands in the way


async def test_a_page_that_cannot_be_looked_at_says_why_and_keeps_its_rows(world: Rig) -> None:
    page = await page_with(world, console=True)
    job = started(world)
    await page.look()
    await world.patch("zillizconnections", "default", {"spec": {"suspend": True}})
    await world.until(lambda: page.status["reason"] == "ConnectionSuspended", "the connection's suspension")
    assert condition({"status": page.status}, "Ready")["status"] == "True", "as a person wants it"
    assert job in page.rows
    await world.patch("zillizconnections", "default", {"spec": {"suspend": False}})
    await world.until(lambda: page.status["reason"] == "Listed", "the end of the suspension")
    await world.patch("jobcenters", "page", {"spec": {"suspend": True}})
    await world.until(lambda: page.status["reason"] == "Suspended", "its own suspension")
    assert condition({"status": page.status}, "Ready")["status"] == "True"
    assert job in page.rows


async def test_a_project_must_be_named_somewhere(world: Rig) -> None:
    world.connection()
    world.connection("with-project", projectId=PROJECT)
    await world.start()
    page, other = Page(world), Page(world, "other")
    page.create(projectId=None)
    other.create(projectId=None, connectionRef={"name": "with-project"})
    await world.until(lambda: page.status.get("reason") == "ProjectNotNamed", "the page without a project")
    assert condition({"status": page.status}, "Stalled")["status"] == "True"
    await world.until(lambda: other.status.get("reason") == "Listed", "the page with the connection's project")
    assert other.status["projectId"] == PROJECT


async def test_a_missing_connection_is_named_and_the_page_comes_with_it(world: Rig) -> None:
    await world.start()
    page = Page(world)
    await page.begin()
    assert page.status["reason"] == "ConnectionNotFound"
    assert condition({"status": page.status}, "Reconciling"), "who applies both at once must not be told of a failure"
    world.connection(consoleApi=CONSOLE)
    await world.until(lambda: page.status["reason"] == "Listed", "the page")


@pytest.mark.parametrize("console", [True, False], ids=["console", "documented"])
async def test_a_key_that_no_longer_sees_the_project_removes_nothing(world: Rig, console: bool) -> None:
    """It is shown empty lists, and no error."""
    page = await page_with(world, console=console)
    job = started(world)
    await page.look()
    world.cloud.world.keys.add(KEY, frozenset({"proj-other"}))
    for _ in range(3):
        status = await page.look()
        assert status["reason"] in ("ProjectNotVisible", "ListsIncomplete")
    assert "listsWithout" not in page.row(job)
    world.cloud.world.keys.add(KEY)
    await page.look()
    assert page.status["reason"] == "Listed"


async def test_a_project_that_does_not_exist_is_named(world: Rig) -> None:
    page = await page_with(world, console=True, projectId="proj-typo")
    assert page.status["reason"] == "ProjectNotVisible"
    assert "proj-typo" in page.status["message"]
