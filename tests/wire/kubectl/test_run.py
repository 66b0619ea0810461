"""`kubectl zilliz run`: what it says was made is what the schedule made, and a script can go by its exit code."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.engine_rig import Body, Rig
from tests.support.kubectl_zilliz import typed
from tests.wire.test_schedules import BACKED, EXPORTED, PLURAL, schedule

from zilliz_jobs.cli.kubectl.completion import candidates


def runs_of(world: Rig, name: str = "nightly") -> list[Body]:
    return world.status(PLURAL, name).get("runs") or []


async def run_made(world: Rig, name: str = "nightly") -> Body:
    """The newest run, when its first object is submitted."""
    await world.until(lambda: runs_of(world, name) and runs_of(world, name)[0]["jobs"][0].get("uid"), "a run")
    run = runs_of(world, name)[0]
    await world.until(lambda: world.status("backupjobs", run["jobs"][0]["name"]).get("jobId"), "it is submitted")
    return run


async def test_it_names_the_objects_that_were_made(world: Rig) -> None:
    await world.start()
    schedule(world, EXPORTED, BACKED)
    seen = await typed(world.kubeconfig, "run", "nightly")
    assert seen.code == 0, seen.out + seen.err
    (run,) = runs_of(world)
    assert seen.lines == [
        f"jobschedule/nightly: run Accepted (run {run['name']})",
        f"  backupjob/nightly-{run['name']}-backup",
        f"  exportjob/nightly-{run['name']}-export after backup",
    ]
    assert world.get("backupjobs", f"nightly-{run['name']}-backup")


async def test_each_call_is_a_run_of_its_own(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, concurrencyPolicy="Allow")
    for _ in range(2):
        assert (await typed(world.kubeconfig, "run", "schedule/nightly")).code == 0
    assert len({run["name"] for run in runs_of(world)}) == 2


async def test_with_wait_it_ends_with_the_run(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, EXPORTED)
    waiting = asyncio.create_task(typed(world.kubeconfig, "run", "nightly", "--wait", "--timeout", "60s"))
    run = await run_made(world)
    assert not waiting.done()
    world.cloud.advance(10_000)
    await world.until(lambda: world.status("exportjobs", f"nightly-{run['name']}-export").get("jobId"))
    world.cloud.advance(10_000)
    seen = await waiting
    assert seen.code == 0, seen.out + seen.err
    assert seen.lines[-1] == f"jobschedule/nightly: run {run['name']} Successful"
    assert f"exportjob/nightly-{run['name']}-export Successful 100%" in seen.lines


async def test_a_run_whose_objects_are_removed_at_its_end_is_told_all_the_same(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, successfulRunsHistoryLimit=0)
    waiting = asyncio.create_task(typed(world.kubeconfig, "run", "nightly", "--wait", "--timeout", "60s"))
    run = await run_made(world)
    world.cloud.advance(10_000)
    seen = await waiting
    assert (seen.code, "gone" in seen.out) == (0, False), seen.out + seen.err
    assert seen.lines[-1] == f"jobschedule/nightly: run {run['name']} Successful"


@pytest.mark.parametrize("follows", [False, True])
async def test_a_run_that_fails_is_no_success_and_no_cancel(world: Rig, follows: bool) -> None:
    """What was cancelled because another job failed would make it exit code 2: that of a person's cancel."""
    world.cloud.next_job("BACKUP", failure="disk full")
    await world.start()
    schedule(world, BACKED, *([EXPORTED] if follows else []))
    waiting = asyncio.create_task(typed(world.kubeconfig, "run", "nightly", "--wait", "--timeout", "60s"))
    await run_made(world)
    world.cloud.advance(10_000)
    seen = await waiting
    assert seen.code == 1, seen.out + seen.err
    assert "Failed (" in seen.lines[-1]
    assert "disk full" in seen.out


async def test_a_job_that_waits_for_a_person_ends_the_wait_though_others_follow_it(world: Rig) -> None:
    """The run would be active for ever, and the command with it."""
    await world.start()
    schedule(world, BACKED, EXPORTED)
    waiting = asyncio.create_task(typed(world.kubeconfig, "run", "nightly", "--wait", "--timeout", "60s"))
    run = await run_made(world)
    await world.stop()
    stalled = {
        "state": "Pending",
        "reason": "SubmissionUnknown",
        "conditions": [{"type": "Stalled", "status": "True", "reason": "SubmissionUnknown", "message": "m"}],
    }
    await world.patch("backupjobs", run["jobs"][0]["name"], {"status": stalled}, "/status")
    seen = await waiting
    assert seen.code == 3, seen.out + seen.err
    assert f"kubectl zilliz show backupjob/nightly-{run['name']}-backup" in seen.out


async def test_a_run_in_the_way_is_waited_for_or_told(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED)
    assert (await typed(world.kubeconfig, "run", "nightly")).code == 0
    first = await run_made(world)
    seen = await typed(world.kubeconfig, "run", "nightly", "--timeout", "1s")
    assert seen.code == 124, seen.out + seen.err
    assert seen.lines == ["jobschedule/nightly: run Requested (the run starts when no other is active)"]
    world.cloud.advance(10_000)
    await world.until(lambda: runs_of(world)[0]["name"] != first["name"], "the run that was asked for")


async def test_one_refused_is_no_success(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED)
    run = "\n".join((await typed(world.kubeconfig, "run", "nightly")).lines)
    await run_made(world)
    asking = asyncio.create_task(typed(world.kubeconfig, "run", "nightly", "--timeout", "20s"))
    await world.until(lambda: world.status(PLURAL, "nightly")["run"].get("outcome") == "Requested", "it is asked for")
    gone: dict[str, Any] = {"metadata": {"annotations": {"jobs.zilliz.com/run-requested": None}}}
    await world.patch(PLURAL, "nightly", gone)
    seen = await asking
    assert seen.code == 1, run + seen.out + seen.err
    assert "run Refused (the annotation was removed)" in seen.out


async def test_several_are_asked_after_a_yes(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED)
    schedule(world, BACKED, name="weekly")
    seen = await typed(world.kubeconfig, "run", "nightly", "weekly")
    assert (seen.code, "this would run 2 schedules; say --yes" in seen.err) == (5, True)
    assert not runs_of(world)
    assert not runs_of(world, "weekly")
    seen = await typed(world.kubeconfig, "run", "nightly", "weekly", "--yes")
    assert seen.code == 0, seen.out + seen.err
    assert len([line for line in seen.lines if ": run Accepted" in line]) == 2


async def test_without_an_operator_and_without_a_schedule_it_says_so(keyed: Rig) -> None:
    schedule(keyed, BACKED)
    seen = await typed(keyed.kubeconfig, "run", "nightly", "--wait", "--timeout", "1s")
    assert (seen.code, "no operator has answered" in seen.out) == (124, True)
    seen = await typed(keyed.kubeconfig, "run", "weekly")
    assert (seen.code, "there is no schedule weekly in namespace default" in seen.err) == (5, True)
    seen = await typed(keyed.kubeconfig, "run", "backupjob/nightly")
    assert (seen.code, "no kind that this command takes; those are jobschedule" in seen.err) == (5, True)


async def test_a_schedule_is_suspended_and_resumed(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED)
    seen = await typed(world.kubeconfig, "suspend", "nightly")
    assert (seen.code, seen.out.split(" (")[0]) == (0, "jobschedule/nightly: suspend suspended")
    assert not world.status(PLURAL, "nightly").get("nextScheduleTime")
    assert "State:           Suspended" in (await typed(world.kubeconfig, "show", "nightly")).out
    seen = await typed(world.kubeconfig, "resume", "zsd/nightly")
    assert (seen.code, seen.out.split(" (")[0]) == (0, "jobschedule/nightly: resume resumed")
    assert world.status(PLURAL, "nightly").get("nextScheduleTime")


async def test_a_name_of_a_job_and_of_a_schedule_is_asked_back(world: Rig) -> None:
    world.backup("nightly", suspend=True)
    schedule(world, BACKED)
    seen = await typed(world.kubeconfig, "suspend", "nightly")
    assert (seen.code, "say which: backupjob/nightly and jobschedule/nightly" in seen.err) == (5, True)
    seen = await typed(world.kubeconfig, "run", "nightly", "--timeout", "0s")
    assert "jobschedule/nightly" in seen.out


async def test_show_tells_runs_and_the_next_time(world: Rig) -> None:
    await world.start()
    schedule(world, BACKED, EXPORTED)
    await typed(world.kubeconfig, "run", "nightly")
    run = await run_made(world)
    seen = await typed(world.kubeconfig, "show", "nightly")
    assert seen.code == 0, seen.err
    assert "Next run:" in seen.out
    assert f"Jobs of run {run['name']}" in seen.out
    assert f"kubectl zilliz wait backupjob/nightly-{run['name']}-backup" in seen.out
    name = (await typed(world.kubeconfig, "show", "nightly", "-o", "name")).out
    assert name == "jobschedule.jobs.zilliz.com/nightly\n"
    jobs = await typed(world.kubeconfig, "jobs", "-o", "name")
    assert "jobschedule" not in jobs.out


async def test_completion_knows_the_schedules(world: Rig) -> None:
    schedule(world, BACKED)
    world.backup("movies")
    config = ["--kubeconfig", str(world.kubeconfig)]

    async def offered(*words: str) -> list[str]:
        found, _ = await asyncio.to_thread(candidates, [*words, *config, ""])
        return [word for word, _ in found]

    assert await offered("run") == ["nightly"]
    assert set(await offered("suspend")) == {"backupjob/movies", "jobschedule/nightly"}
    assert await offered("wait") == ["backupjob/movies"]
