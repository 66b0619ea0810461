"""The operator's machine has a wrong clock. If these fail, jobs end unsent, and rows leave the page too early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.center_rig import Page, center_world, started
from tests.support.engine_rig import Rig

from zilliz_jobs.api.model import parse_time
from zilliz_jobs.control.clock import ServerClock, machine_time

HOURS = [pytest.param(timedelta(hours=2), id="ahead"), pytest.param(-timedelta(hours=2), id="behind")]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with center_world(tmp_path) as made:
        yield made


def wrong(off: timedelta) -> ServerClock:
    return ServerClock(lambda: machine_time() + off)


@pytest.mark.parametrize("off", HOURS)
async def test_new_jobs_are_in_time(world: Rig, off: timedelta) -> None:
    world.connection()
    await world.start(clock=wrong(off))
    world.imports("films", startDeadlineSeconds=1800)
    world.backup("movies", startDeadlineSeconds=1800)
    await world.until(lambda: world.status("importjobs", "films").get("jobId"), "the import's job")
    await world.until(lambda: world.status("backupjobs", "movies").get("jobId"), "the backup's job")
    world.cloud.advance(100)
    await world.until_state("importjobs", "films", "Successful")
    await world.until_state("backupjobs", "movies", "Successful")


@pytest.mark.parametrize("off", HOURS)
async def test_a_row_without_times_stays_as_long_as_the_page_says(world: Rig, off: timedelta) -> None:
    """Of a stranger's import no list tells when it ended, so it counts from when it was seen: by which clock?"""
    world.connection()
    await world.start(clock=wrong(off))
    page = Page(world)
    job = started(world)
    world.cloud.advance(100)
    await page.begin(retention={"maxAgeHours": 1})
    assert page.row(job)["state"] == "Successful"
    await world.stop()
    await world.start()  # the next process is on a machine that is in order
    await world.until(lambda: page.status, "the page")
    await page.look()
    await page.look()
    assert job in page.rows, "gone before its time"
    seen = parse_time(page.row(job)["seenTime"])
    assert seen is not None
    assert abs(machine_time() - seen) < timedelta(seconds=60)
