"""The job-centre page as objects: what a person sees of jobs that somebody else started."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.center_rig import IMPORTS, Page
from tests.wire.engine_rig import FILM, Rig, condition, rig

from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator, Duration, ManualClock

CONSOLE = {"enabled": True}
BROKEN = "s3://demo-data/broken/films.parquet"
BACKUP = f"/v2/clusters/{MOVIES}/backups/create"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as made:
        made.secret()
        made.cloud.pace(
            backup=Duration(pending_seconds=2, run_seconds=60), import_=Duration(pending_seconds=2, run_seconds=60)
        )
        yield made


def started(world: Rig, url: str = FILM, cluster: str = MOVIES, collection: str = "films") -> str:
    """An import that another client starts."""
    body = {"clusterId": cluster, "collectionName": collection, "objectUrls": [[url]]}
    answer = world.cloud.act_as("console", "POST", IMPORTS, body)
    data: Any = answer["data"]
    return str(data["jobId"])


async def test_a_job_of_another_client_appears_and_is_followed_to_its_end(world: Rig) -> None:
    world.connection(consoleApi=CONSOLE)
    await world.start()
    page = Page(world)
    await page.begin()
    job = started(world)
    await page.look()
    row = page.row(job)
    assert (row["type"], row["state"], row["jobId"], row["clusterId"]) == ("Import", "Pending", job, MOVIES)
    assert row["cloud"]["jobId"] == job
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
