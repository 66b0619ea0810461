"""Who subscribed hears of every object. If these fail, a row of a job-centre page goes on about an object that is
gone, or a submission of a deleted object is not remembered for the next process."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.engine.fakes import Body
from tests.unit.engine.hall import hall, place

from zilliz_jobs.control.joblistener import JobListener

pytestmark = pytest.mark.looptime


class Diary(JobListener):
    """What was told, as (what, uid)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.stored: list[Body] = []

    def on_seen(self, body: Body) -> None:
        self.told.append(("seen", body["metadata"]["uid"]))

    async def on_stored(self, body: Body) -> None:
        self.told.append(("stored", body["metadata"]["uid"]))
        self.stored.append(body)

    def on_gone(self, uid: str) -> None:
        self.told.append(("gone", uid))


class Silent(JobListener):
    """Wants to know of nothing."""


async def test_it_hears_of_an_object_from_its_first_event_to_its_last(monkeypatch):
    async with hall(monkeypatch) as stage:
        diary = Diary()
        stage.engine.cache.listeners.subscribe(Silent(), diary)
        uid = stage.job("one")
        await stage.finished("one")
        await asyncio.sleep(5)
        stage.api.delete(place("one"))
        await asyncio.sleep(5)
    assert {about for _, about in diary.told} == {uid}
    assert diary.told[0] == ("seen", uid)
    assert diary.told[-1] == ("gone", uid)
    assert [what for what, _ in diary.told].count("gone") == 1
    assert diary.stored[-1]["status"]["state"] == "Successful"
    assert all(body["kind"] == "BackupJob" for body in diary.stored)


async def test_who_wants_to_know_of_an_end_alone_hears_of_that_alone(monkeypatch):
    class OfEnds(JobListener):
        def __init__(self) -> None:
            self.told: list[str] = []

        def on_gone(self, uid: str) -> None:
            self.told.append(uid)

    async with hall(monkeypatch) as stage:
        listener = OfEnds()
        stage.engine.cache.listeners.subscribe(listener)
        uid = stage.job("one")
        await stage.finished("one")
        assert listener.told == []
        stage.api.delete(place("one"))
        await asyncio.sleep(5)
    assert listener.told == [uid]


async def test_the_end_of_a_replaced_object_comes_before_its_successor(monkeypatch):
    """The watch was cut off in between, so that no event tells of the end."""
    async with hall(monkeypatch) as stage:
        diary = Diary()
        stage.engine.cache.listeners.subscribe(diary)
        old = stage.job("one", spec={"clusterId": "one", "suspend": True})
        await asyncio.sleep(5)
        tell, stage.api.tell = stage.api.tell, lambda _what, _body: None
        stage.api.delete(place("one"))
        await asyncio.sleep(1)
        stage.api.tell = tell
        new = stage.job("one", spec={"clusterId": "one", "suspend": True})
        await asyncio.sleep(5)
    first_of_new = diary.told.index(("seen", new))
    assert ("gone", old) in diary.told[:first_of_new]
    assert ("seen", old) not in diary.told[first_of_new:]
