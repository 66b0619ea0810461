"""What the requests of a watch tell beside its events: that a list was complete, that the watch is alive."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from zilliz_jobs.control.kindstream import SETTLE_SECONDS, KindStream
from zilliz_jobs.control.signs import Cut, Listed, Mark, Sign, Told

pytestmark = pytest.mark.looptime

PATH = "/apis/jobs.zilliz.com/v1alpha1/namespaces/ns/importjobs"
LASTS = 95.0


def body(uid: str) -> dict[str, Any]:
    return {"metadata": {"uid": uid}}


class Reader:
    def __init__(self) -> None:
        self.stream = KindStream("importjobs", LASTS)
        self.heard: list[Sign] = []
        self.why: Exception | None = None
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for sign in self.stream.signs():
                self.heard.append(sign)
        except Exception as error:
            self.why = error

    def lists(self) -> None:
        self.stream.asked(PATH, watch=False)

    def watches(self) -> None:
        self.stream.asked(PATH, watch=True)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_a_list_is_complete_when_it_is_watched_from_there_also_one_without_objects():
    reader = Reader()
    reader.lists()
    await asyncio.sleep(10)
    assert reader.heard == [], "it may be yet to come"
    reader.watches()
    await asyncio.sleep(SETTLE_SECONDS + 0.1)
    assert reader.heard == [Listed()]
    await reader.close()


async def test_a_list_is_complete_after_its_last_object_though_its_handlers_are_late():
    """An object that came after it would seem to be gone, and be asked for in vain: thousands, at a restart."""
    reader = Reader()
    reader.lists()
    reader.watches()
    for n in range(20):
        await asyncio.sleep(SETTLE_SECONDS / 2)
        reader.stream.told(body(str(n)), listed=True)
    await asyncio.sleep(3 * SETTLE_SECONDS)
    assert reader.heard == [*(Told(body(str(n)), listed=True) for n in range(20)), Listed()]
    await reader.close()


@pytest.mark.parametrize(("asked", "told"), [(2047.069615, 2047.325379), (32766.909413, 32767.857949), (7.7, 8.2)])
async def test_a_wait_for_the_handlers_that_is_shorter_than_a_step_of_the_clock_is_none(
    monkeypatch: pytest.MonkeyPatch, asked: float, told: float
):
    """It would end before the clock has moved: waited for again and again, nothing else would run any more."""
    looks, real = 0, KindStream._settle

    def counted(stream: KindStream) -> None:
        nonlocal looks
        looks += 1
        assert looks < 1000, "the stream looks again and again, and the clock stands still"
        real(stream)

    monkeypatch.setattr(KindStream, "_settle", counted)
    reader = Reader()
    await asyncio.sleep(asked)
    reader.lists()
    reader.watches()
    await asyncio.sleep(told - asked)
    reader.stream.told(body("last"), listed=True)
    await asyncio.sleep(3 * SETTLE_SECONDS)
    assert reader.heard == [Told(body("last"), listed=True), Listed()]
    assert looks == 2, "once when the list was watched from, and once a settle time after its last object"
    await reader.close()


async def test_what_the_watch_tells_does_not_put_off_that_the_list_is_complete():
    reader = Reader()
    reader.lists()
    reader.watches()
    for _ in range(8):
        reader.stream.told(body("busy"))
        await asyncio.sleep(SETTLE_SECONDS / 4)
    assert Listed() in reader.heard
    await reader.close()


async def test_every_list_is_told_and_a_broken_watch_is_none():
    """After a list whose version expired, or a lost history, what it lacks is gone."""
    reader = Reader()
    for _ in range(2):
        reader.lists()
        for _ in range(3):
            reader.watches()
            await asyncio.sleep(5)
    assert [sign for sign in reader.heard if sign != Cut()] == [Listed(), Listed()]
    assert reader.heard.count(Cut()) == 4
    await reader.close()


@pytest.mark.parametrize(("lasts", "alive"), [(100, True), (70, False), (0.1, False)])
async def test_only_a_watch_that_lasts_its_time_is_alive(lasts: float, alive: bool):
    """Without bookmarks it is given up before; one that hears nothing and is let be would hide new jobs for ever."""
    reader = Reader()
    reader.lists()
    reader.watches()
    await asyncio.sleep(lasts)
    reader.watches()
    await asyncio.sleep(2)
    assert (Mark() in reader.heard) is alive
    assert (Cut() in reader.heard) is not alive
    await reader.close()


async def test_other_requests_tell_nothing():
    reader = Reader()
    for path in ("/apis", "/apis/jobs.zilliz.com/v1alpha1", "/apis/other/v1/otherimportjobs"):
        reader.stream.asked(path, watch=False)
        reader.stream.asked(PATH, watch=True)
        await asyncio.sleep(5)
    assert reader.heard == []
    await reader.close()


@pytest.mark.parametrize("lists", [0, 3])
async def test_what_never_begins_has_an_end(lists: int):
    """kopf waits without an end for a kind that it did not find, and for credentials."""
    reader = Reader()
    reader.stream.must_begin(30)
    for _ in range(lists):
        await asyncio.sleep(20)
        reader.lists()
        assert reader.why is None
    await asyncio.sleep(61)
    assert isinstance(reader.why, TimeoutError)
    await reader.close()


async def test_what_began_may_be_quiet():
    reader = Reader()
    reader.stream.must_begin(30)
    reader.lists()
    reader.watches()
    await asyncio.sleep(300)
    assert reader.why is None
    await reader.close()


async def test_what_was_told_before_the_end_is_heard():
    reader = Reader()
    reader.stream.told(body("last"), gone=True)
    reader.stream.ends(RuntimeError("404"))
    await asyncio.sleep(1)
    assert reader.heard == [Told(body("last"), gone=True)]
    assert str(reader.why) == "404"
    await reader.close()
