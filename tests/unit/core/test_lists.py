"""What lists show: ends whose results are read later, and jobs that others set to work again. If these fail, an end
is told late or twice, a result is lost, or a job that was retried in the console is called failed while it runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BACKUP,
    BROKEN,
    DONE,
    IMPORT,
    NOON,
    RUNNING,
    UNREADABLE,
    Scene,
    backing_up,
    broken,
    running,
    seen,
    submitted,
    succeeded,
)

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Observe
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.events import news

LISTED_END = seen(State.SUCCESSFUL, "Completed", whole=False)
LISTED_FAILURE = seen(State.FAILED, "Failed", whole=False)
FULL = replace(DONE, result={"importedRows": 7})
WHY = replace(BROKEN, result={"files": [{"name": "a", "state": "Failed"}]}, end_time=NOON + timedelta(minutes=4))


def listed_end(**more: object) -> Scene:
    return running(IMPORT, **more).later(300).see(LISTED_END)


# -- looks


def test_a_look_that_nothing_hangs_on_may_wait_for_its_turn() -> None:
    assert submitted(IMPORT).later(5).see().plan.action == Observe(at_once=False)


def test_a_cancel_waits_for_no_list() -> None:
    scene = running(BACKUP).but(cancel_token="c1")
    assert scene.see().plan.action == Observe(at_once=True)


def test_a_deadline_wakes_whatever_the_list_shows() -> None:
    scene = running(IMPORT, active_deadline_seconds=100)
    assert scene.plan.look is not None
    assert scene.plan.wake == 95.0


def test_without_a_deadline_nothing_wakes_a_job_but_a_look() -> None:
    assert (running(IMPORT).plan.wake, running(IMPORT).plan.look) == (None, 2.0)


def test_what_ends_soon_is_looked_at_often() -> None:
    half, nearly = (running(IMPORT).later(995).see(seen(progress=percent)) for percent in (50, 99))
    assert half.plan.look == pytest.approx(30.0)
    assert nearly.plan.look == pytest.approx(2.0)


# -- ends on lists


def test_an_end_on_a_list_is_told_at_once_and_its_result_is_owed() -> None:
    scene = listed_end()
    assert (scene.status.state, scene.status.result_pending) == (State.SUCCESSFUL, True)
    assert scene.holds("Finished") == "True"
    assert scene.plan.look == 0.0
    assert scene.later(1).see().plan.look == 0.0, "also after a restart"


def test_the_result_that_is_read_later_completes_the_end_and_changes_it_no_more() -> None:
    before = listed_end()
    after = before.later(20).see(FULL)
    assert (after.status.result, after.status.result_pending) == ({"importedRows": 7}, None)
    assert after.status.completion_time == FULL.end_time, "the cloud's own, which the list did not tell"
    assert after.plan.look is None
    assert [a.completion_time for a in after.status.attempts or []] == [FULL.end_time]
    changed = {k for k, v in after.status.wire().items() if before.status.wire().get(k) != v}
    assert changed <= {"result", "completionTime", "attempts", "startTime", "message", "conditions"}


def test_a_failure_on_a_list_says_that_its_reason_comes_and_then_it_does() -> None:
    scene = running(IMPORT).later(300).see(LISTED_FAILURE)
    assert (scene.status.state, scene.status.message) == (State.FAILED, "it failed; why is read next")
    after = scene.later(3).see(WHY)
    assert (after.status.message, after.status.result) == ("disk full", {"files": [{"name": "a", "state": "Failed"}]})
    assert [a.message for a in after.status.attempts or []] == ["disk full"]


def test_a_failure_that_is_retried_by_policy_waits_for_its_reason() -> None:
    """Else the row of the attempt would never say why it failed."""
    scene = running(IMPORT, limit=1).later(300).see(LISTED_FAILURE)
    assert (scene.status.state, scene.attempt, scene.status.result_pending) == (State.IN_PROGRESS, 1, None)
    after = scene.see(WHY)
    assert (after.attempt, after.status.state) == (2, State.PENDING)
    assert (after.status.attempts or [])[0].message == "disk full"


@pytest.mark.parametrize(
    "late",
    [
        UNREADABLE,
        RUNNING,
        seen(State.SUCCESSFUL, "Completed", whole=False),
    ],
    ids=["the cloud is down", "an old picture of the job", "the list again"],
)
def test_what_tells_no_result_leaves_it_owed(late: o.Observation) -> None:
    scene = listed_end().later(5).see(late)
    assert (scene.status.state, scene.status.result_pending) == (State.SUCCESSFUL, True)
    assert scene.plan.look is not None


def test_a_result_that_cannot_be_read_is_tried_less_and_less_often() -> None:
    waits = [listed_end().but(tries=n).see(UNREADABLE).plan.look for n in range(4)]
    assert waits == sorted(waits)  # type: ignore[type-var]
    assert waits[0] < waits[-1]  # type: ignore[operator]


def test_a_read_that_tells_no_result_either_is_repeated_as_seldom_as_the_plan_allows() -> None:
    """The cloud may tell it an hour later; asked without a pause, one such job would take the budget of all."""
    scene = listed_end().later(5).see(LISTED_END)
    assert scene.plan.look == scene.snapshot.rules.poll_max
    assert scene.later(60).see().plan.look == 0.0, "and at once after a restart"


def test_a_job_that_the_cloud_forgot_owes_no_result() -> None:
    scene = listed_end().later(5).see(o.Missing())
    assert (scene.status.state, scene.status.result_pending, scene.plan.look) == (State.SUCCESSFUL, None, None)


def test_a_retry_begins_without_what_the_last_attempt_owed() -> None:
    scene = running(IMPORT).later(300).see(LISTED_FAILURE).but(retry_token="r1").see()
    assert (scene.attempt, scene.status.result_pending) == (2, None)


def test_a_list_takes_back_nothing_that_a_read_told() -> None:
    scene = running(IMPORT).see(seen(progress=40, estimated_end=NOON, created_by="me"))
    after = scene.see(seen(whole=False))
    assert (after.status.progress_percent, after.status.estimated_completion_time) == (40, NOON)
    assert after.status.created_by == "me"


# -- set to work again


def test_a_failed_import_that_was_retried_in_the_console_is_followed_again() -> None:
    old = broken(IMPORT)
    scene = old.later(60).see(o.Revived(RUNNING))
    assert (scene.status.state, scene.attempt, scene.status.job_id) == (State.IN_PROGRESS, 2, "job-1")
    assert (scene.holds("Finished"), scene.status.completion_time) == ("False", None)
    assert (scene.submission.evidence, scene.submission.step) == (Evidence.ADOPTED, "Retry")
    assert (scene.status.attempts or [])[0] == (old.status.attempts or [])[0], "the past stays as it was"
    assert scene.plan.action == Observe()


def test_and_its_new_end_is_told() -> None:
    scene = broken(IMPORT).later(60).see(o.Revived(RUNNING)).later(60).see(DONE)
    assert (scene.status.state, scene.holds("Succeeded")) == (State.SUCCESSFUL, "True")


def undated(scene: Scene) -> Scene:
    """A status that people edited: it failed, and has no end."""
    return scene.but(status=scene.status.but(completion_time=None))


@pytest.mark.parametrize(
    ("scene", "observed"),
    [
        (succeeded(IMPORT), RUNNING),
        (broken(BACKUP), RUNNING),
        (broken(IMPORT), DONE),
        (broken(IMPORT), BROKEN),
        (running(IMPORT), RUNNING),
        (undated(broken(IMPORT)), RUNNING),
    ],
    ids=["it had ended well", "a kind without retry", "it is over", "it failed still", "it never ended", "nor this"],
)
def test_nothing_else_is_set_to_work_again(scene: Scene, observed: o.Seen) -> None:
    after = scene.see(o.Revived(observed))
    assert (after.status.state, after.attempt) == (scene.status.state, scene.attempt)


def test_a_person_hears_of_it() -> None:
    old = broken(IMPORT)
    told = news(old.status, old.see(o.Revived(RUNNING)).status)
    assert str(Reason.RETRIED_ELSEWHERE) in [item.reason for item in told]
    by_token = old.but(retry_token="r1").see(o.Nothing())
    assert str(Reason.RETRIED_ELSEWHERE) not in [item.reason for item in news(old.status, by_token.status)]


@pytest.mark.parametrize(("reason", "attempt"), [(None, 1), (Reason.CHANGED_ELSEWHERE, 1), (Reason.JOB_FAILED, 1)])
def test_a_failure_that_no_policy_retries_is_told_at_once(reason: Reason | None, attempt: int) -> None:
    """It waits for no reason, since the list has told it."""
    scene = running(IMPORT, limit=1).later(300).see(replace(LISTED_FAILURE, reason=reason))
    at_once = reason is Reason.CHANGED_ELSEWHERE
    assert (scene.status.state is State.FAILED, scene.attempt) == (at_once, attempt)


def test_a_step_that_ended_on_a_list_owes_no_result() -> None:
    """Its result is what the next step needs, and that it has; the job would be looked at for ever."""
    scene = backing_up().see(seen(State.SUCCESSFUL, "SUCCESSFUL", whole=False))
    assert [row.name for row in scene.status.steps or []] == ["Backup"]
    assert scene.status.result_pending is None
