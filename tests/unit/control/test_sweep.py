"""An unfinished object without a time for its next look is found, woken and counted; there is none otherwise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.engine.hall import Hall, hall

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Seen

pytestmark = pytest.mark.looptime

RUNNING = Seen(State.IN_PROGRESS, "IN_PROGRESS")
FILMS = Key("BackupJob", "ns", "films")


def swept(inside: Hall) -> float:
    return inside.engine.metrics.registry.get_sample_value("zilliz_jobs_swept_total", {"kind": "BackupJob"}) or 0.0


async def running(inside: Hall) -> None:
    inside.kind.reading = RUNNING
    inside.job("films")
    await inside.until(lambda: inside.engine.jobs.poller.attends(FILMS))


async def test_a_job_that_nothing_looks_at_any_more_is_woken_within_a_minute(monkeypatch: pytest.MonkeyPatch):
    async with hall(monkeypatch) as inside:
        await running(inside)
        inside.engine.jobs.poller.unfollow(FILMS)
        inside.engine.queue.forget(FILMS)
        assert inside.engine.sweep.lost() == [FILMS]
        inside.kind.reading = None
        await inside.finished("films")
        assert swept(inside) == 1


async def test_news_that_were_lost_on_their_way_are_noticed_too(monkeypatch: pytest.MonkeyPatch):
    """A job of which news was told is not looked at until they are recorded."""
    async with hall(monkeypatch) as inside:
        await running(inside)
        await inside.until(lambda: not inside.engine.queue.holds(FILMS))
        key_poller = inside.engine.jobs.poller._at[FILMS]
        key_poller.index.followed[FILMS].look.busy = True
        await asyncio.sleep(70)
        assert swept(inside) == 1
        assert inside.engine.jobs.poller.attends(FILMS)


async def test_a_pass_that_hangs_is_broken_off_told_and_begun_anew(monkeypatch: pytest.MonkeyPatch):
    """Else the object counts as at work for ever, and its worker is lost to all others."""
    async with hall(monkeypatch, workers=1) as inside:
        real, hung = inside.kind.prepare, asyncio.Event()

        async def prepare(*args: Any, **named: Any) -> Any:
            if not hung.is_set():
                hung.set()
                await asyncio.Event().wait()
            return await real(*args, **named)

        inside.kind.prepare = prepare  # type: ignore[method-assign]
        inside.job("films")
        await hung.wait()
        await inside.until(lambda: inside.api.status("films").get("completionTime"), within=1000)
        labels = {"kind": "BackupJob", "outcome": "hung"}
        assert inside.engine.metrics.registry.get_sample_value("zilliz_jobs_passes_total", labels) == 1
        assert len(inside.kind.posts) == 1


async def test_a_request_that_hangs_is_no_second_one_when_the_pass_is_broken_off(monkeypatch: pytest.MonkeyPatch):
    async with hall(monkeypatch) as inside:
        inside.kind.hold = asyncio.Event()
        inside.job("films")
        await inside.until(lambda: inside.kind.posts)
        await asyncio.sleep(2000)
        inside.kind.hold.set()
        await asyncio.sleep(600)
        assert len(inside.kind.posts) == 1


async def test_what_waits_for_a_person_has_a_time_too(monkeypatch: pytest.MonkeyPatch):
    """Its change may be told while no watch is open."""
    async with hall(monkeypatch) as inside:
        inside.job("films", spec={"clusterId": "films", "suspend": True})
        await asyncio.sleep(3600)
        assert swept(inside) == 0
        assert inside.engine.queue.holds(FILMS)


async def test_of_hundred_jobs_in_every_phase_none_is_without_a_time(monkeypatch: pytest.MonkeyPatch):
    async with hall(monkeypatch) as inside:
        for n in range(100):
            inside.job(f"job-{n}", spec={"clusterId": f"c-{n}", "suspend": n % 7 == 0})
            await asyncio.sleep(0.3)
            assert inside.engine.sweep.lost() == []
        await asyncio.sleep(600)
        assert swept(inside) == 0
