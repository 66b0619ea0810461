"""Failures of Kubernetes, of the cloud and of the operator itself never lead to a second submission, nor to none."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path

import pytest
from tests.support.engine_rig import CALM, Rig, rig

from zilliz_local.cloud import CloudSimulator, ManualClock

STATUS = "/apis/jobs.zilliz.com/*/importjobs/*/status"


async def _one_job(world: Rig, plural: str = "importjobs", name: str = "one", seconds: float = 20.0) -> None:
    """The object knows its job, and the cloud began one and no more."""
    await world.until(lambda: world.status(plural, name).get("jobId"), "it knows its job", seconds)
    started = world.cloud.ledger.effects(kind="submit", client="api")
    assert [entry.job_id for entry in started] == [world.status(plural, name)["jobId"]]


FAULTS = {
    "refused as a conflict": lambda kube, times: kube.faults.answer(409, method="PATCH", path=STATUS, times=times),
    "answered with 500": lambda kube, times: kube.faults.answer(500, method="PATCH", path=STATUS, times=times),
    "throttled": lambda kube, times: kube.faults.answer(429, method="PATCH", path=STATUS, times=times, retry_after=0),
    "forbidden": lambda kube, times: kube.faults.answer(403, method="PATCH", path=STATUS, times=times),
    "dropped before the effect": lambda kube, times: kube.faults.drop_before(
        method="PATCH", path=STATUS, times=times
    ),
    "dropped after the effect": lambda kube, times: kube.faults.drop_after(method="PATCH", path=STATUS, times=times),
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
async def test_the_first_status_writes_fail_and_the_job_is_submitted_once(world: Rig, fault: str, times: int) -> None:
    """An intent that is not surely stored must not be followed by a request."""
    FAULTS[fault](world.kube, times)
    world.imports("one")
    await world.start()
    await _one_job(world)


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_write_of_the_answer_fails_and_the_job_is_not_lost(world: Rig, fault: str) -> None:
    """The handle stands nowhere else: it is written until it is stored, by whatever error it was stopped."""
    hit = asyncio.Event()

    async def spoil() -> None:
        await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it", 10)
        hit.set()

    world.cloud.fault("import.create", "latency_after", seconds=0.3, times=1)
    watch = asyncio.create_task(spoil())
    world.imports("one")
    await world.start()
    await hit.wait()
    FAULTS[fault](world.kube, 1)
    await _one_job(world)
    await watch
    assert world.status("importjobs", "one")["submission"]["evidence"] == "Answered"


async def test_a_label_edited_during_the_request_does_not_stop_the_record(world: Rig) -> None:
    world.cloud.fault("import.create", "latency_after", seconds=0.3, times=1)
    world.imports("one")
    await world.start()
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    await world.patch("importjobs", "one", {"metadata": {"labels": {"team": "films"}}})
    await _one_job(world)
    assert world.status("importjobs", "one")["submission"]["evidence"] == "Answered"


@pytest.mark.parametrize("plural", ["importjobs", "backupjobs"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "status_after", "garbage_after", "omit_job_id"])
async def test_a_lost_answer_of_the_cloud_is_looked_up(world: Rig, plural: str, fault: str) -> None:
    """Sending it again at once would import or back up twice; giving up would lose it."""
    route = plural.removesuffix("jobs")
    fields = {"fields": ["jobId", "backupId"]} if fault == "omit_job_id" else {}
    world.cloud.fault(f"{route}.create", fault, times=1, **fields)
    (world.imports if plural == "importjobs" else world.backup)("one")
    await world.start()
    await world.until(lambda: (world.status(plural, "one").get("submission") or {}).get("handle"), "it is found", 15)
    (effect,) = world.cloud.ledger.effects(kind="submit", client="api")
    handle = world.status(plural, "one")["submission"]["handle"]
    assert effect.job_id == handle.get("jobId", effect.job_id)
    world.cloud.advance(3600)
    await world.until_state(plural, "one", "Successful")


async def test_a_process_that_dies_after_the_effect_leaves_a_job_that_the_next_one_finds(world: Rig) -> None:
    world.cloud.fault("import.create", "latency_after", seconds=30, times=1)
    world.imports("one")
    engine = await world.start()
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    for task in [*engine.actions.in_flight.tasks, *engine._tasks]:  # as SIGKILL would
        task.cancel()
    await world.stop()
    assert world.status("importjobs", "one")["submission"]["evidence"] == "Sending"
    await world.start()
    await _one_job(world)
    assert world.status("importjobs", "one")["submission"]["evidence"] == "Inferred"


async def test_a_process_that_dies_before_the_effect_leaves_a_job_that_the_next_one_submits(world: Rig) -> None:
    world.cloud.fault("import.create", "latency", seconds=30, times=1)
    world.imports("one")
    engine = await world.start()
    await world.until(lambda: world.cloud.stats.by_route.get("import.create"), "it is on its way")
    for task in [*engine.actions.in_flight.tasks, *engine._tasks]:
        task.cancel()
    await world.stop()
    await world.start()
    await _one_job(world)
    assert world.status("importjobs", "one")["submission"]["sends"] == 2


async def test_an_orderly_end_in_the_middle_of_a_request_still_records_the_job(world: Rig) -> None:
    """Each rollout would else turn the submissions of that second into look-ups."""
    world.cloud.fault("import.create", "latency_after", seconds=0.5, times=1)
    world.imports("one")
    await world.start()
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    await world.stop()
    assert world.status("importjobs", "one")["submission"]["evidence"] == "Answered"


async def test_an_object_deleted_in_the_middle_of_its_submission_frees_its_target(world: Rig) -> None:
    """A lock that is never left blocks every later job on that collection."""
    world.cloud.fault("import.create", "latency_after", seconds=0.4, times=1)
    world.imports("doomed")
    engine = await world.start(rules=CALM)
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    world.imports("next")
    await world.until(lambda: world.status("importjobs", "next").get("reason") == "SubmissionInProgress")
    await world.delete("importjobs", "doomed")
    await world.until(lambda: world.status("importjobs", "next").get("jobId"), "the next one is submitted")
    await world.until(lambda: not engine.ownership._open, "no lock is held")


async def test_a_deletion_that_no_watch_tells_of_frees_its_target_too(world: Rig) -> None:
    """A watch that was cut off tells of no deletion: the next write learns it."""
    world.cloud.fault("import.create", "latency_after", seconds=0.4, times=1)
    world.imports("doomed")
    engine = await world.start(rules=CALM)
    await world.until(lambda: world.cloud.ledger.effects(kind="submit"), "the cloud has it")
    world.deaf = True
    await world.delete("importjobs", "doomed")
    await world.until(lambda: not engine.ownership._open, "no lock is held")
    await world.until(lambda: len(engine.cache) == 0, "and nothing of it is kept")


async def test_a_late_echo_of_an_earlier_state_wakes_no_dead(world: Rig) -> None:
    """The intent's echo, told after the job's end was stored, looked like an open submission for ever."""
    world.imports("one")
    world.cloud.fault("import.create", "status", status=400, times=1)
    engine = await world.start(rules=CALM)
    await world.until_state("importjobs", "one", "Failed")
    await world.until(lambda: len(engine.cache) == 0, "it is let go")
    world.deaf = True
    late = copy.deepcopy(world.get("importjobs", "one"))
    late["metadata"]["resourceVersion"] = "1"
    late["status"] = {"state": "Pending", "submission": {"token": "t", "evidence": "Sending", "sends": 1}}
    engine.on_upsert(late)
    assert len(engine.cache) == 0
    assert not engine.ownership._open


async def test_events_out_of_order_do_not_lose_the_successor_of_a_deleted_object(world: Rig) -> None:
    """Watch events of two objects of one name come by two queues."""
    world.imports("one", suspend=True)
    engine = await world.start(rules=CALM)
    await world.until(lambda: world.status("importjobs", "one").get("reason") == "Suspended")
    old = world.get("importjobs", "one")
    world.deaf = True
    await world.delete("importjobs", "one")
    world.imports("one")
    new = world.get("importjobs", "one")
    engine.on_upsert(new)
    engine.on_delete(old)
    engine.on_upsert(old)
    await world.until(lambda: world.status("importjobs", "one").get("jobId"), "the successor is submitted")


async def test_a_missing_crd_of_one_kind_does_not_lose_the_jobs_of_another(tmp_path: Path) -> None:
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as world:
        world.secret()
        world.connection()
        world.imports("one")
        client = await world.client()
        where = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backupjobs.jobs.zilliz.com"
        await client.request("DELETE", where)
        await world.start()
        await _one_job(world)


async def test_a_status_edited_into_nonsense_is_never_read_as_never_sent(world: Rig) -> None:
    world.imports("one", "films", suspend=True)
    await world.patch("importjobs", "one", {"status": {"state": "Odd", "jobId": "job-by-hand"}}, "/status")
    world.imports("two", "films", suspend=True)
    odd = {"state": "InProgress", "submission": {"token": "t", "evidence": "Weird", "sends": 1}}
    await world.patch("importjobs", "two", {"status": odd}, "/status")
    await world.start(rules=CALM)
    for name in ("one", "two"):
        await world.patch("importjobs", name, {"spec": {"suspend": False}})
    await world.until(lambda: world.status("importjobs", "two").get("reason") == "LookingForSubmission")
    await world.until(lambda: world.status("importjobs", "one").get("reason") == "JobNotSeen")
    assert world.cloud.ledger.requests(kind="submit") == []
