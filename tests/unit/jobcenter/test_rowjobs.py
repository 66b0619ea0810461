"""A retry of nobody's job, stopped at each of its steps. If these fail, the cloud is asked twice, or a person is told
less than the operator could know."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.engine.fakes import Crds, Events, ListState

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.effects import EffectReply, NotSent, Taken, Uncertain
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.cloud.errors import NotFound as NoSuchJob
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import RETRY, Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Rules
from zilliz_jobs.jobcenter.rowjobs import Carried, RowJobs, RowOwnership
from zilliz_jobs.jobcenter.rowkind import RowKind
from zilliz_jobs.jobcenter.rowstore import RowStatusWriter, RowStore
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.deletions import Deletions
from zilliz_jobs.jobs.reconciler import JobReconciler
from zilliz_jobs.jobs.submissiongates import SubmissionGates
from zilliz_jobs.kube.errors import Conflict, Forbidden, KubeError, Unavailable
from zilliz_jobs.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONNECTION = Key("ZillizConnection", "ns", "default")
REFUSED = Forbidden('cannot patch it: User "x" cannot patch resource "projectjobs/status"', status=403)

STATUS = {"type": "Import", "state": "Failed", "jobId": "job-1", "completionTime": "2026-03-01T11:00:00Z"}


def row(**status: Any) -> dict[str, Any]:
    meta = {"name": "page-1", "namespace": "ns", "uid": "u1", "resourceVersion": "1", "generation": 1}
    meta |= {"annotations": {RETRY: "again"}, "creationTimestamp": "2026-03-01T11:30:00Z"}
    spec = {"jobCenterRef": {"name": "page"}, "jobId": "job-1"}
    return {"kind": "ProjectJob", "metadata": meta, "spec": spec, "status": {**STATUS, **status}}


class CloudConsole:
    """One import that failed; a retry has it run again, or makes another one."""

    def __init__(self, story: list[str]) -> None:
        self.story, self.sent = story, list[str]()
        self.word, self.ended = "FAILED", NOON - timedelta(hours=1)
        self.known, self.keeps_id = True, True
        self.replies: list[EffectReply | str] = []  # "lost before", "lost after": its effect

    async def describe(self, job_id: str) -> ConsoleJob:
        self.story.append("read")
        if not self.known:
            raise NoSuchJob("no such job")
        told = {"jobId": job_id, "status": self.word}
        return ConsoleJob.model_validate(told | ({"endTime": format_time(self.ended)} if self.ended else {}))

    async def retry(self, job_id: str, *, token: str, fence: Any) -> EffectReply:
        try:
            fence()
        except FenceClosed as error:
            return NotSent(Reason.FENCE_CLOSED, str(error))
        self.story.append("retry")
        self.sent.append(token)
        reply = self.replies.pop(0) if self.replies else "taken"
        if not isinstance(reply, str):
            return reply
        if reply != "lost before":
            self.word = "IN_PROGRESS" if self.keeps_id else self.word
        return (
            Taken({"jobId": job_id if self.keeps_id else "job-2"}) if reply == "taken" else Uncertain("it was lost")
        )


class Desk:
    """One row, the console, and one process."""

    def __init__(self, **status: Any) -> None:
        self.story: list[str] = []
        self.now = NOON
        self.shelf = ListState(row(**status), self.story)
        self.console, self.events = CloudConsole(self.story), Events()
        self.woken: list[Any] = []
        self.objects = JobOwnership()
        self.begin()

    def begin(self) -> None:
        """Another process with an empty memory, and the same row."""
        port: Any = self.shelf
        events: Any = self.events
        crds: Any = Crds()
        accounts: Any = Connections(self.console)
        metrics, ownership = Metrics(), RowOwnership(self.objects)
        clock = ServerClock(lambda: self.now, lambda: self.now.timestamp())
        actions = Actions(
            ownership,
            port,
            port,
            RequestsInFlight(),
            wake=self.woken.append,
            ensure_synced=self._synced,
            deletion=BackupDeletion(port, BackupUse(), RequestsInFlight(), metrics),
        )
        writer = RowStatusWriter(
            RowStore(port, port, metrics, clock.now),
            port,
            port,
            events,
            crds,
            metrics,
            progress_interval=0.0,
            clock=_seconds,
        )
        deletions = Deletions(events, metrics, stopwatch=clock.stopwatch(), works=lambda: True)
        gates = SubmissionGates(crds)
        reconciler = JobReconciler(accounts, actions, writer, gates, metrics, deletions, rules=Rules(), clock=clock)
        self.jobs = RowJobs(reconciler, ownership, writer, RowKind())

    async def _synced(self) -> None:
        pass

    async def carry_out(self, tries: int = 0) -> Carried:
        assert self.shelf.body is not None
        return await self.jobs.carry_out(self.shelf.body, CONNECTION, tries)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def told(self) -> tuple[str, str]:
        retry = self.shelf.status.get("retry") or {}
        return str(retry.get("outcome")), str(retry.get("reason"))


def _seconds() -> float:
    return asyncio.get_running_loop().time()


class Connections:
    def __init__(self, console: CloudConsole) -> None:
        self.session = SimpleNamespace(console=console)

    def link(self, _key: Any, *, parting: bool = False) -> Link:
        return Link(console=True, settle_seconds=10)

    async def account(self, _key: Any, *, parting: bool = False) -> Any:
        return SimpleNamespace(session=self.session, cloud_time=None)

    def suspect(self, _key: Any) -> bool:
        return False


async def test_intent_then_retry_then_answer() -> None:
    desk = Desk()
    done = await desk.carry_out()
    assert desk.story == ["read", "write", "retry", "write_handle"]
    assert desk.told == ("Completed", "RetryStarted")
    assert "submission" not in desk.shelf.status
    assert done.asked
    assert done.row == desk.shelf.body
    assert desk.shelf.status["state"] == "Failed", "that is what the list says, until it says otherwise"
    await desk.carry_out()
    assert len(desk.console.sent) == 1
    assert desk.events == [], "a row tells of its requests in its status"


@pytest.mark.parametrize(("keeps_id", "name", "unclaimed"), [(False, "job-2", False), (True, "job-1", True)])
async def test_what_a_retry_began_is_no_objects_lost_submission(keeps_id: bool, name: str, unclaimed: bool) -> None:
    """It imports the same files into the same collection. The job that was retried may be an object's, though."""
    desk = Desk()
    desk.console.keeps_id = keeps_id
    await desk.carry_out()
    assert desk.objects.is_unclaimed("an import", name) is unclaimed
    assert desk.objects.is_free("an import", name), "a person may name it"


@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("reads", [[], ["before"]], ids=["read", "not read"])
async def test_a_lost_answer_to_the_intent_is_one_retry(fault: str, reads: list[str]) -> None:
    desk = Desk()
    desk.shelf.faults["write"], desk.shelf.faults["get"] = [fault], reads
    for number in range(4):
        try:
            await desk.carry_out(number)
        except (Conflict, Unavailable):
            assert desk.console.sent == []
        desk.later(2)
    assert len(desk.console.sent) == 1
    assert desk.told == ("Completed", "RetryStarted")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [("lost before", ("Failed", "RetryUnclear")), ("lost after", ("Completed", "RetryStarted"))],
)
async def test_a_lost_answer_of_the_cloud_is_told_by_the_job(reply: str, expected: tuple[str, str]) -> None:
    desk = Desk()
    desk.console.replies = [reply]
    for _ in range(6):
        await desk.carry_out()
        desk.later(10)
    assert desk.told == expected
    assert len(desk.console.sent) == 1


async def test_a_job_that_failed_once_more_was_retried() -> None:
    desk = Desk()
    desk.console.replies = ["lost after"]
    real = desk.console.describe

    async def describe(job_id: str) -> ConsoleJob:
        if desk.console.sent:
            desk.console.word, desk.console.ended = "FAILED", NOON
        return await real(job_id)

    desk.console.describe = describe  # type: ignore[method-assign]
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")


@pytest.mark.parametrize(("word", "known"), [("FAILED", True), ("PONDERING", True), ("FAILED", False)])
async def test_a_job_that_tells_nothing_is_no_proof_that_the_retry_never_arrived(word: str, known: bool) -> None:
    desk = Desk()
    desk.console.replies, desk.console.keeps_id = ["lost after"], False
    await desk.carry_out()
    desk.console.word, desk.console.known = word, known
    for _ in range(6):
        desk.later(10)
        await desk.carry_out()
    assert desk.told == ("Failed", "RetryUnclear")
    assert len(desk.console.sent) == 1


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("looked", [True, False], ids=["and its successor looked once", "at once"])
async def test_a_process_that_dies_between_intent_and_answer(arrived: bool, looked: bool) -> None:
    desk = Desk()
    desk.console.replies = ["lost after" if arrived else "lost before"]

    def killed() -> None:
        raise RuntimeError("killed")

    desk.shelf.faults["write_handle"] = [killed]
    with pytest.raises(RuntimeError):
        await desk.carry_out()
    assert desk.shelf.status["submission"]["evidence"] == "Sending"
    if looked:
        desk.begin()
        await desk.carry_out()
    for _ in range(6):
        desk.begin()
        await desk.carry_out()
        desk.later(10)
    assert desk.told == (("Completed", "RetryStarted") if arrived else ("Failed", "RetryUnclear"))
    assert len(desk.console.sent) == 1


async def test_a_process_that_dies_before_the_retry_leaves_asks_a_person() -> None:
    """Its successor cannot know that nothing left."""
    desk = Desk()
    desk.shelf.faults["write"], desk.shelf.faults["get"] = ["after"], ["before"]
    with pytest.raises(Unavailable):
        await desk.carry_out()
    for _ in range(6):
        desk.begin()
        await desk.carry_out()
        desk.later(10)
    assert desk.told == ("Failed", "RetryUnclear")
    assert desk.console.sent == []


@pytest.mark.parametrize("error", [REFUSED, Unavailable("down", status=503)], ids=["403", "503"])
async def test_an_answer_that_cannot_be_stored_is_kept_and_nothing_is_sent_meanwhile(error: KubeError) -> None:
    desk = Desk()
    desk.console.keeps_id = False
    desk.shelf.faults["write_handle"] = [error] * 100

    with pytest.raises(KubeError):
        await desk.carry_out()
    for _ in range(3):
        await desk.carry_out()
    assert len(desk.console.sent) == 1
    assert desk.told == ("Accepted", "Submitting")
    assert [event[1] for event in desk.events if event[1] == "AnswerNotStored"] == ["AnswerNotStored"]
    desk.shelf.faults["write_handle"] = []
    await asyncio.sleep(15)
    assert desk.woken == [Key("ProjectJob", "ns", "page-1")]
    assert desk.told == ("Completed", "RetryStarted")
    assert "job-2" in desk.shelf.status["retry"]["message"]
    await desk.carry_out()
    assert len(desk.console.sent) == 1


async def test_a_late_answer_of_a_former_leader_tells_what_its_successor_could_not() -> None:
    desk = Desk()
    desk.console.keeps_id = False

    async def successor() -> None:
        other = Desk()
        other.shelf, other.console, other.now = desk.shelf, CloudConsole([]), desk.now
        other.begin()
        for _ in range(6):
            await other.carry_out()
            other.later(10)
        assert other.told == ("Failed", "RetryUnclear")

    real = desk.console.retry

    async def retry(job_id: str, **named: Any) -> EffectReply:
        reply = await real(job_id, **named)
        await successor()
        return reply

    desk.console.retry = retry  # type: ignore[method-assign]
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")
    assert "job-2" in desk.shelf.status["retry"]["message"]
    assert "TwoHandles" not in [event[1] for event in desk.events]


async def test_a_repeated_record_of_the_answer_is_the_same_answer() -> None:
    """The answer to the write of it is lost, and the cloud gave the retry an id of its own."""
    desk = Desk()
    desk.console.keeps_id = False
    desk.shelf.faults["write_handle"] = ["after"]
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")
    assert "TwoHandles" not in [event[1] for event in desk.events]


async def test_a_retry_that_never_left_waits_and_is_sent_then() -> None:
    desk = Desk()
    desk.console.replies = [NotSent(Reason.CLOUD_UNREACHABLE, "no route")]
    done = await desk.carry_out()
    assert desk.told == ("Requested", "CloudUnreachable")
    assert done.wake
    assert not done.learnt
    assert "submission" not in desk.shelf.status
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")


async def test_a_retry_of_an_earlier_version_is_looked_for() -> None:
    """It kept no record; what it sent is still told by the job."""
    asked = {"token": "again", "outcome": "Accepted", "reason": "Submitting", "time": "2026-03-01T11:45:00Z"}
    desk = Desk(retry=asked)
    desk.console.word = "IN_PROGRESS"
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")
    assert desk.console.sent == []


@pytest.mark.parametrize("left", [{}, {"retry": {"token": "before", "outcome": "Refused"}}])
async def test_a_row_whose_open_retry_somebody_removed_is_not_retried_again(left: dict[str, Any]) -> None:
    desk = Desk()
    desk.console.replies = ["lost before"]
    await desk.carry_out()
    assert desk.shelf.body is not None
    desk.shelf.body = {**desk.shelf.body, "status": {**STATUS, **left}}
    for _ in range(6):
        await desk.carry_out()
        desk.later(10)
    assert len(desk.console.sent) == 1
    assert {event[1] for event in desk.events} == {"RecordUnreadable"}


async def test_a_record_that_somebody_removed_is_looked_for_all_the_same() -> None:
    desk = Desk()
    desk.console.replies = ["lost after"]
    desk.console.keeps_id = False
    await desk.carry_out()
    assert desk.shelf.body is not None
    del desk.shelf.body["status"]["submission"]
    desk.console.word = "IN_PROGRESS"
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")
    assert len(desk.console.sent) == 1


async def test_what_another_process_decided_meanwhile_is_no_fault() -> None:
    """It led for a while, and found that the retry had never left."""
    desk = Desk()
    desk.console.replies = ["lost before"]
    await desk.carry_out()
    desk.jobs.rest()
    assert desk.shelf.body is not None
    waits = {"token": "again", "outcome": "Requested", "reason": "CloudUnreachable"}
    desk.shelf.body = {**desk.shelf.body, "status": {**STATUS, "retry": waits}}
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")


async def test_one_job_is_retried_by_one_row_at_a_time() -> None:
    desk = Desk()
    desk.console.replies = ["lost before"]
    await desk.carry_out()
    other = row()
    other["metadata"] |= {"name": "other-1", "uid": "u2"}
    desk.shelf.body, first = other, desk.shelf.body
    await desk.carry_out()
    assert desk.told == ("Requested", "SubmissionInProgress")
    assert "page-1" in desk.shelf.status["retry"]["message"]
    assert len(desk.console.sent) == 1
    desk.shelf.body, other = first, desk.shelf.body
    for _ in range(6):
        desk.later(10)
        await desk.carry_out()
    assert desk.told == ("Failed", "RetryUnclear")
    assert desk.woken == [Key("ProjectJob", "ns", "other-1")]
    desk.jobs.settled(desk.woken[0]._replace(name="page-1"))
    desk.shelf.body = other
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")


async def test_a_person_may_ask_anew_at_once_after_an_unclear_retry() -> None:
    desk = Desk()
    desk.console.replies = ["lost before"]
    for _ in range(6):
        await desk.carry_out()
        desk.later(10)
    assert desk.told == ("Failed", "RetryUnclear")
    desk.jobs.settled(Key("ProjectJob", "ns", "page-1"))
    desk.shelf.edit(annotations={RETRY: "once more"})
    await desk.carry_out()
    assert desk.told == ("Completed", "RetryStarted")
    assert len(desk.console.sent) == 2
    assert desk.console.sent[0] != desk.console.sent[1]


async def test_a_row_that_goes_while_its_retry_is_open_still_holds_up_others() -> None:
    desk = Desk()
    desk.console.replies = ["lost before"]
    await desk.carry_out()
    desk.jobs.forget(Key("ProjectJob", "ns", "page-1"), "u1")
    again = row()
    again["metadata"] |= {"name": "other-1", "uid": "u2"}
    desk.shelf.body = again
    await desk.carry_out()
    assert desk.told == ("Requested", "SubmissionInProgress")
    assert len(desk.console.sent) == 1
