"""The poll plan between a cloud and a Kubernetes API, both over HTTP. If these fail, jobs cost more calls than they
need, an end comes late, or what others did to a job in the console is not seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.engine_rig import CALM, QUICK, Rig, condition, rig

from zilliz_local.cloud import MOVIES, CloudSimulator, ManualClock

IMPORTS = 40
BRISK = replace(CALM, poll_min=0.2, poll_max=5.0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as world:
        world.secret()
        world.cloud.behave(submits_take_seconds=0)  # so that all are at work at one time
        yield world


def states(world: Rig) -> list[str]:
    return [body["status"].get("state") for body in world.kube.objects("importjobs.jobs.zilliz.com")]


async def at_work(world: Rig, count: int = IMPORTS, rules: object = BRISK) -> None:
    for n in range(count):
        world.imports(f"job-{n:02}", collection=("films", "actors", "reviews")[n % 3])
    await world.start(rules=rules)  # type: ignore[arg-type]
    await world.until(lambda: all(world.status("importjobs", b).get("jobId") for b in names(world)), "submitted", 30)
    world.cloud.advance(2)
    await world.until(lambda: set(states(world)) == {"InProgress"}, "all are at work", 20)


def names(world: Rig) -> list[str]:
    return [body["metadata"]["name"] for body in world.kube.objects("importjobs.jobs.zilliz.com")]


async def test_a_list_tells_of_many_jobs_and_each_end_is_one_read_and_one_write(world: Rig) -> None:
    world.connection()
    await at_work(world)
    before = dict(world.cloud.stats.by_route)
    writes = world.kube.stats.count("patch", "importjobs")
    world.cloud.advance(3600)
    await world.until(lambda: set(states(world)) == {"Successful"}, "all have ended", 20)
    await world.until(
        lambda: all(world.status("importjobs", name).get("result", {}).get("importedRows") for name in names(world)),
        "and all results are there",
        20,
    )
    assert not any("resultPending" in world.status("importjobs", name) for name in names(world))
    asked = {route: world.cloud.stats.by_route[route] - before.get(route, 0) for route in world.cloud.stats.by_route}
    assert asked["import.progress"] <= IMPORTS * 1.5
    assert asked["import.list"] <= IMPORTS / 2
    assert world.kube.stats.count("patch", "importjobs") - writes <= 2 * IMPORTS


async def test_with_the_console_one_list_tells_of_every_kind(world: Rig) -> None:
    world.connection(consoleApi={"enabled": True})
    world.backup("whole")
    await at_work(world, 20)
    world.cloud.stats.by_route.clear()
    world.cloud.advance(3600)
    await world.until(lambda: set(states(world)) == {"Successful"}, "all have ended", 20)
    await world.until_state("backupjobs", "whole", "Successful")
    assert world.cloud.stats.by_route["console.list"] >= 1
    assert world.cloud.stats.by_route["import.list"] == 0


async def test_lists_that_fail_lose_nothing(world: Rig) -> None:
    world.connection()
    await at_work(world, rules=replace(BRISK, poll_max=1.0))
    world.cloud.fault("import.list", "status", status=500, times=None)
    world.cloud.advance(3600)
    await world.until(lambda: set(states(world)) == {"Successful"}, "single reads tell of the ends", 30)


async def test_a_job_that_its_list_does_not_show_yet_is_followed_all_the_same(world: Rig) -> None:
    world.connection()
    world.cloud.behave(list_lag_seconds=100_000)
    await at_work(world, 12, rules=QUICK)
    world.cloud.advance(3600)
    await world.until(lambda: set(states(world)) == {"Successful"}, "all have ended", 20)


async def test_a_failed_import_retried_in_the_console_is_followed_while_a_list_that_covers_it_is_read(
    world: Rig,
) -> None:
    world.connection()
    world.cloud.next_job("IMPORT", failure="disk full", times=1)
    world.imports("fails")
    await world.start(rules=BRISK)
    await world.until(lambda: world.status("importjobs", "fails").get("jobId"), "it is submitted")
    for n in range(4):
        world.imports(f"other-{n}", collection="actors")
        world.cloud.next_job("IMPORT", run_seconds=100_000, times=1)
        await world.until(lambda n=n: world.status("importjobs", f"other-{n}").get("jobId"), "others run")  # type: ignore[misc]
    world.cloud.advance(600)
    failed = await world.until_state("importjobs", "fails", "Failed")
    job_id = failed["jobId"]
    world.cloud.pace(import_={"pendingSeconds": 1, "runSeconds": 100_000, "secondsPerMillionRows": 0})
    world.cloud.act_as("console", "POST", f"/console/v1/jobs/{job_id}/retry", {})
    world.cloud.advance(2)
    again = await world.until_state("importjobs", "fails", "InProgress")
    assert [a["number"] for a in again["attempts"]] == [1, 2]
    assert (again["jobId"], again["attempts"][0]["state"]) == (job_id, "Failed")
    assert condition(world.get("importjobs", "fails"), "Finished")["status"] == "False"
    await world.until(lambda: world.events("RetriedElsewhere"), "a person hears of it")
    assert len([e for e in world.cloud.ledger.effects(kind="submit") if e.client != "console"]) <= 5
    world.cloud.advance(200_000)
    await world.until_state("importjobs", "fails", "Successful")


def passes(world: Rig) -> float:
    assert world.engine is not None
    return sum(s.value for m in world.engine.metrics.passes.collect() for s in m.samples if s.name.endswith("_total"))


async def often_read(world: Rig, *, progress_interval: float) -> int:
    """One import at work, which is read ten times a second; the progress that it shows."""
    world.connection()
    world.imports("one")
    await world.start(rules=replace(QUICK, poll_min=0.1, poll_max=0.1), progress_interval=progress_interval)
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    world.cloud.advance(4)
    await world.until(lambda: world.status("importjobs", "one").get("progressPercent"), "its progress is shown")
    percent: int = world.status("importjobs", "one")["progressPercent"]
    return percent


async def read_on(world: Rig, reads: int) -> None:
    before = world.cloud.stats.by_route["import.progress"]
    await world.until(lambda: world.cloud.stats.by_route["import.progress"] >= before + reads, "it is read on")


async def test_a_read_that_shows_nothing_new_starts_no_pass_and_what_is_new_is_shown(world: Rig) -> None:
    percent = await often_read(world, progress_interval=0.0)
    before = passes(world)
    await read_on(world, 16)
    assert passes(world) - before <= 8, "one in four, and what the first ones brought"
    # A change by somebody else is put right at the next read, and not at the next one that is told anyway.
    await world.patch("importjobs", "one", {"status": {"progressPercent": 99}}, "/status")
    await world.until(lambda: world.status("importjobs", "one")["progressPercent"] == percent, "it is put right")
    world.cloud.advance(1)
    await world.until(
        lambda: world.status("importjobs", "one")["progressPercent"] > percent, "the next progress shows"
    )
    world.cloud.advance(3600)
    await world.until_state("importjobs", "one", "Successful")


async def test_progress_that_came_too_soon_after_other_progress_is_shown_although_it_stays_the_same(
    world: Rig,
) -> None:
    percent = await often_read(world, progress_interval=1.5)
    world.cloud.advance(1)  # once, and then nothing moves any more
    await read_on(world, 3)
    assert world.status("importjobs", "one")["progressPercent"] == percent, "too soon"
    await world.until(lambda: world.status("importjobs", "one")["progressPercent"] > percent, "it is shown later")


async def test_progress_that_nobody_has_read_yet_is_no_stall(world: Rig) -> None:
    """Where many jobs run, each is read for its progress every few minutes, and a stall deadline may be shorter."""
    world.connection()
    world.imports("one", stallDeadlineSeconds=45)
    await world.start(rules=replace(QUICK, poll_min=600.0, poll_max=600.0))
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    told: set[tuple[str, str]] = set()

    def overdue() -> dict[str, str]:
        row = condition(world.get("importjobs", "one"), "Overdue")
        told.add((row["status"], row["lastTransitionTime"]))
        return row

    for percent in (1, 2, 3):
        world.cloud.advance(4 if percent == 1 else 1)
        before = world.status("importjobs", "one").get("progressPercent") or 0
        await world.until(
            lambda before=before: (
                overdue() and (world.status("importjobs", "one").get("progressPercent") or 0) > before
            ),  # type: ignore[misc]
            "its progress is read before its time is over",
            60,
        )
    assert [status for status, _ in told] == ["False"], "it was so all the time, and of no other time than at first"
    await world.until(lambda: overdue()["status"] == "True", "now nothing moves", 60)
    assert overdue()["reason"] == "Stalled"


async def test_one_job_alone_is_read_by_itself_with_its_progress(world: Rig) -> None:
    world.connection()
    world.imports("one")
    await world.start(rules=QUICK)
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "it is submitted")
    world.cloud.advance(4)
    await world.until(lambda: world.status("importjobs", "one").get("progressPercent"), "its progress is shown")
    assert world.cloud.stats.by_route["import.list"] == 0
    assert MOVIES in world.status("importjobs", "one")["target"]
