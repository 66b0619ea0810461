"""What a decision leaves in the status for the next one. A field that is lost here is missed hours later: by a
look-up that takes another job for ours, or by a person who is not told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BACKUP,
    DOWN,
    IMPORT,
    NOON,
    RUNNING,
    SAMPLE,
    THROTTLED,
    a_job,
    broken,
    first_step,
    running,
    seen,
    sending,
)

from zilliz_jobs.api.jobspec import DeletionPolicy
from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, Notice, State, StepStatus, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.attempts import failed, prepared, with_attempt
from zilliz_jobs.core.cancelling import is_left_running
from zilliz_jobs.core.conditions import readiness
from zilliz_jobs.core.gates import Gate, closed_gate
from zilliz_jobs.core.lateeffects import compared_with, late_look_at, looked_for, unresolved_since
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, counted

EARLIER, LATER = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)


class TestReadiness:
    """Of an object that is no job: what kstatus and `kubectl wait` go by."""

    def test_ready(self) -> None:
        assert readiness(Reason.WAITING, "fine", ready=True, needs_a_person=True) == {
            "Ready": ("True", "Waiting", "fine")
        }

    @pytest.mark.parametrize(("needs_a_person", "third"), [(True, "Stalled"), (False, "Reconciling")])
    def test_not_ready(self, needs_a_person: bool, third: str) -> None:
        assert readiness(Reason.WAITING, "why", ready=False, needs_a_person=needs_a_person) == {
            "Ready": ("False", "Waiting", "why"),
            third: ("True", "Waiting", "why"),
        }


def test_a_retry_from_the_console_is_recorded_as_one() -> None:
    """With the end before it, so that the same end read once more is not taken for the end of the new attempt."""
    scene = broken(IMPORT)
    record = scene.submission.but(secret_versions={"s3": "7"})
    scene = scene.but(status=scene.status.but(submission=record)).later(60)
    before = scene.status.completion_time
    assert before is not None
    status = scene.see(o.Revived(RUNNING)).status
    assert status.submission is not None
    assert status.submission.wire() == {
        "attempt": 2,
        "step": "Retry",
        "token": "",
        "holder": "",
        "sends": 0,
        "intentTime": format_time(scene.now),
        "baseline": {"jobId": ["job-1"], "endTime": [format_time(before)]},
        "evidence": "Adopted",
        "handle": {"jobId": "job-1"},
        "secretVersions": {"s3": "7"},
    }
    assert status.last_progress_time == scene.now, "it has all the time of its stall deadline"


class TestAnotherSend:
    FOUND = o.Prepared("t1", "holder", {}, NOON, secret_versions={"s3": "8"})
    FIRST = Submission(
        token="t0",
        sends=1,
        evidence=Evidence.ABSENT,
        notices=[Notice(reason="R", message="m")],
        name_taken_time=EARLIER,
        secret_versions={"s3": "7"},
    )

    def test_keeps_what_was_told_of_the_first(self) -> None:
        record = prepared(JobStatus(submission=self.FIRST), self.FOUND, "Submit", NOON).submission
        assert record is not None
        assert (record.token, record.sends) == ("t0", 2)
        assert (record.notices, record.name_taken_time) == (self.FIRST.notices, EARLIER)
        assert record.secret_versions == {"s3": "8"}, "it goes with the keys of today"

    def test_of_another_step_keeps_nothing(self) -> None:
        record = prepared(JobStatus(submission=self.FIRST), self.FOUND, "Retry", NOON).submission
        assert record is not None
        assert (record.token, record.sends, record.notices, record.name_taken_time) == ("t1", 1, None, None)

    def test_leaves_its_keys_with_the_attempt(self) -> None:
        (row,) = with_attempt(JobStatus(submission=self.FIRST)).attempts or []
        assert row.secret_versions == {"s3": "7"}
        kept = Attempt(number=1, secret_versions={"s3": "6"})
        (row,) = with_attempt(JobStatus(attempts=[kept])).attempts or []
        assert row.secret_versions == {"s3": "6"}, "where nothing was sent, those before stay"


@pytest.mark.parametrize(
    ("reason", "before", "since"),
    [(Reason.NAME_TAKEN, None, NOON), (Reason.NAME_TAKEN, EARLIER, EARLIER), (Reason.RATE_LIMITED, None, None)],
)
def test_a_name_that_is_taken_since_the_first_send_is_dated_once(reason, before, since) -> None:
    scene = sending()
    scene = scene.but(status=scene.status.but(submission=scene.submission.but(sends=2, name_taken_time=before)))
    after = scene.see(replace(THROTTLED, reason=reason))
    assert (after.submission.name_taken_time, after.submission.sends) == (since, 1)


@pytest.mark.parametrize(
    ("cancel_time", "words"), [(None, "the cloud gave no answer to the cancel in time"), (NOON, "")]
)
def test_a_job_that_outlives_its_object_is_told_of(cancel_time, words: str) -> None:
    scene = running(BACKUP).edit(deletion_policy=DeletionPolicy.CANCEL)
    status = scene.status.but(submission=scene.submission.but(cancel_time=cancel_time))
    assert is_left_running(scene.snapshot, status) == words
    assert is_left_running(scene.snapshot, status.but(completion_time=NOON)) == "", "it has ended"
    assert is_left_running(scene.snapshot, status.but(submission=None)) == "", "there is none"


class TestTheSubmissionThatIsWatched:
    """Of several, the one whose turn it is, compared with what it was compared with from the beginning."""

    def step(self, token: str, look=None) -> StepStatus:
        record = Submission(token=token, sends=2, late_look_time=look, cloud_time=NOON)
        return StepStatus(name="Backup", handle={"backupId": f"of {token}"}, submission=record)

    def test_the_earliest_is_first(self) -> None:
        last = Submission(token="t3", sends=2, late_look_time=LATER, handle={"jobId": "job-3"})
        status = JobStatus(steps=[self.step("t1", LATER), self.step("t2", EARLIER)], submission=last)
        assert late_look_at(status) == EARLIER
        assert looked_for(status) == {"backupId": "of t2"}
        assert compared_with(status).token == "t2"

    def test_none(self) -> None:
        assert late_look_at(JobStatus()) is None
        assert looked_for(JobStatus()) == {}
        assert compared_with(JobStatus()) == Submission()
        last = Submission(token="t3", sends=2, handle={"jobId": "job-3"})
        assert looked_for(JobStatus(submission=last)) == {"jobId": "job-3"}
        assert compared_with(JobStatus(submission=last)) == last

    def test_the_record_of_the_last_step_is_not_watched_twice(self) -> None:
        last = Submission(token="t1", sends=2)
        assert late_look_at(JobStatus(steps=[self.step("t1", EARLIER)], submission=last)) is None

    @pytest.mark.parametrize(
        ("sends", "evidence", "since"),
        [
            (2, Evidence.SENDING, NOON),
            (1, Evidence.ABSENT, NOON),
            (1, Evidence.SENDING, None),
            (0, Evidence.ADOPTED, None),
        ],
    )
    def test_is_known_by_its_record_where_somebody_cut_the_attempts(self, sends: int, evidence, since) -> None:
        record = Submission(token="t", sends=sends, evidence=evidence, cloud_time=NOON)
        assert unresolved_since(JobStatus(submission=record)) == since

    def test_from_the_first_send_whose_effect_may_still_come(self) -> None:
        row = Attempt(number=2, unresolved_since=EARLIER)
        last = Submission(token="t2", sends=1, late_look_time=LATER, cloud_time=NOON)
        assert compared_with(JobStatus(attempts=[row], submission=last)).cloud_time == EARLIER


@pytest.mark.parametrize(
    ("since", "clock_set", "counts"),
    [
        (None, None, NOON),
        (EARLIER, None, EARLIER),
        (NOON, None, NOON),
        (LATER, None, NOON),
        (EARLIER, EARLIER, EARLIER),
        (EARLIER, NOON, NOON),
        (EARLIER - timedelta(seconds=1), EARLIER, NOON),
    ],
)
def test_a_wait_counts_from_when_the_clock_was_set(since, clock_set, counts) -> None:
    s = replace(sending().snapshot, clock_set=clock_set)
    assert counted(s, since, NOON) == counts


def test_a_step_has_its_own_time_to_make_progress() -> None:
    """Else the stall deadline counts the time of the step before."""
    scene = first_step(SAMPLE).see(o.Accepted({"collection": "c"})).later(50).see(seen(State.SUCCESSFUL, ""))
    assert (scene.status.steps or [])[0].seen_time == scene.now
    assert scene.status.last_progress_time == scene.now


def test_an_attempt_that_failed_says_that_another_follows() -> None:
    scene = running(IMPORT, limit=2)
    status = failed(scene.snapshot, scene.status, Reason.JOB_FAILED, "disk full", scene.now)
    assert (status.reason, status.message) == (
        Reason.RETRY_SCHEDULED,
        "attempt 1 failed: disk full; retry 1 of 2 follows",
    )


class TestTheWaitForAnAttempt:
    """Counted by a clock that may be set back: an attempt must not wait for a day that is years away."""

    @pytest.mark.parametrize(("seconds", "waits"), [(0, False), (1, True), (1800, True), (1801, False)])
    def test_is_as_long_as_a_back_off_at_most(self, seconds: int, waits: bool) -> None:
        row = Attempt(number=2, not_before=NOON + timedelta(seconds=seconds))
        gate = closed_gate(a_job().snapshot, JobStatus(attempts=[row], message="soon"), NOON)
        assert gate == (Gate(Reason.RETRY_SCHEDULED, "soon", seconds) if waits else None)

    def test_says_nothing_where_nothing_is_known(self) -> None:
        gate = closed_gate(a_job().snapshot, JobStatus(attempts=[Attempt(number=2, not_before=LATER)]), NOON)
        assert gate == Gate(Reason.RETRY_SCHEDULED, "", 1.0)


def test_an_answer_counts_although_the_connection_broke_meanwhile() -> None:
    """The cloud has the job; to forget its answer is to lose it."""
    scene = sending().but(link=Link(problem=DOWN)).see(ACCEPTED)
    assert (scene.handle, scene.status.job_id) == ({"jobId": "job-1"}, "job-1")


def test_what_a_job_waited_for_is_told_when_its_time_is_over_at_first_sight() -> None:
    scene = a_job(start_deadline_seconds=60, link=Link(problem=DOWN)).later(61).see()
    assert scene.status.message == (
        "not submitted within its start deadline; the last obstacle was: the connection is not ready"
    )
