"""Somebody sets the operator's clock. If these fail, a job is submitted twice, or is lost, or waits for a day."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.unit.engine.hall import Hall, hall

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import Absent, EffectUnknown, Missing, Seen, Undecided

pytestmark = pytest.mark.looptime
HOURS = [timedelta(hours=h) for h in (1, -1, 24, -24, 24 * 400, -24 * 400)]


async def lost(stage: Hall) -> None:
    """One job whose answer was lost, and which no look-up shows yet."""
    stage.kind.answers["submit"] = [EffectUnknown("lost")]

    async def submit(_account, spec, request):
        request.fence()
        stage.kind.posts.append((spec.cluster_id, "?"))
        return EffectUnknown("lost")

    stage.kind.submit = submit  # type: ignore[method-assign]
    stage.kind.lookup = Absent()
    stage.job("one")
    await stage.until(lambda: stage.kind.calls["look"] == 1)


@pytest.mark.parametrize("step", HOURS, ids=str)
async def test_a_lost_submission_is_not_sent_again_before_it_had_its_time(monkeypatch, step):
    """Ten seconds of the fence, and ten that the cloud may take to show it."""
    async with hall(monkeypatch) as stage:
        await lost(stage)
        stage.shift = step
        await asyncio.sleep(15)
        assert len(stage.kind.posts) == 1
        await asyncio.sleep(60)
        assert len(stage.kind.posts) >= 2, "nor does it wait until the clock comes there again"


@pytest.mark.parametrize("step", HOURS, ids=str)
async def test_a_job_that_is_not_shown_for_a_moment_is_not_given_up(monkeypatch, step):
    async with hall(monkeypatch) as stage:
        stage.kind.reading = Missing()
        stage.job("one")
        await asyncio.sleep(60)
        stage.shift = step
        await asyncio.sleep(120)
        assert not stage.api.status("one").get("completionTime")
        stage.kind.reading = None
        assert (await stage.finished("one"))["state"] == "Successful"


async def test_a_retry_that_was_planned_by_a_wrong_clock_does_not_wait_for_it(monkeypatch):
    async with hall(monkeypatch) as stage:
        stage.kind.reading = Seen(State.FAILED, "FAILED")
        stage.shift = timedelta(days=30)
        stage.job("one", spec={"clusterId": "c", "retryPolicy": {"limit": 1, "resubmit": True, "backoffSeconds": 30}})
        await stage.until(lambda: stage.api.status("one").get("reason") == "RetryScheduled")
        stage.shift = timedelta(0)
        stage.engine.dispatcher.wake_all()
        await stage.until(lambda: len(stage.kind.posts) == 2, within=120)


async def test_nobody_decides_while_the_clock_goes_to_and_fro(monkeypatch):
    async with hall(monkeypatch) as stage:
        stage.kind.lookup = Undecided("nothing can tell")
        await lost(stage)
        for number in range(60):
            stage.shift = timedelta(hours=(-1) ** number * number)
            await asyncio.sleep(2)
        assert len(stage.kind.posts) == 1
