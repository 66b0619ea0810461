"""An answer of the cloud that Kubernetes does not take for a while. If these fail, the id of a job that runs is lost
although the operator had it, and nothing is ever done for the object again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.engine.hall import Hall, hall, place

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.objects import CANCEL
from zilliz_jobs.core.observation import CancelAccepted, EffectUnknown, NotSent, Refused, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Traits
from zilliz_jobs.kube.errors import Forbidden, Invalid, KubeError, Unavailable

pytestmark = pytest.mark.looptime
LONG = 1500.0  # seconds; longer than any wait of the operator for a single write
REFUSED = Forbidden('cannot patch it: User "x" cannot patch resource "backupjobs/status"', status=403)
RUNS = Seen(State.IN_PROGRESS, "IN_PROGRESS", job_id="job-1")


class Closed:
    """While closed, no status is taken; `json-patch` alone where `answers` says so."""

    def __init__(self, stage: Hall, error: KubeError, where: str = "/status") -> None:
        self.error: KubeError | None = None
        self.tries = 0
        real = stage.api.request

        async def request(method: str, path: str, **named: Any) -> Any:
            if method == "PATCH" and path.endswith(where) and self.error is not None:
                self.tries += 1
                await asyncio.sleep(0.001)
                raise self.error
            return await real(method, path, **named)

        stage.api.request = request  # type: ignore[method-assign]
        self._with = error

    def close(self) -> None:
        self.error = self._with

    def open(self) -> None:
        self.error = None


def reasons(stage: Hall) -> set[str]:
    return {event["reason"] for event in stage.api.events.values()}


async def sent_and_shut(stage: Hall, shut: Closed) -> None:
    """A request is on its way while the status cannot be written any more."""
    stage.kind.hold, stage.kind.reading = asyncio.Event(), RUNS
    stage.job("one")
    await stage.until(lambda: stage.kind.posts)
    shut.close()
    stage.kind.hold.set()


class TestTheAnswerToASubmission:
    @pytest.mark.parametrize(
        "error", [REFUSED, Invalid("no", status=422), Unavailable("down", status=503)], ids=["403", "422", "503"]
    )
    async def test_is_stored_when_writing_works_again_and_told_meanwhile(self, monkeypatch, error):
        async with hall(monkeypatch) as stage:
            shut = Closed(stage, error)
            await sent_and_shut(stage, shut)
            await asyncio.sleep(LONG)
            assert "AnswerNotStored" in reasons(stage)
            (event,) = (e for e in stage.api.events.values() if e["reason"] == "AnswerNotStored")
            assert "job-1" in event["message"]
            assert shut.tries < LONG / 5
            shut.open()
            await stage.until(lambda: stage.api.status("one").get("jobId") == "job-1", within=30)
            stage.kind.reading = None
            assert (await stage.finished("one"))["state"] == "Successful"
            assert len(stage.kind.posts) == 1
            assert stage.kind.calls["look"] == 0
            assert "RecordUnreadable" not in reasons(stage)

    async def test_holds_no_worker(self, monkeypatch):
        """Else as many of them as there are workers stop the whole operator."""
        async with hall(monkeypatch, workers=1) as stage:
            await sent_and_shut(stage, Closed(stage, REFUSED, "/one/status"))
            await asyncio.sleep(60)
            stage.job("two")
            await stage.until(lambda: stage.api.status("two").get("jobId"), within=10)

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            (Refused(Reason.REJECTED, "no such cluster"), "Failed"),
            (NotSent(Reason.CLOUD_UNREACHABLE, "no connection"), "Pending"),
            (EffectUnknown("the answer was lost"), "Pending"),
        ],
        ids=["refused", "not sent", "unknown"],
    )
    async def test_of_every_sort_is_kept(self, monkeypatch, answer, state):
        async with hall(monkeypatch) as stage:
            shut, real = Closed(stage, REFUSED), stage.kind.submit

            async def submit(*args: Any) -> Any:
                await real(*args)
                return answer

            stage.kind.submit = submit  # type: ignore[method-assign]
            await sent_and_shut(stage, shut)
            await asyncio.sleep(LONG)
            shut.open()
            await asyncio.sleep(12)
            assert stage.api.status("one")["state"] == state
            assert "RecordUnreadable" not in reasons(stage)

    async def test_is_not_heard_by_an_object_whose_record_went_meanwhile(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            shut = Closed(stage, REFUSED)
            await sent_and_shut(stage, shut)
            await asyncio.sleep(LONG)
            stage.api.edit("one", {"status": None})
            shut.open()
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert "RecordUnreadable" in reasons(stage)

    async def test_of_a_step_is_kept(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.kind.traits = Traits(steps=("Backup", "Copy"))
            stage.engine.connections.link = lambda _key, **_: Link(settle_seconds=10)  # type: ignore[method-assign]
            shut = Closed(stage, REFUSED)
            await sent_and_shut(stage, shut)
            await asyncio.sleep(LONG)
            shut.open()
            stage.kind.reading = None
            ended = await stage.finished("one")
            assert [row["name"] for row in ended["steps"]] == ["Backup", "Copy"]
            assert len(stage.kind.posts) == 2

    async def test_is_what_a_deletion_goes_by(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.kind.traits = Traits(can_cancel=True, cancel_needs_console=False)
            stage.kind.cancels = [CancelAccepted()]
            shut = Closed(stage, REFUSED)
            stage.kind.hold, stage.kind.reading = asyncio.Event(), RUNS
            stage.job("one", spec={"clusterId": "one", "deletionPolicy": "Cancel"})
            await stage.until(lambda: stage.kind.posts)
            shut.close()
            stage.kind.hold.set()
            await asyncio.sleep(60)
            stage.api.delete(place("one"))
            await stage.until(lambda: place("one") not in stage.api.objects, within=300)
            (event,) = (e for e in stage.api.events.values() if e["reason"] == "DeletedWhileRunning")
            assert "job-1" in event["message"]
            assert not [*stage.engine.cache]

    async def test_of_an_object_that_is_gone_names_its_job(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            await sent_and_shut(stage, Closed(stage, REFUSED))
            await asyncio.sleep(60)
            stage.api.delete(place("one"))
            await asyncio.sleep(30)
            (event,) = (e for e in stage.api.events.values() if e["reason"] == "DeletedWhileRunning")
            assert "job-1" in event["message"]
            assert not [*stage.engine.cache]


class TestTheAnswerToACancel:
    @pytest.mark.parametrize("error", [REFUSED, Unavailable("down", status=503)], ids=["403", "503"])
    async def test_is_kept_and_the_cloud_is_asked_once(self, monkeypatch, error):
        async with hall(monkeypatch) as stage:
            shut, asked = Closed(stage, error), []

            async def cancel(*args: Any) -> Any:
                asked.append(args)
                shut.close()
                return CancelAccepted()

            stage.kind.traits = Traits(can_cancel=True, cancel_needs_console=False)
            stage.kind.cancel, stage.kind.reading = cancel, RUNS  # type: ignore[method-assign]
            stage.job("one")
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            stage.api.edit("one", {"metadata": {"annotations": {CANCEL: "please"}}})
            await asyncio.sleep(LONG)
            shut.open()
            await stage.until(lambda: outcome(stage) == "Accepted", within=120)
            assert len(asked) == 1


def outcome(stage: Hall) -> str:
    return str((stage.api.status("one").get("cancel") or {}).get("outcome"))
