"""Objects that go while their submission is open, or their job runs, and an operator that is restarted after that.

If these fail, the effect of a submission that is nobody's any more is taken for another object's job.
"""

from __future__ import annotations

import asyncio
import copy
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.unit.engine.hall import NOON, Api, Hall, hall, place, seconds

from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.accounts.memory import remembered
from zilliz_jobs.accounts.reconciler import new_status
from zilliz_jobs.api.connection import MAX_REMEMBERED, RememberedSubmission, ZillizConnectionStatus
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import EffectUnknown, Found, Unreadable
from zilliz_jobs.core.reasons import Reason

pytestmark = pytest.mark.looptime
Body = dict[str, Any]
DOWN = Unreadable(Reason.CLOUD_UNREACHABLE, "down")
CONNECTION = "/apis/jobs.zilliz.com/v1alpha1/namespaces/ns/zillizconnections/default"
SETTLE = 20.0  # of the hall: the fence and its settle time


def connect(api: Api, status: Body | None = None) -> None:
    meta = {"name": "default", "namespace": "ns", "uid": "c-1", "resourceVersion": "1", "generation": 1}
    api.objects[CONNECTION] = {"kind": "ZillizConnection", "metadata": meta, "spec": {}, "status": status or {}}


def entries(stage: Hall) -> list[Body]:
    return stage.api.objects[CONNECTION]["status"].get("remembered") or []


def lose(stage: Hall, name: str) -> None:
    """The answer to this object's submission is lost; it reaches the cloud."""
    real = stage.kind.submit

    async def submit(account: Any, spec: Any, request: Any) -> Any:
        answer = await real(account, spec, request)
        lost = stage.kind.posts[-1:] and len(stage.kind.posts) in losing
        return EffectUnknown("the answer was lost") if lost else answer

    losing = {len(stage.kind.posts) + 1}
    stage.kind.submit = submit  # type: ignore[method-assign]
    stage.job(name, spec={"clusterId": "c"})


async def lost(stage: Hall, name: str) -> Body:
    lose(stage, name)
    await stage.until(lambda: stage.api.status(name).get("submission", {}).get("lookSince"))
    await asyncio.sleep(2)
    return copy.deepcopy(stage.api.status(name))


class TestOneProcess:
    async def test_the_target_of_an_open_submission_stays_taken_until_its_effect_has_shown(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            await lost(stage, "one")
            gone = seconds()
            stage.api.delete(place("one"))
            stage.job("two", spec={"clusterId": "c"})
            stage.job("three", spec={"clusterId": "another"})
            await stage.finished("three")
            assert seconds() - gone < SETTLE
            assert len(stage.kind.posts) == 2
            await stage.until(lambda: len(stage.kind.posts) == 3, within=120)
            assert seconds() - gone >= SETTLE
            await stage.finished("two")

    async def test_an_object_made_anew_under_the_name_waits_as_well(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            await lost(stage, "one")
            stage.api.delete(place("one"))
            stage.job("one", spec={"clusterId": "c"})
            await asyncio.sleep(SETTLE - 5)
            assert len(stage.kind.posts) == 1
            await stage.finished("one")
            assert len(stage.kind.posts) == 2

    async def test_one_that_went_before_its_answer_came(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            stage.kind.hold = asyncio.Event()
            lose(stage, "one")
            await stage.until(lambda: stage.kind.posts)
            stage.api.delete(place("one"))
            await asyncio.sleep(1)
            stage.kind.hold.set()
            await asyncio.sleep(0.5)
            stage.job("two", spec={"clusterId": "c"})
            await asyncio.sleep(SETTLE - 5)
            assert len(stage.kind.posts) == 1
            await stage.finished("two")

    async def test_a_job_that_shows_late_may_be_of_the_one_that_is_gone(self, monkeypatch):
        """The next one would show the end of a backup that nobody wants any more, and have none."""
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            await lost(stage, "one")
            stage.api.delete(place("one"))
            lose(stage, "two")
            await stage.until(lambda: len(stage.kind.posts) == 2, within=120)
            stage.kind.lookup = Found({"jobId": "late"}, Evidence.INFERRED)
            await stage.until(lambda: stage.api.status("two").get("reason") == "SubmissionUnknown", within=300)
            assert not stage.api.status("two").get("jobId")
            assert "or was when the object was deleted" in stage.api.status("two")["message"]


class TestTheNextProcess:
    async def restarted(self, monkeypatch: pytest.MonkeyPatch, first: Any, then: Any) -> None:
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            await first(stage)
            kept = copy.deepcopy(stage.api.objects)
        async with hall(monkeypatch) as stage:
            stage.kind.reading = DOWN
            stage.api.objects.update(kept)
            stage.api._versions = count(5000)
            await then(stage)

    async def test_keeps_the_target_of_an_object_that_was_deleted(self, monkeypatch):
        async def first(stage: Hall) -> None:
            await lost(stage, "one")
            stage.api.delete(place("one"))
            await asyncio.sleep(2)
            (entry,) = entries(stage)
            assert (entry["kind"], entry["name"], entry["deleted"]) == ("BackupJob", "one", True)

        async def then(stage: Hall) -> None:
            stage.kind.lookup = Found({"jobId": "late"}, Evidence.INFERRED)
            lose(stage, "two")
            await asyncio.sleep(SETTLE - 5)
            assert stage.kind.posts == []
            await stage.until(lambda: stage.api.status("two").get("reason") == "SubmissionUnknown", within=300)
            assert not stage.api.status("two").get("jobId"), "what is inferred may be of the one that is gone"

        await self.restarted(monkeypatch, first, then)

    async def test_keeps_it_too_where_the_object_went_while_no_operator_ran(self, monkeypatch):
        async def first(stage: Hall) -> None:
            await lost(stage, "one")
            assert [entry.get("deleted") for entry in entries(stage)] == [None]

        async def then(stage: Hall) -> None:
            del stage.api.objects[place("one")]
            stage.job("two", spec={"clusterId": "c"})
            await asyncio.sleep(SETTLE - 5)
            assert stage.kind.posts == []

        await self.restarted(monkeypatch, first, then)

    async def test_submits_nothing_from_a_status_that_was_removed_meanwhile(self, monkeypatch):
        async def first(stage: Hall) -> None:
            await lost(stage, "one")

        async def then(stage: Hall) -> None:
            stage.api.edit("one", {"status": None})
            await asyncio.sleep(600)
            assert stage.kind.posts == []
            assert "RecordUnreadable" in {e["reason"] for e in stage.api.events.values()}

        await self.restarted(monkeypatch, first, then)

    async def test_takes_no_running_job_of_a_deleted_object_for_another_ones(self, monkeypatch):
        async def first(stage: Hall) -> None:
            stage.kind.reading = DOWN
            stage.job("one", spec={"clusterId": "c"})
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            await asyncio.sleep(1)
            stage.api.delete(place("one"))
            await asyncio.sleep(2)
            assert entries(stage)[0]["ids"] == ["b-job-1", "job-1"]

        async def then(stage: Hall) -> None:
            await stage.engine.cache_sync.wait_for_sync()
            assert not stage.engine.ownership.is_unclaimed("two", "job-1")
            assert stage.engine.ownership.is_unclaimed("two", "job-2")

        await self.restarted(monkeypatch, first, then)


class TestWhatIsWritten:
    async def test_nothing_for_a_job_that_goes_as_it_should(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            for number in range(20):
                stage.job(f"j{number}")
            for number in range(20):
                await stage.finished(f"j{number}")
                stage.api.delete(place(f"j{number}"))
            await asyncio.sleep(5)
            assert stage.api.calls["PATCH zillizconnections"] == 0

    async def test_a_lost_answer_is_forgotten_when_its_job_is_found(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            await lost(stage, "one")
            assert len(entries(stage)) == 1
            stage.kind.lookup = Found({"jobId": "job-1"}, Evidence.MARKER)
            await stage.finished("one")
            await asyncio.sleep(2)
            assert entries(stage) == []
            assert stage.api.calls["PATCH zillizconnections"] == 2

    async def test_a_hundred_and_fifty_at_once_are_few_writes_and_a_bounded_list(self, monkeypatch):
        """A namespace is emptied."""
        async with hall(monkeypatch) as stage:
            connect(stage.api)
            stage.kind.reading = DOWN
            names = [f"j{number}" for number in range(150)]
            for name in names:
                stage.job(name)
            await stage.until(lambda: all(stage.api.status(name).get("jobId") for name in names))
            await asyncio.sleep(1)
            for name in names:
                stage.api.delete(place(name))
            await asyncio.sleep(5)
            assert len(entries(stage)) == MAX_REMEMBERED
            assert stage.api.objects[CONNECTION]["status"]["rememberedSince"]
            assert stage.api.calls["PATCH zillizconnections"] <= 3

    async def test_a_check_of_the_key_leaves_it_alone(self):
        entry = {"uid": "u", "lock": "c", "token": "t"}
        body = {"metadata": {"generation": 1}, "status": {"remembered": [entry], "rememberedSince": None}}
        connection = Connection(Key("ZillizConnection", "ns", "default"), body)
        assert (
            new_status(connection, None, NOON).wire()["remembered"][0] | entry
            == (new_status(connection, None, NOON).wire()["remembered"][0])
        )


@pytest.mark.parametrize("age", [timedelta(days=8), timedelta(hours=1)], ids=["old", "young"])
def test_what_is_dropped_is_said_to_be_missing(age):
    """Else a look-up from before would count what it left as nobody's, and take it."""
    old = RememberedSubmission(uid="u", time=NOON - age)
    status = ZillizConnectionStatus(remembered=[old])
    new = remembered(status, {"v": RememberedSubmission(uid="v", time=NOON)}, NOON)
    uids = [entry.uid for entry in new.remembered or []]
    assert (uids, new.remembered_since) == ((["v"], NOON - age) if age.days else (["u", "v"], None))
