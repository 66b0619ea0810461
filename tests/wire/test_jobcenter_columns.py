"""The columns of the page: who owns a row, who started the job, when, and where its copies go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.center_rig import CONSOLE, Page, center_world, created, settled_in, started
from tests.support.engine_rig import NAMESPACE, Rig

from zilliz_local.cloud import MOVIES, PROJECT, SHOP, Duration

CLUSTER_JOBS: list[tuple[str, str, dict[str, Any]]] = [
    ("SuspendClusterJob", "suspendclusterjobs", {}),
    ("ResumeClusterJob", "resumeclusterjobs", {}),
    ("ScaleClusterJob", "scaleclusterjobs", {"cuSize": 8}),
    ("ScaleReplicasJob", "scalereplicasjobs", {"replicas": 3}),
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


async def page_with(world: Rig, *, console: bool = True, **spec: Any) -> Page:
    world.connection(**({"consoleApi": CONSOLE} if console else {}))
    await world.start()
    page = Page(world)
    await page.begin(**spec)
    return page


async def ended(world: Rig, kind: str, plural: str, **spec: Any) -> dict[str, Any]:
    """A cluster job that is seen to its end, a little at a time; its status."""
    created(world, kind, "job", **({"clusterId": MOVIES} | spec))
    await world.until(lambda: world.status(plural, "job").get("cloudStatus"), "the first look")
    for _ in range(10):
        world.cloud.advance(10)
        if world.status(plural, "job").get("completionTime"):
            break
        await world.until(lambda: True)
    return await world.until_state(plural, "job", "Successful")


@pytest.mark.parametrize("console", [True, False], ids=["console", "documented"])
@pytest.mark.parametrize(("kind", "plural", "spec"), CLUSTER_JOBS, ids=[one[0] for one in CLUSTER_JOBS])
async def test_a_cluster_job_has_a_start_and_its_row_an_owner(
    world: Rig, kind: str, plural: str, spec: dict[str, Any], console: bool
) -> None:
    if kind == "ResumeClusterJob":
        world.cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/suspend", {})
        world.cloud.advance(600)
    page = await page_with(world, console=console)
    status = await ended(world, kind, plural, **spec)
    assert status["startTime"]
    assert bool(status.get("jobId")) is console, "only the console has an id for it"
    await page.look()
    mine = [row["status"] for row in page.rows.values() if row["status"].get("owner")]
    assert [row["owner"]["reference"] for row in mine] == [f"{kind}/job"]
    (row,) = mine
    assert row["startTime"] == status["startTime"]
    assert row["completionTime"] == status["completionTime"]
    assert row.get("jobId") == status.get("jobId")
    assert len([r for r in page.rows.values() if r["status"]["type"] == row["type"]]) == 1, "one job, one row"


async def test_a_sample_by_steps_has_a_start(world: Rig) -> None:
    await page_with(world, console=False)
    created(world, "SampleCollectionJob", "job", clusterId=MOVIES, collection="tryout", dataset="Films")
    await world.until(lambda: world.status("samplecollectionjobs", "job").get("steps"), "the first step")
    world.cloud.advance(60)
    status = await world.until_state("samplecollectionjobs", "job", "Successful")
    assert status["startTime"] == status["steps"][0]["submission"]["intentTime"]


async def test_of_two_suspensions_at_once_neither_is_guessed(world: Rig) -> None:
    """Somebody suspended the cluster through the console, and resumed it, a moment before."""
    page = await page_with(world)
    for verb in ("suspend", "resume"):
        world.cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/{verb}", {})
        world.cloud.advance(20)
    status = await ended(world, "SuspendClusterJob", "suspendclusterjobs")
    assert "jobId" not in status
    assert status["startTime"]
    await page.look()
    assert not [row for row in page.rows.values() if row["status"].get("owner")]


async def test_who_started_a_job_is_shown_where_the_list_tells(world: Rig) -> None:
    world.cloud.behave(creators={"console": "ada@example.com"})
    world.connection(projectId=PROJECT, consoleApi=CONSOLE)
    await world.start()
    page = Page(world)
    await page.begin()
    theirs = started(world)
    world.backup("shop", clusterId=SHOP)
    await world.until(lambda: world.status("backupjobs", "shop").get("jobId"), "the job")
    await page.look()
    mine = world.status("backupjobs", "shop")["jobId"]
    assert page.row(theirs)["createdBy"] == "ada@example.com"
    assert "createdBy" not in page.row(mine)
    world.cloud.behave(creators={"api": "robot@example.com"})
    for _ in range(20):
        await page.look()  # a reading that finds the object busy, or just written, leaves it to the next one
        await asyncio.sleep(1.0)
        if world.status("backupjobs", "shop").get("createdBy"):
            break
    assert page.row(mine)["createdBy"] == "robot@example.com"
    assert world.status("backupjobs", "shop")["createdBy"] == "robot@example.com"


async def test_an_owner_in_another_namespace_is_named_with_it(world: Rig) -> None:
    settled_in(world, "team-x")
    page = await page_with(world)
    world.imports("films")
    created(
        world,
        "ImportJob",
        "films",
        "team-x",
        clusterId=MOVIES,
        collection="films",
        objectStorage={"urls": ["s3://demo-data/films/part-1.parquet"]},
    )

    def both() -> bool:
        found = world.kube.objects("importjobs.jobs.zilliz.com")
        return len(found) == 2 and all((body.get("status") or {}).get("jobId") for body in found)

    await world.until(both, "both jobs")
    await page.look()
    owners = {row["status"]["owner"]["reference"] for row in page.rows.values()}
    assert owners == {"ImportJob/films", "ImportJob/team-x/films"}
    assert NAMESPACE != "team-x"


async def test_copies_are_told_apart_and_followed_to_their_end(world: Rig) -> None:
    """A backup whose copies stay InProgress for ever says that another region is not safe yet."""
    world.cloud.pace(cross_region_copy=Duration(pending_seconds=5, run_seconds=600))
    page = await page_with(world)
    regions = ["aws-us-east-1", "aws-eu-west-1"]
    world.backup("movies", crossRegionCopies=[{"regionId": region} for region in regions])
    await world.until(
        lambda: world.status("backupjobs", "movies").get("state") == "InProgress" or world.cloud.advance(3), "it runs"
    )
    world.cloud.advance(80)
    status = await world.until_state("backupjobs", "movies", "Successful")
    assert [row["state"] for row in status["result"]["copies"]] in (["Pending"] * 2, ["InProgress"] * 2)
    await page.look()
    told = [row["status"]["description"] for row in page.rows.values() if row["status"]["type"] == "CrossRegionCopy"]
    assert sorted(told) == sorted(f"Copy of a backup in another region, {MOVIES}, to {one}" for one in regions)
    world.cloud.advance(700)

    def states() -> list[str]:
        return [row["state"] for row in world.status("backupjobs", "movies")["result"]["copies"]]

    await world.until(lambda: states() == ["Successful"] * 2, "the end of the copies")
