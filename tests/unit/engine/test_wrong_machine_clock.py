"""The clock of the operator's machine is an hour off, or is set right in the midst of a job's life, while the API
server goes by the right time. If these fail, jobs end unsent, are cancelled too early, or never.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.engine.hall import NOON, Hall, hall, place

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.core.observation import Blocked, CancelAccepted, CancelUnclear, Seen
from zilliz_jobs.core.reasons import Reason

pytestmark = pytest.mark.looptime
RIGHT, HOUR = timedelta(0), timedelta(hours=1)
WRONG = [pytest.param(HOUR, id="ahead"), pytest.param(-HOUR, id="behind")]
RUNS = Seen(State.IN_PROGRESS, "IN_PROGRESS")


def cancels(stage: Hall) -> list[float]:
    """When the job is asked to be cancelled; the cloud does it at once."""
    begun, asked = stage.api.now(), list[float]()

    async def cancel(*_: Any, **__: Any) -> CancelAccepted:
        asked.append((stage.api.now() - begun).total_seconds())
        stage.kind.reading = Seen(State.CANCELED, "CANCELED")
        return CancelAccepted()

    stage.kind.cancel = cancel  # type: ignore[method-assign]
    return asked


def moment(stage: Hall, name: str, field: str) -> float:
    """Seconds since noon, by the API server's clock."""
    told = parse_time(stage.api.status(name)[field])
    assert told is not None
    return (told - NOON).total_seconds()


@pytest.mark.parametrize("off", WRONG)
async def test_a_new_job_is_not_too_late_because_a_clock_is_wrong(monkeypatch, off):
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.job("one", spec={"clusterId": "c", "startDeadlineSeconds": 1800})
        assert (await stage.finished("one"))["state"] == "Successful"
        assert moment(stage, "one", "completionTime") == pytest.approx(0, abs=60)


@pytest.mark.parametrize("off", WRONG)
async def test_the_start_deadline_ends_when_it_is_over(monkeypatch, off):
    """An hour too late is as wrong as an hour too early."""
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.kind.answers["prepare"] = [Blocked(Reason.CLUSTER_BUSY, "busy", 120.0)] * 1000
        stage.job("one", spec={"clusterId": "c", "startDeadlineSeconds": 1800})
        await asyncio.sleep(1700)
        assert not stage.api.status("one").get("completionTime")
        await asyncio.sleep(200)
        assert stage.api.status("one")["reason"] == "DeadlineExceeded"
        assert not stage.kind.posts


@pytest.mark.parametrize("off", WRONG)
@pytest.mark.parametrize("deadline", ["activeDeadlineSeconds", "stallDeadlineSeconds"])
async def test_a_deadline_is_the_same_after_the_clock_was_set_right(monkeypatch, off, deadline):
    """As it is where another process takes over, on a machine with another clock."""
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.kind.reading, asked = RUNS, cancels(stage)
        stage.job("one", spec={"clusterId": "c", deadline: 1800})
        await asyncio.sleep(900)
        stage.shift = RIGHT
        await asyncio.sleep(850)
        assert not asked, "too early"
        await asyncio.sleep(150)
        assert asked == [pytest.approx(1800, abs=60)], "too late"


@pytest.mark.parametrize("off", WRONG)
async def test_an_object_lives_as_long_as_its_time_to_live_says(monkeypatch, off):
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.job("one", spec={"clusterId": "c", "ttlSecondsAfterFinished": 1800})
        await stage.finished("one")
        stage.shift = RIGHT
        stage.engine.dispatcher.wake_all()
        await asyncio.sleep(1700)
        assert place("one") in stage.api.objects, "gone too early"
        await asyncio.sleep(200)
        assert place("one") not in stage.api.objects, "kept too long"


@pytest.mark.parametrize("off", WRONG)
async def test_the_next_attempt_comes_when_it_was_said_to(monkeypatch, off):
    policy = {"limit": 1, "resubmit": True, "backoffSeconds": 600}
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.kind.reading = Seen(State.FAILED, "FAILED")
        stage.job("one", spec={"clusterId": "c", "retryPolicy": policy})
        await stage.until(lambda: stage.api.status("one").get("reason") == "RetryScheduled")
        due = parse_time(stage.api.status("one")["attempts"][-1]["notBefore"])
        assert due is not None
        stage.shift = RIGHT
        stage.engine.dispatcher.wake_all()
        await asyncio.sleep(max(0.0, (due - stage.api.now()).total_seconds() - 30))
        assert len(stage.kind.posts) == 1, "too early"
        await asyncio.sleep(120)
        assert len(stage.kind.posts) == 2, "too late"


@pytest.mark.parametrize("off", WRONG)
async def test_a_deletion_is_held_up_for_its_time_and_no_longer(monkeypatch, off):
    """Else the cancel is not asked for often enough, or the object cannot be deleted for an hour."""
    async with hall(monkeypatch, server=RIGHT) as stage:
        stage.kind.reading = RUNS
        stage.kind.answers["cancel"] = [CancelUnclear("the cloud is down")] * 1000
        stage.job("one", spec={"clusterId": "c", "deletionPolicy": "Cancel"})
        await stage.until(lambda: stage.api.status("one").get("state") == "InProgress")
        stage.api.delete(place("one"))
        await asyncio.sleep(60)
        stage.shift = off
        await asyncio.sleep(40)
        assert place("one") in stage.api.objects, "let go too early"
        await asyncio.sleep(90)
        assert place("one") not in stage.api.objects, "held up too long"


@pytest.mark.parametrize("off", WRONG)
async def test_a_deletion_has_its_bound_where_the_api_servers_own_clock_is_set(monkeypatch, off):
    async with hall(monkeypatch, server=RIGHT) as stage:
        stage.kind.reading = RUNS
        stage.kind.answers["cancel"] = [CancelUnclear("the cloud is down")] * 1000
        stage.job("one", spec={"clusterId": "c", "deletionPolicy": "Cancel"})
        await stage.until(lambda: stage.api.status("one").get("state") == "InProgress")
        stage.api.delete(place("one"))
        await asyncio.sleep(30)
        stage.api.shift = off
        for _ in range(10):
            await stage.api.get("/version")
            await asyncio.sleep(2)
        await asyncio.sleep(40)
        assert place("one") in stage.api.objects, "let go too early"
        await asyncio.sleep(90)
        assert place("one") not in stage.api.objects, "held up too long"


@pytest.mark.parametrize("off", WRONG)
async def test_what_people_read_is_in_the_time_of_the_api_server(monkeypatch, off):
    """kubectl shows ages against it: an event of the future, or a job that ended before it was made."""
    async with hall(monkeypatch, shift=off, server=RIGHT) as stage:
        stage.job("one")
        status = await stage.finished("one")
        await stage.until(lambda: any(e["reason"] == "Successful" for e in stage.api.events.values()))
        times = [event["lastTimestamp"] for event in stage.api.events.values()]
        times += [condition["lastTransitionTime"] for condition in status["conditions"]]
        times += [status["completionTime"], status["submission"]["intentTime"]]
        for told in times:
            assert abs(parse_time(told) - stage.api.now()) < timedelta(seconds=60), told
