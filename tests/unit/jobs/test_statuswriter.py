"""Every write to an object. What is lost here is a job that nobody knows of, or one that is submitted twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.engine.fakes import Body, Crds, Events, Kind, ListState, backup, entry

from zilliz_jobs.api.jobstatus import Condition, Evidence, JobStatus, State, Submission
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.jobs import statuswriter
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.kube.errors import Conflict, Forbidden, Invalid, KubeError, NotFound, StrictDecoding, Unavailable
from zilliz_jobs.telemetry.concealed import CONCEALED
from zilliz_jobs.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime

KIND = Kind([])
INTENT = JobStatus(
    state=State.PENDING,
    reason="Submitting",
    submission=Submission(token="t1", holder="me", sends=1, evidence=Evidence.SENDING),
)
ANSWER = INTENT.but(
    reason="Submitted",
    job_id="job-1",
    submission=INTENT.submission.but(handle={"jobId": "job-1"}, evidence=Evidence.ANSWERED),
)


class HidingState(ListState):
    """It takes the secrets out of what is stored, as the real one does."""

    async def write(self, resource: Any, body: Body, status: Body, *, clean: bool = False) -> Body:
        return await super().write(resource, body, status if clean else hidden(body, status))


class Bench:
    def __init__(self, **body: Any) -> None:
        self.now = 0.0
        self.shelf, self.events, self.crds = HidingState(backup(**body)), Events(), Crds()
        self.entry = entry(self.body, KIND)
        port: Any = self.shelf
        self.status_writer = JobStatusWriter(
            port,
            port,
            port,
            self.events,  # type: ignore[arg-type]
            self.crds,  # type: ignore[arg-type]
            Metrics(),
            progress_interval=5.0,
            clock=lambda: self.now,
        )

    @property
    def body(self) -> dict[str, Any]:
        assert self.shelf.body is not None
        return self.shelf.body

    async def intent(self) -> dict[str, Any]:
        return await self.status_writer.write_intent(self.entry, dict(self.body), INTENT)

    async def answered(self, body: dict[str, Any], answer: JobStatus = ANSWER) -> dict[str, Any]:
        return await self.status_writer.write_answer(KIND, body, INTENT, answer)


@pytest.fixture
def bench() -> Bench:
    return Bench()


class TestIntent:
    async def test_stored_is_stored(self, bench):
        stored = await bench.intent()
        assert stored["status"]["submission"]["token"] == "t1"
        assert stored == bench.body

    async def test_an_answer_that_is_lost_after_the_effect_is_ours_by_its_holder(self, bench):
        bench.shelf.faults["write"] = ["after"]
        stored = await bench.intent()
        assert stored["status"]["submission"]["holder"] == "me"

    async def test_one_that_is_lost_before_the_effect_means_send_nothing(self, bench):
        bench.shelf.faults["write"] = ["before"]
        with pytest.raises(Conflict):
            await bench.intent()

    async def test_nor_where_nobody_can_tell(self, bench):
        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], ["before"]
        with pytest.raises(Unavailable):
            await bench.intent()

    async def test_nor_after_a_change_of_somebody_else(self, bench):
        body = dict(bench.body)
        bench.shelf.edit(labels={"a": "b"})
        with pytest.raises(Conflict):
            await bench.status_writer.write_intent(bench.entry, body, INTENT)
        assert bench.shelf.writes == 0

    @pytest.mark.parametrize(
        "other", [{"token": "t2"}, {"holder": "another process"}, {"sends": 2}, {"holder": None}, None]
    )
    async def test_nor_where_the_stored_record_is_another_one(self, bench, other):
        """Another process wrote its own; or the server pruned a field of ours."""

        def spoil() -> None:
            record = INTENT.submission.wire() | (other or {})
            bench.shelf.body["status"] = {"submission": record} if other else {}

        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], [spoil]
        with pytest.raises(Conflict):
            await bench.intent()

    async def test_nor_in_an_object_of_the_same_name(self, bench):
        def replaced() -> None:
            bench.shelf.body["metadata"]["uid"] = "u2"

        bench.shelf.faults["write"], bench.shelf.faults["get"] = ["after"], [replaced]
        with pytest.raises(Conflict):
            await bench.intent()

    async def test_an_outdated_crd_closes_the_gate_and_is_told(self, bench):
        bench.shelf.faults["write"] = [StrictDecoding("unknown field")]
        with pytest.raises(StrictDecoding):
            await bench.intent()
        assert bench.crds.doubts == ["BackupJob"]
        assert [(kind, reason) for kind, reason, _ in bench.events] == [("Warning", "CRDOutdated")]


class TestWhatIsStoredAlready:
    """Of a status that this process wrote only the changes are written down and compared. What somebody else changed
    must not pass for its own."""

    RUNNING = ANSWER.but(state=State.IN_PROGRESS, reason="InProgress", progress_percent=10)

    async def write(self, bench: Bench, status: JobStatus) -> None:
        await bench.status_writer.write(bench.entry, dict(bench.body), status, force=True)

    @pytest.mark.parametrize("edited", [True, False])
    async def test_what_somebody_edited_is_put_right(self, bench, edited):
        await self.write(bench, self.RUNNING)
        if edited:
            bench.shelf.edit(labels={"a": "b"})
            bench.body["status"] |= {"cloudStatus": "Nonsense", "startTime": "yesterday"}
        await self.write(bench, self.RUNNING.but(progress_percent=20))
        assert bench.shelf.status == self.RUNNING.but(progress_percent=20).wire()

    async def test_a_field_goes_that_is_told_no_more(self, bench):
        await self.write(bench, self.RUNNING.but(cloud_status="Running", message="a job is running"))
        await self.write(bench, self.RUNNING.but(state=State.PENDING, reason="Waiting", progress_percent=None))
        assert (
            bench.shelf.status
            == self.RUNNING.but(state=State.PENDING, reason="Waiting", progress_percent=None).wire()
        )

    async def test_nothing_is_taken_for_its_own_after_the_history_went_back(self, bench):
        """The version is used again, by another state of the object."""
        ownership: Any = None
        cache = JobCache(ownership, {})
        await self.write(bench, self.RUNNING)
        assert bench.entry.as_written is not None
        cache._entries[bench.entry.key] = bench.entry
        cache.distrust()
        bench.body["status"] |= {"startTime": "yesterday"}
        await self.write(bench, self.RUNNING.but(progress_percent=20))
        assert bench.shelf.status == self.RUNNING.but(progress_percent=20).wire()


class TestAnswer:
    @pytest.mark.parametrize(
        "faults",
        [
            ["before"] * 30,
            ["after"],
            ["before", "after"],
            [Forbidden("a right is missing for a while")] * 3,
            [Invalid("a webhook says no")] * 3,
            [KubeError("odd")],
            [StrictDecoding("unknown field")] * 2,
            [Conflict("odd")],
        ],
    )
    async def test_it_is_written_until_it_is_stored_whatever_stands_in_the_way(self, bench, faults):
        """The handle stands nowhere else."""
        body = await bench.intent()
        bench.shelf.faults["write_handle"] = list(faults)
        await bench.answered(body)
        assert bench.shelf.status["submission"]["handle"] == {"jobId": "job-1"}
        assert bench.shelf.status["jobId"] == "job-1"

    @pytest.mark.parametrize("error", [Forbidden("no right"), Unavailable("down"), Invalid("no")])
    async def test_the_caller_says_how_long_to_try(self, bench, error):
        """Else a worker would be kept for ever."""
        body = await bench.intent()
        bench.shelf.faults["write_handle"] = [error] * 1000
        bench.status_writer._clock = asyncio.get_running_loop().time
        began = bench.status_writer._clock()
        with pytest.raises(type(error)):
            await bench.status_writer.write_answer(KIND, body, INTENT, ANSWER, patience=lambda: 60.0)
        assert 60 <= bench.status_writer._clock() - began < 75

    async def test_the_pauses_between_are_bounded(self, bench):
        body = await bench.intent()
        bench.shelf.faults["write_handle"] = ["before"] * 20
        began = asyncio.get_running_loop().time()
        await bench.answered(body)
        assert 100 < asyncio.get_running_loop().time() - began < 200

    async def test_a_label_edited_meanwhile_does_not_stop_it(self, bench):
        body = await bench.intent()
        bench.shelf.edit(labels={"team": "x"})
        stored = await bench.answered(body)
        assert stored["metadata"]["labels"] == {"team": "x"}
        assert stored["status"]["jobId"] == "job-1"

    async def test_an_outdated_crd_is_doubted_meanwhile(self, bench):
        body = await bench.intent()
        bench.shelf.faults["write_handle"] = [StrictDecoding("x")]
        await bench.answered(body)
        assert bench.crds.doubts == ["BackupJob"]

    async def test_an_object_that_is_gone_ends_it(self, bench):
        body = await bench.intent()
        bench.shelf.body = None
        with pytest.raises(NotFound):
            await bench.answered(body)

    async def test_an_object_of_the_same_name_is_never_given_the_job(self, bench):
        body = await bench.intent()
        bench.shelf.body = backup(uid="u2", version=50, status=INTENT.wire())
        with pytest.raises(NotFound):
            await bench.answered(body)
        assert bench.shelf.body["status"] == INTENT.wire()
        assert not [e for e in bench.events if e[1] == "TwoHandles"]


class TestTwoHandles:
    """Somebody else recorded another end for this submission: both jobs run, and both must be known."""

    async def conflict(self, bench: Bench, record: Submission | None, answer: JobStatus = ANSWER) -> dict[str, Any]:
        body = await bench.intent()
        status = INTENT.but(submission=record)
        bench.shelf.body["status"] = status.wire()
        bench.shelf.edit()
        return await bench.answered(body, answer)

    OTHER = INTENT.submission.but(handle={"jobId": "job-2"}, evidence=Evidence.INFERRED)

    async def test_both_are_kept_and_it_is_told(self, bench):
        stored = await self.conflict(bench, self.OTHER)
        assert stored["status"]["submission"]["handle"] == {"jobId": "job-2"}
        assert stored["status"]["submission"]["otherHandles"] == ["job-1"]
        assert [reason for _, reason, _ in bench.events if reason == "TwoHandles"]

    @pytest.mark.parametrize("fault", ["before", "after", Forbidden("x")])
    async def test_the_second_is_noted_until_it_is_stored(self, bench, fault):
        bench.shelf.faults["write"] = [None, fault, fault]
        stored = await self.conflict(bench, self.OTHER)
        assert stored["status"]["submission"]["otherHandles"] == ["job-1"]

    async def test_a_change_in_between_does_not_lose_the_second(self, bench):
        bench.shelf.faults["write"] = [None, lambda: bench.shelf.edit(labels={"a": "b"})]
        stored = await self.conflict(bench, self.OTHER)
        assert stored["status"]["submission"]["otherHandles"] == ["job-1"]

    async def test_the_same_job_found_by_another_way_is_one(self, bench):
        found = INTENT.submission.but(handle={"jobId": "job-1", "backupId": "b"}, evidence=Evidence.INFERRED)
        stored = await self.conflict(bench, found)
        assert "otherHandles" not in stored["status"]["submission"]
        assert [e for e in bench.events if e[1] == "TwoHandles"] == []

    async def test_a_record_that_a_person_resolved_away_is_told_of_only(self, bench):
        stored = await self.conflict(bench, None)
        assert "submission" not in stored["status"]
        assert [e for e in bench.events if e[1] == "TwoHandles"]

    async def test_an_answer_without_a_job_has_nothing_to_keep(self, bench):
        stored = await self.conflict(bench, self.OTHER, INTENT.but(submission=None, reason="RateLimited"))
        assert stored["status"]["submission"]["handle"] == {"jobId": "job-2"}


class TestThrottle:
    RUNNING = JobStatus(state=State.IN_PROGRESS, reason="InProgress", progress_percent=1)

    async def test_mere_progress_is_written_now_and_then_and_an_end_at_once(self, bench):
        """Ten thousand jobs would write ten thousand times a poll; an end that waits is a script that waits."""
        body = await bench.status_writer.write(bench.entry, bench.body, self.RUNNING)
        assert not bench.entry.held_back
        bench.now += 1
        assert await bench.status_writer.write(bench.entry, body, self.RUNNING.but(progress_percent=2)) == body
        assert bench.entry.held_back, "a read that shows the same again is news until it is stored"
        bench.now += 5
        body = await bench.status_writer.write(bench.entry, body, self.RUNNING.but(progress_percent=3))
        assert bench.shelf.status["progressPercent"] == 3
        assert not bench.entry.held_back
        done = self.RUNNING.but(state=State.SUCCESSFUL, progress_percent=100)
        await bench.status_writer.write(bench.entry, body, done)
        assert bench.shelf.status["state"] == "Successful"
        assert bench.shelf.writes == 3

    async def test_what_was_held_back_is_written_by_force(self, bench):
        body = await bench.status_writer.write(bench.entry, bench.body, self.RUNNING)
        await bench.status_writer.write(bench.entry, body, self.RUNNING.but(progress_percent=2), force=True)
        assert bench.shelf.status["progressPercent"] == 2

    async def test_nothing_new_is_no_write(self, bench):
        body = await bench.status_writer.write(bench.entry, bench.body, self.RUNNING)
        bench.now += 100
        assert await bench.status_writer.write(bench.entry, body, self.RUNNING) is body
        assert bench.shelf.writes == 1

    async def test_an_object_of_the_same_name_begins_anew(self, bench):
        """Else its first progress would be held back because of what its predecessor wrote."""
        await bench.status_writer.write(bench.entry, bench.body, self.RUNNING)
        body = dict(bench.body)
        await bench.status_writer.write(entry(body, KIND), body, self.RUNNING.but(progress_percent=2))
        assert bench.shelf.status["progressPercent"] == 2


class TestFinalizer:
    async def test_it_is_put_on_and_taken_off(self, bench):
        body = await bench.status_writer.add_finalizer(KIND, bench.body)
        assert body["metadata"]["finalizers"] == ["jobs.zilliz.com/cleanup"]
        body = await bench.status_writer.remove_finalizer(KIND, body)
        assert body["metadata"]["finalizers"] == []

    async def test_an_object_whose_last_finalizer_is_taken_off_is_gone(self):
        bench = Bench(finalizers=["jobs.zilliz.com/cleanup"], deletionTimestamp="2026-03-01T13:00:00Z")
        assert await bench.status_writer.remove_finalizer(KIND, bench.body) is None


class TestTurn:
    """A thousand new jobs that stand in line would each cost a write that says nothing new."""

    LINE = JobStatus(state=State.PENDING, reason="SubmissionInProgress", message="another job ...", conditions=[])

    async def test_jobs_that_all_lack_the_same_thing_do_not_write_turn_by_turn(self, bench):
        """While one of them finds its Secret missing, the others stand in line behind it for a moment."""
        ready = Condition(type="Ready", status="False")
        same = JobStatus(state=State.PENDING, conditions=[ready], reason="SecretNotFound", message="no Secret films")
        bench.shelf.body["status"] = same.wire()
        for _ in range(5):
            bench.now += 20
            await bench.status_writer.write(bench.entry, dict(bench.body), same.but(reason=self.LINE.reason))
            await bench.status_writer.write(bench.entry, dict(bench.body), same)
        assert bench.shelf.writes == 0

    async def test_a_new_job_in_line_says_so_after_a_minute(self, bench):
        await bench.status_writer.write(bench.entry, dict(bench.body), self.LINE)
        bench.now += 59
        await bench.status_writer.write(bench.entry, dict(bench.body), self.LINE)
        assert bench.shelf.writes == 0
        bench.now += 2
        await bench.status_writer.write(bench.entry, dict(bench.body), self.LINE)
        assert bench.shelf.status["reason"] == "SubmissionInProgress"

    async def test_what_is_wrong_is_said_at_once(self, bench):
        wrong = self.LINE.but(reason="SecretNotFound")
        await bench.status_writer.write(bench.entry, dict(bench.body), wrong)
        assert bench.shelf.status["reason"] == "SecretNotFound"

    async def test_one_that_said_something_before_says_this_too(self, bench):
        ready = {"type": "Ready", "status": "False"}
        bench.shelf.body["status"] = {"conditions": [ready], "reason": "SecretNotFound"}
        await bench.status_writer.write(bench.entry, dict(bench.body), self.LINE)
        bench.now += 61
        await bench.status_writer.write(bench.entry, dict(bench.body), self.LINE)
        assert bench.shelf.status["reason"] == "SubmissionInProgress"


class TestSecrets:
    """What the stored status says was searched when it was written; a pass that changes nothing searches no more."""

    async def test_a_pass_without_a_change_searches_nothing(self, bench, monkeypatch):
        """Else each look at each running job would search its whole status, for nothing."""
        searched = []
        monkeypatch.setattr(statuswriter, "hidden", lambda _body, status, **_: searched.append(status) or status)
        status = ANSWER.but(message="the cloud works")
        await bench.status_writer.write(bench.entry, bench.body, status)
        for _ in range(10):
            await bench.status_writer.write(bench.entry, bench.body, status)
        assert len(searched) <= 2
        await bench.status_writer.write(bench.entry, bench.body, status.but(message="the cloud rests"), force=True)
        assert len(searched) <= 4

    async def test_what_a_person_wrote_beside_it_is_searched(self, bench):
        """Nobody searched it: only what this process stored is known to hold no secret."""
        CONCEALED.conceal("canary-of-an-edit", namespace="ns")
        status = ANSWER.but(message="the cloud works")
        await bench.status_writer.write(bench.entry, bench.body, status)
        status = status.but(message="the cloud works with canary-of-an-edit")
        bench.shelf.body["status"] = status.wire()
        bench.shelf.edit(labels={"edited": "yes"})
        await bench.status_writer.write(bench.entry, bench.body, status.but(job_id="job-2"), force=True)
        assert bench.shelf.status["message"] == "the cloud works with ***"

    async def test_what_stands_there_is_not_searched_again_beside_what_is_new(self, bench):
        CONCEALED.conceal("canary-of-a-change", namespace="ns")
        status = ANSWER.but(message="the cloud works", cloud_status="Importing")
        await bench.status_writer.write(bench.entry, bench.body, status)
        status = status.but(message="the cloud has canary-of-a-change")
        await bench.status_writer.write(bench.entry, bench.body, status, force=True)
        assert bench.shelf.status["message"] == "the cloud has ***"
        assert bench.shelf.status["cloudStatus"] == "Importing"

    async def test_a_secret_that_becomes_known_later_is_taken_out_of_what_stands_there(self, bench):
        """The Secret may be read long after the cloud gave its reason."""
        status = ANSWER.but(message="no access with canary-of-the-bucket-1")
        for _ in range(3):
            await bench.status_writer.write(bench.entry, bench.body, status)
        assert "canary" in bench.shelf.status["message"]
        CONCEALED.conceal("canary-of-the-bucket-1", namespace="ns")
        bench.now += 60
        await bench.status_writer.write(bench.entry, bench.body, status)
        assert bench.shelf.status["message"] == "no access with ***"

    async def test_so_is_one_of_a_namespace_that_begins_to_share_the_key(self, bench):
        CONCEALED.conceal("canary-of-the-neighbour", namespace="next-door")
        status = ANSWER.but(message="no access with canary-of-the-neighbour")
        for _ in range(3):
            await bench.status_writer.write(bench.entry, bench.body, status)
        assert "canary" in bench.shelf.status["message"]
        for namespace in ("ns", "next-door"):
            CONCEALED.uses(namespace, "a key that two share")
        bench.now += 60
        await bench.status_writer.write(bench.entry, bench.body, status)
        assert bench.shelf.status["message"] == "no access with ***"

    async def test_another_process_searches_once(self, bench):
        """It knows secrets that its predecessor did not, and not which of them were searched for."""
        CONCEALED.conceal("canary-of-the-last-one", namespace="ns")
        status = ANSWER.but(message="no access with canary-of-the-last-one")
        bench.shelf.body["status"] = status.wire()
        await bench.status_writer.write(entry(bench.body, KIND), bench.body, status)
        assert bench.shelf.status["message"] == "no access with ***"
