"""Jobs that need no submission, and jobs whose target somebody else changed: answers that only states give."""

from __future__ import annotations

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    ALREADY,
    BROKEN,
    CLUSTER,
    DONE,
    ELSEWHERE,
    FOUND,
    INFERRED,
    PREPARED,
    REFUSED,
    Scene,
    a_job,
    broken,
    disproved,
    looking,
    running,
    seen,
    sending,
    submitted,
    unknown,
)

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Find, Prepare
from zilliz_jobs.core.reasons import Reason

GOOD_END = ("True", "True", "True", "", "")
BAD_END = ("False", "False", "True", "", "True")
GONE = o.Impossible(Reason.BACKUP_NOT_FOUND, "the cloud has no backup b1")


class TestAlreadyDone:
    def test_it_is_the_good_end_and_nothing_was_submitted(self) -> None:
        scene = a_job(CLUSTER).see().see(ALREADY)
        assert (scene.status.state, scene.status.reason) == (State.SUCCESSFUL, Reason.ALREADY_IN_STATE)
        assert (scene.status.message, scene.status.completion_time) == (ALREADY.message, scene.now)
        assert (scene.status.submission, scene.plan.action, scene.plan.again) == (None, None, None)
        assert (scene.table, scene.holds("Submitted")) == (GOOD_END, "False")
        (row,) = scene.status.attempts or []
        assert (row.state, row.reason) == (State.SUCCESSFUL, Reason.ALREADY_IN_STATE)

    def test_a_wait_for_a_busy_cluster_may_end_so(self) -> None:
        busy = a_job(CLUSTER).see(o.Nothing(), o.Blocked(Reason.CLUSTER_BUSY, "the cluster is STOPPING", 10.0))
        assert (busy.status.state, busy.plan.again) == (State.PENDING, 10.0)
        assert busy.later(10).see().see(ALREADY).status.state is State.SUCCESSFUL

    def test_a_disproved_submission_leaves_no_record(self) -> None:
        assert disproved(CLUSTER).see(ALREADY).status.submission is None

    @pytest.mark.parametrize(
        "scene", [sending, looking, unknown, running, submitted, broken], ids=lambda s: s.__name__
    )
    def test_it_says_nothing_of_what_was_submitted(self, scene: object) -> None:
        """A late echo of a preparation must not end a job whose request is out."""
        before: Scene = scene(CLUSTER)  # type: ignore[operator]
        after = before.see(ALREADY)
        assert (after.status.state, after.status.submission) == (before.status.state, before.status.submission)

    def test_a_retry_that_finds_it_done_is_completed(self) -> None:
        """Else `kubectl wait` for the retry's outcome would report a failure of what succeeded."""
        scene = broken(CLUSTER, resubmit=True).but(retry_token="r1").see().see(ALREADY)
        assert scene.status.retry is not None
        assert (scene.status.retry.outcome, scene.attempt) == (Outcome.COMPLETED, 2)
        assert scene.status.retry.message == "there was nothing left to submit"
        assert (scene.status.state, scene.table) == (State.SUCCESSFUL, GOOD_END)

    def test_it_has_nothing_left_to_retry(self) -> None:
        scene = a_job(CLUSTER, resubmit=True).see().see(ALREADY).but(retry_token="r1").see()
        assert scene.status.retry is not None
        assert (scene.status.retry.outcome, scene.status.retry.reason) == (Outcome.REFUSED, Reason.NOT_FAILED)


class TestElsewhere:
    def test_it_is_not_claimed_while_the_request_may_still_take(self) -> None:
        """The cloud may yet do what was asked; Failed would stand beside its effect."""
        scene = looking(CLUSTER).see(o.Absent(), ELSEWHERE)
        assert (scene.status.state, scene.submission.absent_since) == (State.PENDING, None)
        assert scene.status.reason == Reason.LOOKING_FOR_SUBMISSION
        assert ELSEWHERE.message in (scene.status.message or "")
        assert (scene.plan.action, scene.plan.again) == (None, 10.0)
        assert scene.later(10).see().plan.action == Find()
        assert scene.later(20).see(o.Nothing(), FOUND).status.state is State.PENDING

    def test_afterwards_it_is_the_bad_end(self) -> None:
        scene = looking(CLUSTER).see(ELSEWHERE).later(130).see(o.Nothing(), ELSEWHERE)
        assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.CHANGED_ELSEWHERE)
        assert (scene.status.message, scene.status.completion_time) == (ELSEWHERE.message, scene.now)
        assert (scene.plan.action, scene.plan.again, scene.table) == (None, None, BAD_END)
        assert scene.submission.token == "t0", "a person can still see what was sent"
        assert scene.later(1).see() == scene.later(1).see()
        assert scene.later(1).see().status == scene.status

    def test_the_first_look_after_an_outage_is_not_the_last(self) -> None:
        scene = sending(CLUSTER).later(3600).see(o.Nothing(), ELSEWHERE)
        assert (scene.status.state, scene.submission.look_since) == (State.PENDING, scene.now)

    @pytest.mark.parametrize(
        "scene", [unknown, lambda kind, **m: disproved(kind, **m).see(PREPARED, REFUSED).later(130)]
    )
    def test_it_ends_every_doubt(self, scene: object) -> None:
        before: Scene = scene(CLUSTER)  # type: ignore[operator]
        after = before.later(1).see(o.Nothing(), ELSEWHERE)
        assert (after.status.state, after.status.reason) == (State.FAILED, Reason.CHANGED_ELSEWHERE)

    def test_the_policy_does_not_send_it_again(self) -> None:
        policy = {"limit": 3, "resubmit": True, "on_unknown": OnSubmissionUnknown.RESUBMIT}
        scene = looking(CLUSTER, **policy).see(ELSEWHERE).later(130).see(o.Nothing(), ELSEWHERE)
        assert (scene.status.state, scene.attempt, scene.plan.action) == (State.FAILED, 1, None)
        told = running(CLUSTER, **policy).see(
            seen(State.FAILED, "RUNNING", message="neither", reason=Reason.CHANGED_ELSEWHERE)
        )
        assert (told.status.state, told.status.reason, told.attempt) == (State.FAILED, Reason.CHANGED_ELSEWHERE, 1)
        assert running(CLUSTER, **policy).see(BROKEN).attempt == 2, "another failure is retried"

    def test_a_person_may(self) -> None:
        scene = looking(CLUSTER, resubmit=True).see(ELSEWHERE).later(130).see(o.Nothing(), ELSEWHERE)
        again = scene.but(retry_token="r1").see()
        assert (again.attempt, again.plan.action) == (2, Prepare(SUBMIT_STEP))
        assert again.see(o.Prepared("t1", "holder"), ACCEPTED, DONE).status.state is State.SUCCESSFUL

    def test_an_open_request_is_answered_by_the_end(self) -> None:
        scene = looking(CLUSTER).see(ELSEWHERE).but(cancel_token="c").later(130).see(o.Nothing(), ELSEWHERE)
        assert scene.status.cancel is not None
        assert scene.status.cancel.outcome is Outcome.REFUSED
        assert scene.status.cancel.reason == Reason.ALREADY_FINISHED

    @pytest.mark.parametrize("scene", [a_job, disproved, running, broken], ids=lambda s: s.__name__)
    def test_without_an_open_submission_it_means_nothing(self, scene: object) -> None:
        before: Scene = scene(CLUSTER)  # type: ignore[operator]
        assert before.see(ELSEWHERE).status.state is before.see().status.state

    def test_a_found_one_is_followed_by_inference(self) -> None:
        assert looking(CLUSTER).see(ELSEWHERE, INFERRED).submission.evidence is Evidence.INFERRED

    def test_its_own_word_is_the_reason(self) -> None:
        taken = o.Elsewhere("a cluster of this name was made meanwhile", Reason.NAME_TAKEN)
        scene = looking(CLUSTER, limit=3, resubmit=True).see(taken).later(130).see(o.Nothing(), taken)
        assert (scene.status.state, scene.status.reason, scene.attempt) == (State.FAILED, Reason.NAME_TAKEN, 1)
        assert scene.status.message == taken.message


class TestImpossible:
    def test_it_is_the_bad_end_and_nothing_was_submitted(self) -> None:
        scene = a_job(CLUSTER).see().later(5).see(GONE)
        assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.BACKUP_NOT_FOUND)
        assert (scene.status.message, scene.status.completion_time) == (GONE.message, scene.now)
        assert (scene.status.submission, scene.plan.action, scene.plan.again) == (None, None, None)
        assert (scene.table, scene.holds("Submitted")) == (BAD_END, "False")

    def test_a_disproved_submission_leaves_no_record(self) -> None:
        scene = disproved(CLUSTER).see(GONE)
        assert (scene.status.state, scene.status.submission) == (State.FAILED, None)

    @pytest.mark.parametrize(
        "scene", [sending, looking, unknown, running, submitted, broken], ids=lambda s: s.__name__
    )
    def test_it_says_nothing_of_what_was_submitted(self, scene: object) -> None:
        """A late echo of a preparation must not end a job whose request is out."""
        before: Scene = scene(CLUSTER)  # type: ignore[operator]
        after = before.see(GONE)
        assert (after.status.state, after.status.submission) == (before.status.state, before.status.submission)

    def test_a_name_that_is_taken_is_not_tried_again_by_the_policy(self) -> None:
        scene = a_job(CLUSTER, limit=3, resubmit=True).see().see(o.Impossible(Reason.NAME_TAKEN, "there is one"))
        assert (scene.status.state, scene.attempt) == (State.FAILED, 1)

    def test_a_retry_that_leads_there_has_failed(self) -> None:
        scene = broken(CLUSTER, resubmit=True).but(retry_token="r1").see().see(GONE)
        assert scene.status.retry is not None
        assert (scene.status.retry.outcome, scene.status.retry.reason) == (Outcome.FAILED, Reason.BACKUP_NOT_FOUND)
