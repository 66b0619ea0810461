"""One pass over an object: the order of its writes is the protocol."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.unit.engine.fakes import Accounts, Crds, Events, Kind, ListState, backup, entry

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import CANCEL, FINALIZER, key_of, status_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.observation import (
    Absent,
    Blocked,
    CancelAccepted,
    CancelRefused,
    EffectUnknown,
    Found,
    NotSent,
    Observation,
    Refused,
    Seen,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.deletions import Deletions
from zilliz_jobs.jobs.reconciler import JobReconciler, Reconciled
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.jobs.submissiongates import SubmissionGates
from zilliz_jobs.kube.errors import Conflict, Forbidden, Invalid, KubeError, NotFound, Unavailable
from zilliz_jobs.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Bench:
    """One object, its kind, and one process."""

    def __init__(self, body: dict[str, Any] | None = None, **answers: Any) -> None:
        self.story: list[str] = []
        self.now = NOON
        self.shelf = ListState(body or backup(), self.story)
        self.kind = Kind(self.story, **answers)
        self.accounts, self.events, self.crds, self.registry = Accounts(), Events(), Crds(), JobOwnership()
        self.woken: list[Any] = []
        self.restart()

    def restart(self) -> None:
        """Another process with an empty memory, and the same object."""
        port: Any = self.shelf
        self.metrics = Metrics()
        events: Any = self.events
        self.entry = entry(self.shelf.body, self.kind)
        self.clock = ServerClock(lambda: self.now, lambda: self.now.timestamp())
        self.deletions = Deletions(events, self.metrics, stopwatch=self.clock.stopwatch(), works=lambda: True)
        status_writer = JobStatusWriter(
            port,
            port,
            port,
            self.events,  # type: ignore[arg-type]
            self.crds,  # type: ignore[arg-type]
            Metrics(),
            progress_interval=0.0,
            clock=lambda: self.now.timestamp(),
        )
        self.actions = Actions(
            self.registry,
            port,
            port,
            RequestsInFlight(),
            wake=self.woken.append,
            ensure_synced=self._synced,
            deletion=BackupDeletion(port, BackupUse(), RequestsInFlight(), self.metrics),
        )
        self.reconciler = JobReconciler(
            self.accounts,  # type: ignore[arg-type]
            self.actions,
            status_writer,
            SubmissionGates(self.crds),  # type: ignore[arg-type]
            self.metrics,
            self.deletions,
            rules=Rules(),
            clock=self.clock,
        )

    async def _synced(self) -> None:
        self.story.append("synced")

    async def reconcile(self, tries: int = 0, seen: Observation | None = None) -> Reconciled:
        assert self.shelf.body is not None
        return await self.reconciler.reconcile(self.entry, self.shelf.body, tries, seen)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def writes(self) -> list[str]:
        return [step for step in self.story if step != "synced"]

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = self.shelf.status.get("submission") or {}
        return found


def running(**more: Any) -> Seen:
    return Seen(State.IN_PROGRESS, "IN_PROGRESS", job_id="job-1", start_time=NOON, **more)


class TestOrder:
    async def test_intent_then_request_then_handle(self):
        bench = Bench()
        result = await bench.reconcile()
        assert bench.writes == ["prepare", "write", "POST", "write_handle"]
        assert bench.record["handle"] == {"jobId": "job-1", "backupId": "b-1"}
        assert result.learnt
        assert result.look is not None
        assert result.body == bench.shelf.body
        assert bench.registry.holder("job-1") == bench.registry.holder("b-1") == "u1"
        assert not bench.registry.is_open("backup/in01")

    async def test_all_objects_are_known_before_anything_is_prepared(self):
        bench = Bench()
        await bench.reconcile()
        assert bench.story.index("synced") < bench.story.index("prepare")

    @pytest.mark.parametrize("error", [Conflict("changed"), NotFound("gone")])
    async def test_an_intent_that_is_not_stored_means_no_request_and_a_free_target(self, error):
        bench = Bench()
        bench.shelf.faults["write"] = [error]
        with pytest.raises(KubeError):
            await bench.reconcile()
        assert "POST" not in bench.story
        assert not bench.registry.is_open("backup/in01")

    async def test_an_intent_that_is_refused_is_told(self):
        """Else the object would say that it waits, for ever."""
        bench = Bench()
        bench.shelf.faults["write"] = [Invalid("a webhook says no")]
        result = await bench.reconcile()
        assert "POST" not in bench.story
        assert not bench.registry.is_open("backup/in01")
        assert not result.learnt
        status = result.body["status"]
        assert (status["state"], status["reason"]) == ("Pending", "KubernetesRefused")
        assert status["message"] == "a webhook says no"
        assert "submission" not in status

    async def test_an_intent_that_may_be_stored_means_no_request_and_a_busy_target(self):
        """Another job of the target, sent meanwhile, would be taken for this one."""
        bench = Bench()
        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], ["before"]
        with pytest.raises(Unavailable):
            await bench.reconcile()
        assert "POST" not in bench.story
        assert bench.registry.is_open("backup/in01")

    async def test_an_intent_that_is_found_stored_after_all_is_sent_and_not_looked_for(self):
        """For an export no look-up can tell, so it would ask a person about what never left."""
        bench = Bench(look=[Undecided("nothing can tell")])
        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], ["before"]
        with pytest.raises(Unavailable):
            await bench.reconcile()
        result = await bench.reconcile()
        assert not result.learnt
        assert not bench.record
        assert bench.shelf.status["reason"] == "KubernetesUnavailable"
        assert not bench.registry.is_open("backup/in01")
        await bench.reconcile(1)
        assert bench.story.count("POST") == 1
        assert "look" not in bench.story
        assert bench.record["evidence"] == "Answered"

    async def test_so_is_one_whose_write_arrives_after_it_was_given_up(self):
        bench = Bench(look=[Undecided("nothing can tell")])
        late: list[dict[str, Any]] = []
        real = bench.shelf.write

        async def write(resource: Any, body: dict[str, Any], status: dict[str, Any], **named: Any) -> dict[str, Any]:
            if not late and status.get("submission"):
                late.append(status)
                raise Unavailable("on its way")
            return await real(resource, body, status, **named)

        bench.shelf.write = write  # type: ignore[method-assign]
        with pytest.raises(Conflict):
            await bench.reconcile()
        assert bench.shelf.body is not None
        bench.shelf.body = {**bench.shelf.body, "status": late[0]}
        bench.shelf.edit()
        await bench.reconcile()
        await bench.reconcile(1)
        assert bench.story.count("POST") == 1
        assert "look" not in bench.story

    async def test_another_process_looks_for_such_an_intent(self):
        """It cannot know that nothing left."""
        bench = Bench(look=[Undecided("nothing can tell")])
        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], ["before"]
        with pytest.raises(Unavailable):
            await bench.reconcile()
        bench.restart()
        await bench.reconcile()
        assert "look" in bench.story
        assert "POST" not in bench.story

    async def test_what_was_sent_after_all_is_looked_for(self):
        """The same send, given up once and stored at the second try, is no longer proven not to have left."""
        bench = Bench(submit=[EffectUnknown("reset")], look=[Undecided("nothing can tell")])
        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], []
        await bench.reconcile()
        assert bench.story.count("POST") == 1
        bench.shelf.status["submission"].pop("lookSince")
        await bench.reconcile()
        assert bench.story.count("POST") == 1
        assert "look" in bench.story

    async def test_an_edit_between_reading_and_intent_means_no_request(self):
        bench = Bench()
        bench.shelf.faults["write"] = [lambda: bench.shelf.edit(annotations={CANCEL: "1"})]
        with pytest.raises(Conflict):
            await bench.reconcile()
        assert "POST" not in bench.story

    async def test_a_write_that_takes_longer_than_the_fence_means_no_request(self, monkeypatch):
        clock = [100.0]
        monkeypatch.setattr("zilliz_jobs.control.inflight.Fence", partial(Fence, clock=lambda: clock[0]))
        bench = Bench(look=[Absent()])
        bench.shelf.faults["write"] = [lambda: clock.__setitem__(0, 111.0)]
        await bench.reconcile()
        assert "fence closed" in bench.story
        assert "POST" not in bench.story

    async def test_a_closed_gate_means_not_even_a_preparation(self):
        bench = Bench()
        bench.crds.closed = Blocked(Reason.CRD_OUTDATED, "apply the CRDs", 15.0)
        await bench.reconcile()
        assert bench.writes == ["write"]
        assert bench.shelf.status["reason"] == "CRDOutdated"


class TestStop:
    async def test_a_process_that_is_told_to_stop_in_the_middle_of_a_request_still_records_it(self):
        """SIGTERM: each rollout would else turn a submission into a look-up, or lose it."""
        bench = Bench()
        gate = asyncio.Event()
        bench.kind.submitting = gate.wait
        task = asyncio.create_task(bench.reconcile())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.record["evidence"] == "Sending"
        asyncio.get_running_loop().call_later(3, gate.set)
        await bench.actions.in_flight.drain(25)
        assert bench.record["handle"] == {"jobId": "job-1", "backupId": "b-1"}

    async def test_nor_while_its_record_cannot_be_stored_yet(self):
        bench = Bench()
        bench.shelf.faults["write_handle"] = ["before"] * 3
        task = asyncio.create_task(bench.reconcile())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await bench.actions.in_flight.drain(25)
        assert bench.record["evidence"] == "Answered"

    async def test_the_drain_has_an_end(self):
        bench = Bench()
        bench.kind.submitting = asyncio.Event().wait
        task = asyncio.create_task(bench.reconcile())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bench.actions.in_flight.drain(25)
        assert bench.record["evidence"] == "Sending"
        for left in bench.actions.in_flight.tasks:
            left.cancel()
        await asyncio.sleep(0)


class TestAnswers:
    async def test_a_lost_answer_is_looked_up_in_the_same_pass(self):
        bench = Bench(submit=[EffectUnknown("reset")], look=[Found({"backupId": "b-1"}, Evidence.INFERRED)])
        bench.kind.answers["read"] = [running()]
        await bench.reconcile()
        assert bench.writes[:5] == ["prepare", "write", "POST", "write_handle", "look"]
        assert bench.record["evidence"] == "Inferred"

    async def test_an_open_submission_keeps_its_target_busy(self):
        bench = Bench(submit=[EffectUnknown("reset")], look=[Absent()])
        result = await bench.reconcile()
        assert bench.registry.is_open("backup/in01")
        assert result.wake
        assert bench.shelf.status["reason"] == "LookingForSubmission"
        bench.kind.answers["look"] = [Found({"backupId": "b-1"}, Evidence.INFERRED)]
        bench.kind.answers["read"] = [running()]
        await bench.reconcile()
        assert not bench.registry.is_open("backup/in01")

    async def test_what_broke_off_in_our_own_code_may_have_left(self):
        bench = Bench(look=[Absent()])

        async def burst() -> None:
            raise RuntimeError("a bug")

        bench.kind.submitting = burst
        await bench.reconcile()
        assert bench.record["evidence"] == "Sending"

    async def test_not_sent_and_refused_for_now_free_the_target_and_are_no_progress(self):
        for answer in (
            NotSent(Reason.CLOUD_UNREACHABLE, "no route"),
            Refused(Reason.CLUSTER_BUSY, "busy", heals=True),
        ):
            bench = Bench(submit=[answer])
            result = await bench.reconcile()
            assert not bench.record
            assert not bench.registry.is_open("backup/in01")
            assert (result.learnt, result.wake is not None) == (False, True)

    async def test_a_rejected_key_is_suspected(self):
        bench = Bench(submit=[Refused(Reason.KEY_REJECTED, "bad key", heals=True)])
        await bench.reconcile()
        assert len(bench.accounts.suspected) == 1

    async def test_another_record_is_gone_on_with_and_not_overwritten(self):
        """Both handles are kept: the one that was stored first is followed, the other is named beside it."""
        bench = Bench(read=[running()])

        async def another_process_finds_it_first() -> None:
            bench.shelf.status["submission"] |= {"handle": {"jobId": "job-2"}, "evidence": "Inferred"}
            bench.shelf.edit()

        bench.kind.submitting = another_process_finds_it_first
        await bench.reconcile()
        assert bench.record["handle"]["jobId"] == "job-2"
        assert bench.record["otherHandles"] == ["b-1", "job-1"]
        assert bench.registry.holder("job-1") == "u1"

    async def test_an_object_deleted_during_its_request_holds_nothing_afterwards(self):
        bench = Bench()

        async def deleted() -> None:
            bench.shelf.body = None

        bench.kind.submitting = deleted
        with pytest.raises(NotFound):
            await bench.reconcile()
        assert not bench.registry.is_open("backup/in01")
        assert bench.registry.holder("job-1") is None
        assert not bench.registry.is_unclaimed("other", "job-1")  # and nobody takes its job for its own
        assert "job job-1 still runs" in bench.events[-1][2]

    async def test_one_whose_end_the_watch_tells_first_is_told_of_with_the_answer(self):
        """Else nobody could say which job is left in the cloud."""
        bench = Bench()

        async def deleted() -> None:
            body, bench.shelf.body = bench.shelf.body, None
            bench.deletions.tell(bench.kind.traits, body, status_of(body), entry=bench.entry)

        bench.kind.submitting = deleted
        with pytest.raises(NotFound):
            await bench.reconcile()
        told = [message for _, reason, message in bench.events if reason == "DeletedWhileRunning"]
        assert told == ["the object is gone; job job-1 still runs in the cloud"]

    async def test_an_answer_that_may_not_be_stored_holds_no_deletion_up(self):
        """The rights went with the namespace; a worker that tries for ever is lost to all others."""
        bench = Bench()

        async def deleted() -> None:
            bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
            bench.deletions.since(bench.entry, bench.shelf.body)

        bench.kind.submitting = deleted
        bench.shelf.faults["write_handle"] = [Forbidden("no right")] * 100
        with pytest.raises(Forbidden):
            await bench.reconcile()
        assert len(bench.shelf.faults["write_handle"]) >= 98  # by this pass, and by the task that goes on trying


class TestFind:
    def open(self, **more: Any) -> dict[str, Any]:
        record = {
            "token": "t",
            "holder": "x",
            "sends": 1,
            "evidence": "Sending",
            "intentTime": "2026-03-01T11:00:00Z",
        }
        return backup(status={"state": "Pending", "submission": record | more})

    async def test_a_job_of_another_object_is_not_ours(self):
        bench = Bench(self.open())
        bench.registry.claim("u2", "b-1")
        seen: list[bool] = []
        bench.kind.answers["look"] = [lambda free: seen.append(free("b-1")) or Undecided("none free")]
        await bench.reconcile()
        assert seen == [False]

    async def test_nor_one_of_our_own_earlier_attempts(self):
        """It failed seconds ago with the very same files; it would be found, and the retry lost."""
        body = self.open(attempt=2)
        body["status"]["attempts"] = [{"number": 1, "jobId": "job-0", "state": "Failed"}, {"number": 2}]
        bench = Bench(body)
        bench.registry.on_upsert("u1", body)
        seen: list[bool] = []
        bench.kind.answers["look"] = [lambda free: seen.extend((free("job-0"), free("job-9"))) or Absent()]
        await bench.reconcile()
        assert seen == [False, True]

    async def test_one_that_two_find_at_once_goes_to_one(self):
        bench = Bench(self.open())

        def taken(_free: Any) -> Found:
            bench.registry.claim("u2", "b-1")
            return Found({"backupId": "b-1"}, Evidence.INFERRED)

        bench.kind.answers["look"] = [taken]
        await bench.reconcile()
        assert "handle" not in bench.record

    async def test_a_find_that_could_not_be_stored_is_found_again(self):
        bench = Bench(self.open(), read=[running(), running()])
        found = Found({"backupId": "b-1"}, Evidence.INFERRED)
        bench.kind.answers["look"] = [found, lambda free: found if free("b-1") else Undecided("taken")]
        bench.shelf.faults["write"] = ["before"]
        with pytest.raises(Unavailable):
            await bench.reconcile()
        await bench.reconcile()
        assert bench.record["handle"]["backupId"] == "b-1"


class TestLife:
    async def followed(self, **spec: Any) -> Bench:
        bench = Bench(backup(spec=spec))
        await bench.reconcile()
        bench.story.clear()
        return bench

    async def test_progress_is_stored_and_the_end_ends_it(self):
        bench = await self.followed()
        result = await bench.reconcile(seen=running(progress=40))
        assert (bench.shelf.status["progressPercent"], result.learnt) == (40, True)
        result = await bench.reconcile(seen=Seen(State.SUCCESSFUL, "SUCCESSFUL", job_id="job-1", end_time=NOON))
        assert bench.shelf.status["completionTime"]
        assert result.wake is None

    async def test_a_failing_read_backs_off(self):
        bench = await self.followed()
        waits = []
        for tries in (0, 3, 6):
            result = await bench.reconcile(tries, seen=Unreadable(Reason.CLOUD_UNREACHABLE, "down"))
            assert not result.learnt
            waits.append(result.look)
        assert waits == sorted(waits)
        assert waits[0] < waits[-1]

    async def test_a_cancel_is_in_the_status_before_the_cloud_is_asked(self):
        bench = await self.followed()
        bench.shelf.edit(annotations={CANCEL: "please"})
        bench.kind.answers |= {"read": [running()], "cancel": [CancelAccepted()]}
        await bench.reconcile()
        assert bench.writes.index("write") < bench.writes.index("cancel")
        assert bench.shelf.status["cancel"]["outcome"] == "Accepted"

    async def test_the_finalizer_comes_before_the_intent_and_goes_at_the_end(self):
        """Added later, a deletion in between would leave a job that nobody cancels."""
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}))
        await bench.reconcile()
        assert bench.writes == ["prepare", "add_finalizer", "write", "POST", "write_handle"]
        await bench.reconcile(seen=Seen(State.SUCCESSFUL, "SUCCESSFUL", job_id="job-1", end_time=NOON))
        assert bench.shelf.body["metadata"]["finalizers"] == []

    async def test_a_finalizer_that_cannot_be_added_means_no_request(self):
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}))
        bench.shelf.faults["add_finalizer"] = [Conflict("changed")]
        with pytest.raises(Conflict):
            await bench.reconcile()
        assert "POST" not in bench.story

    async def test_a_deletion_cancels_and_then_lets_the_object_go(self):
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}), cancel=[CancelAccepted()])
        await bench.reconcile()
        bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
        result = await bench.reconcile()
        assert "cancel" in bench.story
        assert FINALIZER not in bench.shelf.body["metadata"]["finalizers"]
        assert result.body is None
        assert "DeletedWhileRunning" in [reason for _, reason, _ in bench.events]

    async def test_one_that_was_deleted_while_no_operator_ran_is_cancelled_all_the_same(self):
        """Its two minutes are over by the API server's clock; the job would run on."""
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}), cancel=[CancelAccepted()])
        await bench.reconcile()
        bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
        bench.later(3600)
        bench.restart()
        await bench.reconcile()
        assert "cancel" in bench.story
        assert bench.shelf.body["metadata"]["finalizers"] == []

    @pytest.mark.parametrize("error", [Forbidden("no right"), Invalid("the CRD is older")])
    async def test_a_status_that_is_refused_holds_no_deletion_up(self, error):
        """A namespace would hang because of a right that is missing."""
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}), cancel=[CancelAccepted()])
        await bench.reconcile()
        bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
        bench.shelf.faults["write"] = [error] * 5
        await bench.reconcile()
        assert "cancel" in bench.story
        assert bench.shelf.body["metadata"]["finalizers"] == []
        assert "asked to cancel job job-1" in bench.events[-1][2]

    async def test_a_status_that_is_refused_is_an_error_where_nothing_is_deleted(self):
        bench = Bench(read=[running()])
        await bench.reconcile()
        bench.shelf.faults["write"] = [Forbidden("no right")]
        with pytest.raises(Forbidden):
            await bench.reconcile(seen=running())

    async def test_a_record_that_nobody_can_read_holds_no_deletion_up(self):
        spoilt = {"submission": {"sends": "many"}}
        bench = Bench(backup(finalizers=[FINALIZER], deletionTimestamp="2026-03-01T12:00:00Z", status=spoilt))
        result = await bench.reconcile()
        assert result.body is None
        assert bench.shelf.body["metadata"]["finalizers"] == []
        assert "record unreadable" in bench.events[-1][2]

    async def test_a_refused_cancel_is_told_as_such(self):
        refused = [CancelRefused(Reason.NO_PERMISSION, "the role may not")]
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}), cancel=refused)
        await bench.reconcile()
        bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
        await bench.reconcile()
        assert "did not cancel job job-1: the role may not" in bench.events[-1][2]

    async def test_a_finalizer_that_cannot_be_taken_off_is_no_farewell(self):
        """The object is still there, and its job is cancelled with the next try."""
        bench = Bench(backup(spec={"deletionPolicy": "Cancel"}), cancel=[CancelAccepted(), CancelAccepted()])
        await bench.reconcile()
        bench.shelf.edit(deletionTimestamp="2026-03-01T12:00:00Z")
        bench.shelf.faults["remove_finalizer"] = [Forbidden("no right")]
        with pytest.raises(Forbidden):
            await bench.reconcile()
        assert "DeletedWhileRunning" not in [reason for _, reason, _ in bench.events]
        await bench.reconcile()
        assert [reason for _, reason, _ in bench.events].count("DeletedWhileRunning") == 1

    async def test_an_object_past_its_time_to_live_is_deleted(self):
        bench = await self.followed(ttlSecondsAfterFinished=60)
        result = await bench.reconcile(seen=Seen(State.SUCCESSFUL, "SUCCESSFUL", job_id="job-1", end_time=NOON))
        assert (result.body is None, result.wake) == (False, 60.0)
        bench.later(61)
        result = await bench.reconcile()
        assert result.body is None
        assert bench.shelf.body is None

    async def test_one_in_line_waits_and_is_woken_when_the_target_is_free(self):
        bench = Bench()
        bench.registry.enter("u2", "backup/in01")
        result = await bench.reconcile()
        assert "POST" not in bench.story
        assert bench.shelf.writes == 0, "it is Pending by default, and its turn comes in a moment, mostly"
        assert not result.learnt
        bench.later(61)
        await bench.reconcile()
        assert bench.shelf.status["reason"] == "SubmissionInProgress"
        bench.actions._locks.leave(entry(backup("two", uid="u2")))
        assert bench.woken == [key_of(bench.shelf.body)]

    async def test_a_preparation_that_bursts_frees_the_target(self):
        bench = Bench()

        async def burst(*_: Any, **__: Any) -> Any:
            raise RuntimeError("a bug")

        bench.kind.prepare = burst  # type: ignore[method-assign]
        with pytest.raises(RuntimeError):
            await bench.reconcile()
        assert not bench.registry.is_open("backup/in01")
