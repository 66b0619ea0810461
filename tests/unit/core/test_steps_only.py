"""Jobs that go by steps alone: each step can be cancelled, and a retry begins with the first one again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.core.scenes import (
    BROKEN,
    CANCELED,
    CLONE,
    CONSOLE,
    DONE,
    LOST,
    MOVE,
    NOON,
    PUBLIC,
    UNDECIDED,
    Scene,
    a_job,
    prepared,
    seen,
)

from zilliz_jobs.api.jobspec import DeletionPolicy
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State, StepStatus
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.highwater import mark_of, raised
from zilliz_jobs.core.plan import Cancel, Find, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot
from zilliz_jobs.core.steps import is_addressable, is_between, next_step

CHECKED = o.Accepted({"clusterId": "in01"})
RUN = o.Accepted({"jobId": "run-1", "collection": "films"})


def checking(**more: object) -> Scene:
    return a_job(MOVE, link=PUBLIC, **more).see(o.Nothing(), prepared("t1"), CHECKED)


def checked(**more: object) -> Scene:
    return checking(**more).see(DONE)


def running(**more: object) -> Scene:
    return checked(**more).see(prepared("t2"), RUN, seen())


def moved(**more: object) -> Scene:
    """All is moved, and not verified."""
    return running(**more).see(DONE)


def failed(**more: object) -> Scene:
    return running(**more).see(BROKEN)


def rows(x: Scene) -> list[tuple[str, str]]:
    return [(row.name, str(row.state)) for row in x.status.steps or []]


def cancel(x: Scene) -> tuple[Outcome | None, str | None]:
    assert x.status.cancel is not None
    return x.status.cancel.outcome, x.status.cancel.reason


def asked(x: Scene) -> Scene:
    return x.but(cancel_token="stop").see()


@pytest.mark.parametrize("link", [PUBLIC, CONSOLE])
def test_it_goes_by_steps_whatever_the_console_may_do(link: object) -> None:
    x = a_job(MOVE, link=link).see()  # type: ignore[arg-type]
    assert x.plan.action == Prepare("Check")
    x = x.see(prepared("t1"), CHECKED, DONE)
    assert x.plan.action == Prepare("Run")


def test_the_last_step_ends_the_job_and_nothing_holds_its_object() -> None:
    x = moved().see(prepared("t3"), o.Accepted({"jobId": "run-1"}), DONE)
    assert (x.status.state, x.status.reason, x.plan.action) == (State.SUCCESSFUL, Reason.SUCCESSFUL, None)
    assert (x.status.job_id, x.snapshot.finalizer) == ("run-1", False)
    assert [name for name, _ in rows(x)] == list(MOVE.steps)


# -- cancel


def test_before_the_first_step_a_cancel_ends_the_job_at_once() -> None:
    x = asked(a_job(MOVE, link=PUBLIC))
    assert (x.status.state, x.status.reason) == (State.CANCELED, Reason.CANCELED_BEFORE_SUBMISSION)
    assert (x.status.steps, cancel(x)) == (None, (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION))


def test_between_two_steps_a_cancel_ends_the_job_at_once_and_names_what_is_left() -> None:
    x = asked(moved())
    assert (x.status.state, x.status.reason, x.plan.action) == (State.CANCELED, Reason.CANCELED, None)
    assert x.status.message == (
        "step Verify: cancelled between two steps; collection films is still in the cloud; remove it by hand"
    )
    assert rows(x) == [("Check", "Successful"), ("Run", "Successful"), ("Verify", "Canceled")]
    assert cancel(x) == (Outcome.COMPLETED, Reason.CANCELED)


def test_between_two_steps_that_left_nothing_a_cancel_says_no_more() -> None:
    assert asked(checked()).status.message == "step Run: cancelled between two steps"


@pytest.mark.parametrize("scene", [checking, running], ids=["without a job id", "with one"])
def test_a_step_at_work_is_cancelled_by_its_handle(scene: Callable[[], Scene]) -> None:
    x = asked(scene())
    assert (cancel(x), x.plan.action) == ((Outcome.REQUESTED, Reason.CANCEL_REQUESTED), Observe(at_once=True))
    x = x.see(seen())
    assert x.plan.action == Cancel()
    x = x.see(o.CancelAccepted())
    assert cancel(x) == (Outcome.ACCEPTED, Reason.CANCEL_ACCEPTED)
    x = x.see(CANCELED)
    assert (x.status.state, x.status.reason, x.plan.action) == (State.CANCELED, Reason.CANCELED, None)
    assert cancel(x) == (Outcome.COMPLETED, Reason.CANCELED)


def test_a_lost_step_is_found_before_it_is_cancelled() -> None:
    x = asked(checked().see(prepared("t2"), LOST))
    assert (cancel(x), x.plan.action) == ((Outcome.REQUESTED, Reason.CANCEL_REQUESTED), Find())
    x = x.see(o.Found({"jobId": "run-1"}, Evidence.MARKER)).see(seen())
    assert x.plan.action == Cancel()


def test_a_step_that_proves_never_to_have_begun_is_cancelled_with_the_job() -> None:
    x = asked(checked().see(prepared("t2"), LOST)).see(o.Absent()).later(131).see(o.Nothing(), o.Absent())
    assert (x.status.state, x.status.reason, x.plan.action) == (State.CANCELED, Reason.CANCELED, None)


def test_no_step_follows_one_that_ended_well_although_its_cancel_was_accepted() -> None:
    x = asked(running()).see(seen(), o.CancelAccepted(), DONE)
    assert (x.status.state, x.plan.action) == (State.CANCELED, None)
    assert "collection films is still in the cloud" in (x.status.message or "")
    assert rows(x)[-1] == ("Verify", "Canceled")


def test_no_step_follows_one_that_ended_before_its_cancel_was_asked_for() -> None:
    x = asked(running()).see(DONE)
    assert (x.status.state, x.plan.action, cancel(x)) == (State.CANCELED, None, (Outcome.COMPLETED, Reason.CANCELED))


def test_the_end_comes_before_a_cancel_of_the_last_step() -> None:
    x = moved().see(prepared("t3"), o.Accepted({"jobId": "run-1"}))
    x = asked(x).see(seen(), o.CancelAccepted(), DONE)
    assert (x.status.state, cancel(x)) == (State.SUCCESSFUL, (Outcome.REFUSED, Reason.ALREADY_FINISHED))


def test_a_kind_that_cannot_be_cancelled_refuses_between_two_steps() -> None:
    kind = replace(MOVE, can_cancel=False)
    x = asked(moved().but(traits=kind))
    assert (cancel(x), x.plan.action) == ((Outcome.REFUSED, Reason.KIND_HAS_NO_CANCEL), Prepare("Verify"))


def test_a_step_that_runs_past_its_deadline_is_cancelled() -> None:
    x = running(active_deadline_seconds=100).later(101).see(seen())
    assert x.plan.action == Cancel()
    x = x.see(o.CancelAccepted(), CANCELED)
    assert (x.status.state, x.status.reason) == (State.CANCELED, Reason.DEADLINE_EXCEEDED)


def test_a_job_that_waits_between_two_steps_past_its_deadline_is_ended() -> None:
    blocked = o.Blocked(Reason.CLUSTER_BUSY, "the cluster is suspended")
    x = moved(active_deadline_seconds=100).see(blocked)
    assert x.later(99).see().status.state is State.IN_PROGRESS
    x = x.later(100).see()
    assert (x.status.state, x.status.reason) == (State.CANCELED, Reason.DEADLINE_EXCEEDED)
    assert x.status.message == "step Verify: a deadline of the spec has passed"
    assert x.plan.action is None


def test_a_deadline_ends_no_clean_up_and_nothing_of_a_kind_that_cannot_be_cancelled() -> None:
    x = moved(active_deadline_seconds=100).but(traits=replace(MOVE, can_cancel=False))
    assert x.later(100).see().plan.action == Prepare("Verify")
    copied = a_job(CLONE, link=PUBLIC).see(o.Nothing(), prepared("t1"), o.Accepted({"backupId": "b"}), DONE)
    assert copied.edit(active_deadline_seconds=100).later(100).see().plan.action == Prepare("Restore")


def test_a_deletion_cancels_the_step_at_work() -> None:
    x = running(deletion_policy=DeletionPolicy.CANCEL)
    assert x.snapshot.finalizer
    x = x.but(deleting_since=x.now).see()
    assert x.plan.action == Cancel()
    assert x.see(o.CancelAccepted()).plan.finalizer is False


def test_a_deletion_cancels_a_step_that_has_no_job_id() -> None:
    x = checking(deletion_policy=DeletionPolicy.CANCEL)
    assert x.but(deleting_since=x.now).see().plan.action == Cancel()


def test_a_deletion_leaves_the_step_alone_where_nothing_is_said() -> None:
    x = running()
    x = x.but(deleting_since=x.now).see()
    assert (x.plan.action, x.snapshot.finalizer) == (None, False)


def test_a_step_that_needs_no_request_while_the_object_goes_stands_for_no_later_one() -> None:
    """Else a migration of which nothing ran would be called Successful."""
    x = checked().but(deleting_since=NOON, finalizer=True).see(o.AlreadyDone("it ran before"))
    assert rows(x) == [("Check", "Successful"), ("Run", "Successful")]
    assert (x.status.state, x.status.message) == (State.CANCELED, "the object was deleted after step Run")


def test_a_step_that_cannot_be_taken_while_the_object_goes_is_named() -> None:
    x = checked().but(deleting_since=NOON, finalizer=True).see(o.Impossible(Reason.NAME_TAKEN, "films is there"))
    assert (rows(x)[-1], x.status.message) == (("Run", "Failed"), "step Run: films is there")


# -- retry


def test_a_retry_begins_with_the_first_step_and_keeps_the_marks_of_the_attempt_before() -> None:
    x = failed()
    assert (x.status.state, x.status.message) == (State.FAILED, "step Run: disk full")
    x = x.but(retry_token="again").see()
    assert (x.plan.action, x.attempt, x.status.state) == (Prepare("Check"), 2, State.PENDING)
    assert (x.status.steps, x.status.submission, x.status.result) == (None, None, None)
    assert [row.tokens for row in x.status.attempts or []] == [["t1", "t2"], None]
    x = x.see(prepared("t3"))
    assert (x.plan.action, x.submission.step, x.submission.attempt) == (Submit(), "Check", 2)


def test_each_attempt_keeps_its_own_marks() -> None:
    x = failed().but(retry_token="again").see().see(prepared("t3"), CHECKED, DONE, prepared("t4"), RUN, BROKEN)
    x = x.but(retry_token="once more").see()
    assert [row.tokens for row in x.status.attempts or []] == [["t1", "t2"], ["t3", "t4"], None]


def test_a_retry_does_not_read_as_a_status_that_was_set_back() -> None:
    x = failed()
    after = x.but(retry_token="again").see()
    known = raised(None, mark_of(x.status.wire()))
    assert known.shortfall(after.status) == ""
    assert raised(known, mark_of(after.status.wire())).shortfall(x.status) != ""


def test_a_step_that_is_submitted_anew_keeps_the_steps_before_it_and_its_lost_mark() -> None:
    x = checked().see(prepared("t2"), LOST).later(131).see(o.Nothing(), UNDECIDED)
    x = x.but(resolve_token="t2=resubmit").see()
    assert (x.plan.action, x.attempt, rows(x)) == (Prepare("Run"), 2, [("Check", "Successful")])
    assert [row.tokens for row in x.status.attempts or []] == [["t2"], None]


def test_the_first_step_that_is_submitted_anew_has_no_mark_to_keep() -> None:
    x = a_job(MOVE, link=PUBLIC).see(o.Nothing(), prepared("t1"), LOST).later(131).see(o.Nothing(), UNDECIDED)
    x = x.but(resolve_token="t1=resubmit").see()
    assert [row.tokens for row in x.status.attempts or []] == [None, None]


def test_a_cancelled_job_is_not_retried() -> None:
    x = asked(moved()).but(retry_token="again").see()
    assert x.status.retry is not None
    assert (x.status.retry.outcome, x.status.retry.reason) == (Outcome.REFUSED, Reason.NOT_FAILED)


# -- the words for it


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        pytest.param(lambda: a_job(MOVE, link=PUBLIC).see(), False, id="before the first step"),
        pytest.param(checking, False, id="a step is at work"),
        pytest.param(checked, True, id="one is done"),
        pytest.param(lambda: checked().see(prepared("t2")), False, id="the next one is on its way"),
        pytest.param(lambda: checked().see(prepared("t2"), LOST), False, id="the next one may be there"),
        pytest.param(
            lambda: checked().see(prepared("t2"), o.NotSent(Reason.CLOUD_UNREACHABLE, "no route")),
            True,
            id="the next one never left",
        ),
        pytest.param(failed, False, id="the job has ended"),
    ],
)
def test_between_two_steps_nothing_is_in_the_cloud(scene: Callable[[], Scene], expected: bool) -> None:
    assert is_between(scene().status) is expected


def test_a_step_is_addressed_by_its_handle_and_a_job_by_its_id() -> None:
    nameless = Snapshot(spec=None, status=JobStatus(), traits=CLONE, created=NOON)
    assert not is_addressable(nameless, JobStatus())
    assert is_addressable(nameless, JobStatus(job_id="job-1"))
    assert is_addressable(replace(nameless, traits=MOVE), JobStatus())


def test_what_keeps_a_step_from_going_on_is_its_reason() -> None:
    x = running().see(o.Seen(State.PENDING, reason=Reason.WORKER_NOT_STARTED, message="no node is free"))
    assert (x.status.reason, x.status.message) == (Reason.WORKER_NOT_STARTED, "step Run: no node is free")


def test_where_all_steps_are_done_the_last_one_is_named() -> None:
    """A status that somebody edited; what is named is still a step of the job."""
    x = moved()
    status = x.status.but(submission=None, steps=[StepStatus(name=name) for name in MOVE.steps])
    assert next_step(x.snapshot, status) == MOVE.steps[-1]


def test_a_row_of_a_step_without_its_record_costs_the_others_nothing() -> None:
    """A step that was skipped has none, nor one whose record somebody removed."""
    x = failed()
    first, *others = x.status.steps or []
    status = x.status.but(steps=[first, StepStatus(name="Check"), *others])
    x = x.but(status=status, retry_token="again").see()
    assert [row.tokens for row in x.status.attempts or []] == [["t1", "t2"], None]
