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

    def lists(self, *, goes_on: bool = False) -> None:
        self.stream.asked(PATH, watch=False, goes_on=goes_on)

    def answers(self, *uids: str, **metadata: str) -> Any:
        """Returns what kopf gets."""
        found = [body(uid) for uid in uids]
        answer = {"kind": "ImportJobList", "apiVersion": "v1", "metadata": metadata, "items": found}
        return self.stream.answered(PATH, answer)

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
    await asyncio.sleep(0.1)
    assert reader.heard == [Listed(frozenset())]
    await reader.close()


async def test_of_the_kinds_that_are_served_kopf_gets_those_that_it_needs():
    """It keeps all that it gets, in each operator of a kind and namespace."""
    kinds = [{"name": one} for one in ("pods", "importjobs", "importjobs/status", "backupjobs", "namespaces")]
    reader = Reader()
    rest = reader.stream.answered("/apis/jobs.zilliz.com/v1alpha1", {"kind": "APIResourceList", "resources": kinds})
    assert rest == {"kind": "APIResourceList", "resources": [{"name": "importjobs"}, {"name": "namespaces"}]}
    assert reader.stream.answered("/apis", {"groups": []}) == {"groups": []}
    await reader.close()


async def test_the_objects_of_a_list_are_told_with_the_kind_of_their_list_and_kopf_gets_none():
    reader = Reader()
    reader.lists()
    rest = reader.answers("a", "b", resourceVersion="7")
    assert rest == {"kind": "ImportJobList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []}
    reader.lists(goes_on=True)
    reader.answers("c")
    reader.watches()
    await asyncio.sleep(0.1)
    of_list = {"kind": "ImportJob", "apiVersion": "v1"}
    assert reader.heard == [
        *(Told(of_list | body(uid), listed=True) for uid in "abc"),
        Listed(frozenset("abc")),
    ]
    await reader.close()


async def test_what_an_object_says_of_its_kind_stays():
    reader = Reader()
    reader.stream.answered(PATH, {"kind": "List", "apiVersion": "v1", "items": [body("a") | {"kind": "ImportJob"}]})
    await asyncio.sleep(0.1)
    assert [sign.body["kind"] for sign in reader.heard if isinstance(sign, Told)] == ["ImportJob"]
    await reader.close()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/apis/jobs.zilliz.com/v1alpha1", {"kind": "APIResourceList", "items": [{"name": "importjobs"}]}),
        ("/apis/jobs.zilliz.com/v1alpha1/backupjobs", {"items": [body("other")]}),
        (PATH, {"kind": "Status", "code": 410, "items": None}),
        (PATH, ["no list of objects"]),
        (PATH, None),
    ],
)
async def test_every_other_answer_is_left_as_it_is(path: str, answer: Any):
    reader = Reader()
    assert reader.stream.answered(path, answer) == answer
    await asyncio.sleep(0.1)
    assert reader.heard == []
    await reader.close()


async def test_a_list_that_breaks_off_counts_for_nothing():
    """What it had may be gone when the next one is made; counted as listed, it would never be asked for."""
    reader = Reader()
    reader.lists()
    reader.answers("gone since")
    reader.lists()
    reader.answers("here")
    reader.watches()
    await asyncio.sleep(0.1)
    assert reader.heard[-1] == Listed(frozenset({"here"}))
    await reader.close()


async def test_a_later_list_is_complete_when_the_handlers_of_the_watch_before_it_have_run():
    """A handler that is late may tell an object that the list does not have any more: it must be asked for then."""
    reader = Reader()
    reader.lists()
    reader.watches()
    await asyncio.sleep(5)
    reader.lists()
    reader.answers("here")
    reader.watches()
    await asyncio.sleep(SETTLE_SECONDS / 2)
    reader.stream.told(body("late"))
    await asyncio.sleep(SETTLE_SECONDS)
    assert reader.heard[-2:] == [Told(body("late")), Listed(frozenset({"here"}))]
    await reader.close()


async def test_every_list_is_told_and_a_broken_watch_is_none():
    """After a list whose version expired, or a lost history, what it lacks is gone."""
    reader = Reader()
    for _ in range(2):
        reader.lists()
        for _ in range(3):
            reader.watches()
            await asyncio.sleep(5)
    assert [sign for sign in reader.heard if sign != Cut()] == [Listed(frozenset()), Listed(frozenset())]
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
