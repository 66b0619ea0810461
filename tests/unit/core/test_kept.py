"""What a decision leaves in the status for the next one. A field that is lost here is missed hours later: by a
look-up that takes another job for ours, or by a person who is not told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import BACKUP, IMPORT, NOON, RUNNING, THROTTLED, broken, running, sending

from zilliz_jobs.api.jobspec import DeletionPolicy
from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, Notice, StepStatus, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.attempts import prepared, with_attempt
from zilliz_jobs.core.cancelling import is_left_running
from zilliz_jobs.core.conditions import readiness
from zilliz_jobs.core.lateeffects import compared_with, late_look_at, looked_for
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import counted

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
