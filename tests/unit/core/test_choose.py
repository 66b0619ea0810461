"""When to look again, and what goes first. A job that is looked at too late keeps a user waiting; one that is looked
at without a pause takes the requests of all others."""

from __future__ import annotations

import pytest
from tests.unit.core.scenes import (
    BACKUP,
    DONE,
    IMPORT,
    LOST,
    PREPARED,
    RUNNING,
    UNDECIDED,
    UNREADABLE,
    Scene,
    a_job,
    running,
    seen,
)
from tests.unit.core.test_late_effects import by_policy, sent_twice

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Find, LookForLate, Observe
from zilliz_jobs.core.reasons import Reason

BUSY = o.Unreadable(Reason.RATE_LIMITED, "slow down", 400.0)


class TestALookForALateEffect:
    """It is of use to a careful reader, and never more urgent than what the user asked for."""

    def test_of_a_job_that_runs_is_followed_by_the_look_at_the_job(self) -> None:
        scene = sent_twice().later(60).see()
        assert scene.plan.action == LookForLate()
        assert scene.see(o.LateLook(complete=False)).plan.action == Observe()

    def test_waits_for_a_cancel(self) -> None:
        scene = by_policy().later(60).but(cancel_token="c").see()
        assert scene.plan.action == Observe(at_once=True)

    def test_waits_for_the_look_up_of_a_submission(self) -> None:
        scene = by_policy().see(seen(State.FAILED, "FAILED")).but(retry_token="r").see(PREPARED, LOST)
        assert scene.later(60).see().plan.action == Find()

    def test_does_not_hold_up_the_time_to_live(self) -> None:
        scene = sent_twice().edit(ttl_seconds_after_finished=10).see(DONE)
        assert scene.plan.wake == 10.0

    def test_is_all_that_a_pass_plans(self) -> None:
        """Its answer decides when to look again."""
        ends_soon = sent_twice().edit(ttl_seconds_after_finished=100).see(DONE).later(60).see()
        runs_on = sent_twice().later(60).see(RUNNING)
        for scene in (ends_soon, runs_on):
            assert (scene.plan.action, scene.plan.look, scene.plan.wake) == (LookForLate(), None, None)

    def test_is_due_to_the_second(self) -> None:
        scene = sent_twice().see(DONE)
        assert scene.plan.wake == 30.0
        scene = scene.later(30).see()
        assert scene.plan.action == LookForLate()
        after = scene.see(o.LateLook(complete=False))
        assert (after.plan.action, after.plan.wake) == (None, after.snapshot.rules.recheck)


@pytest.mark.parametrize("answer", [UNREADABLE, o.CancelUnclear("the answer was lost")])
def test_a_cancel_that_is_not_through_is_tried_again_soon(answer: o.Observation) -> None:
    """Whatever the deadline, and whether or not a list shows the job meanwhile."""
    scene = running(BACKUP, active_deadline_seconds=100).but(cancel_token="c").see(o.Nothing(), answer)
    assert (scene.plan.look, scene.plan.wake) == (1.5, 1.5)


@pytest.mark.parametrize("answer", [UNREADABLE, o.CancelUnclear("the answer was lost")])
def test_without_a_cancel_the_deadline_wakes(answer: o.Observation) -> None:
    scene = running(BACKUP, active_deadline_seconds=100).see(answer)
    assert (scene.plan.look, scene.plan.wake) == (1.5, 95.0)


@pytest.mark.parametrize("answer", [o.CancelAccepted(), o.CancelRefused(Reason.NO_PERMISSION, "no right")])
def test_the_deadline_wakes_after_an_answer_to_a_cancel_too(answer: o.Observation) -> None:
    scene = running(BACKUP, active_deadline_seconds=100).but(cancel_token="c").see(o.Nothing(), RUNNING, answer)
    assert (scene.plan.look, scene.plan.wake) == (2.0, 95.0)


def owing() -> Scene:
    return running(IMPORT).later(300).see(seen(State.SUCCESSFUL, "Completed", whole=False))


def test_a_result_that_is_owed_is_not_asked_for_before_the_cloud_wants_it() -> None:
    assert owing().see(BUSY).plan.look == 400.0
    assert owing().see(UNREADABLE).plan.look == 1.5


def test_the_first_look_of_an_attempt_is_soon() -> None:
    """Counted from its own submission; half of what it took so far lies between two looks, or the whole left."""
    scene = a_job(IMPORT).see(PREPARED, o.Accepted({"jobId": "job-1"})).later(100)
    assert scene.see(seen()).plan.look == 10.0
    assert scene.see(seen(progress=80)).plan.look == pytest.approx(2.5)
    undated = scene.but(status=scene.status.but(submission=scene.submission.but(intent_time=None)))
    assert undated.see(seen()).plan.look == 2.0


def test_a_look_up_ends_as_soon_as_it_may() -> None:
    """The user waits for this one: it is not put off until the next turn."""
    scene = a_job().see(PREPARED, LOST).see(o.Absent()).later(127)
    assert scene.see(UNDECIDED).plan.wake == 3.0
    assert scene.later(3).see(UNDECIDED).plan.wake == 120.0
