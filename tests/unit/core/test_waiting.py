"""Before a submission: what holds a job back, in which words, until when; and the start deadline."""

from __future__ import annotations

import pytest
from tests.unit.core.scenes import (
    BROKEN,
    CLUSTER,
    CONSOLE,
    DOWN,
    IMPORT,
    NOON,
    REFUSED,
    RUNNING,
    Scene,
    a_job,
    adopted,
    broken,
    disproved,
    running,
    sending,
    submitted,
    unknown,
)

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Adopt, Prepare
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Withdrawn

SUSPENDED = ("True", "Unknown", "False", "", "")
WAITING = ("False", "Unknown", "False", "True", "")
STALLED = ("False", "Unknown", "False", "", "True")


@pytest.mark.parametrize(
    ("scene", "reason", "wake", "table"),
    [
        pytest.param(lambda: a_job(suspend=True), Reason.SUSPENDED, None, SUSPENDED, id="spec.suspend"),
        pytest.param(
            lambda: a_job(link=Link(suspended=True)),
            Reason.CONNECTION_SUSPENDED,
            None,
            SUSPENDED,
            id="the connection is suspended",
        ),
        pytest.param(
            lambda: a_job(link=Link(first_submission=FirstSubmission.HOLD)),
            Reason.HELD,
            None,
            SUSPENDED,
            id="first submissions are held",
        ),
        pytest.param(
            lambda: a_job(link=Link(first_submission=FirstSubmission.FIND)),
            Reason.HELD,
            None,
            SUSPENDED,
            id="what cannot be found exactly is held as well",
        ),
        pytest.param(lambda: a_job().but(restored=True), Reason.HELD, None, SUSPENDED, id="restored from a backup"),
        pytest.param(
            lambda: a_job(link=Link(problem=DOWN)), Reason.CONNECTION_NOT_READY, 60.0, WAITING, id="no connection"
        ),
        pytest.param(
            lambda: a_job().but(gate=o.Blocked(Reason.CRD_OUTDATED, "old", 5.0)),
            Reason.CRD_OUTDATED,
            5.0,
            WAITING,
            id="the operator may submit nothing",
        ),
        pytest.param(
            lambda: a_job().but(gate=o.Blocked(Reason.CRD_OUTDATED, "old")),
            Reason.CRD_OUTDATED,
            60.0,
            WAITING,
            id="the same, without a time",
        ),
        pytest.param(
            lambda: a_job().but(spec=None, spec_error="bad field"),
            Reason.INVALID_SPEC,
            None,
            STALLED,
            id="a manifest that only an edit can mend",
        ),
    ],
)
def test_what_holds_a_job_back(scene: object, reason: Reason, wake: float | None, table: tuple[str, ...]) -> None:
    """A job that waits without a word is a job that seems lost."""
    after: Scene = scene().see()  # type: ignore[operator]
    assert (after.status.reason, after.plan.action, after.plan.again) == (reason, None, wake)
    assert after.table == table
    assert after.status.message
    assert after.status.state is State.PENDING
    ready = after.condition("Ready")
    assert ready is not None
    assert ready.reason == ("Suspended" if table is SUSPENDED else reason)
    assert (after.holds("Suspended") == "True") is (table is SUSPENDED)
    free = after.but(gate=None, restored=False, link=CONSOLE, spec=a_job().snapshot.spec).see()
    assert (free.status.reason, free.status.message, free.plan.action) == (
        Reason.WAITING,
        "",
        Prepare(SUBMIT_STEP),
    )


def test_the_words_name_what_to_do() -> None:
    held = a_job(link=Link(first_submission=FirstSubmission.HOLD)).see().status.message or ""
    assert held == "the connection's firstSubmission is Hold; set it to Submit when this job is really wanted"
    restored = a_job().but(restored=True).see().status.message or ""
    assert restored == (
        "the object was restored from a backup and may have been submitted before; remove the label "
        "velero.io/restore-name to submit it again"
    )
    assert a_job(suspend=True).see().status.message == (
        "spec.suspend is true; nothing is submitted until it is false"
    )
    assert a_job(link=Link(suspended=True)).see().status.message == (
        "the ZillizConnection is suspended; nothing is submitted"
    )
    invalid = a_job().but(spec=None, spec_error="bad field").see()
    accepted = invalid.condition("Accepted")
    assert accepted is not None
    assert (accepted.status, accepted.reason, accepted.message) == ("False", Reason.INVALID_SPEC, "bad field")
    assert invalid.status.message == "bad field"


def test_a_person_hears_first_what_a_person_must_do_first() -> None:
    everything = a_job(suspend=True, link=Link(problem=DOWN, suspended=True)).but(
        gate=o.Blocked(Reason.CRD_OUTDATED, "")
    )
    assert everything.see().status.reason == Reason.SUSPENDED
    assert everything.edit(suspend=False).see().status.reason == Reason.CRD_OUTDATED
    assert everything.edit(suspend=False).but(gate=None).see().status.reason == Reason.CONNECTION_NOT_READY


def test_an_exact_kind_is_not_held_by_find() -> None:
    assert a_job(CLUSTER, link=Link(first_submission=FirstSubmission.FIND)).see().plan.action is not None
    assert a_job(CLUSTER, link=Link(first_submission=FirstSubmission.HOLD)).see().plan.action is None


def test_only_a_first_submission_is_held() -> None:
    hold = Link(first_submission=FirstSubmission.HOLD, console=True)
    retried = broken(IMPORT).but(retry_token="r", link=hold, restored=True).see()
    assert retried.plan.action is not None
    assert a_job(adopt="job-9", link=hold).see().plan.action == Adopt("job-9"), "nothing is submitted by an adoption"
    assert running().but(restored=True, link=hold).see().plan.action is not None


def test_suspend_comes_too_late_for_what_was_submitted_and_says_so() -> None:
    scene = running().edit(suspend=True).see(RUNNING)
    row = scene.condition("Suspended")
    assert row is not None
    assert (row.status, row.reason) == ("False", Reason.RUNNING_ALREADY)
    assert scene.plan.again is not None
    assert running().see(RUNNING).condition("Suspended").reason == Reason.NOT_SUSPENDED  # type: ignore[union-attr]


def test_suspend_holds_what_was_proven_not_to_be_there() -> None:
    """ "Came too late" would be a lie: nothing is in the cloud, and nothing will be."""
    scene = disproved().edit(suspend=True).see()
    assert (scene.table, scene.holds("Suspended"), scene.plan.action) == (SUSPENDED, "True", None)
    assert scene.later(9999).see().status.state is State.PENDING


def test_what_is_missing_is_told_and_tried_again() -> None:
    missing = o.Blocked(Reason.SECRET_NOT_FOUND, "no Secret s3", 20.0)
    scene = a_job().see(o.Nothing(), missing)
    assert (scene.status.reason, scene.status.message, scene.plan.again) == (
        Reason.SECRET_NOT_FOUND,
        "no Secret s3",
        20.0,
    )
    again = scene.later(20).see()
    assert (again.status.reason, again.plan.action) == (Reason.SECRET_NOT_FOUND, Prepare(SUBMIT_STEP))
    assert [a_job().see().but(tries=n).see(o.Blocked(Reason.SECRET_NOT_FOUND, "")).plan.again for n in range(7)] == [
        1.5,
        3.0,
        6.0,
        12.0,
        24.0,
        45.0,
        45.0,
    ]


# -- the start deadline ----------------------------------------------------------------------------------------------


def test_a_job_that_could_not_start_in_time_fails_with_the_last_obstacle() -> None:
    scene = a_job(start_deadline_seconds=60).see(
        o.Nothing(), o.Blocked(Reason.SECRET_NOT_FOUND, "no Secret s3", 500.0)
    )
    assert scene.plan.again == 60.0
    assert scene.later(59).see().status.state is State.PENDING
    late = scene.later(60).see()
    assert (late.status.state, late.status.reason) == (State.FAILED, Reason.DEADLINE_EXCEEDED)
    assert late.status.message == "not submitted within its start deadline; the last obstacle was: no Secret s3"
    assert (late.status.completion_time, late.plan.action) == (late.now, None)
    nothing_said = a_job(start_deadline_seconds=60).see().later(60).see()
    assert (nothing_said.status.message or "").endswith("was: none; the operator had no time for it before")


@pytest.mark.parametrize(
    "link",
    [Link(suspended=True), Link(first_submission=FirstSubmission.HOLD), Link(problem=DOWN)],
    ids=["suspended connection", "held", "broken connection"],
)
def test_the_deadline_runs_while_the_connection_holds_the_job(link: Link) -> None:
    scene = a_job(start_deadline_seconds=50, link=link).see()
    assert scene.plan.again == 50.0
    assert scene.later(50).see().status.state is State.FAILED


def test_a_suspended_job_does_not_age() -> None:
    """It would fail in the moment in which a person releases it."""
    scene = a_job(start_deadline_seconds=60, suspend=True).see()
    assert scene.plan.again is None
    scene = scene.later(5000).see()
    assert scene.status.state is State.PENDING
    released = scene.edit(suspend=False).see()
    assert (released.status.state, released.plan.action) == (State.PENDING, Prepare(SUBMIT_STEP))
    waits = released.see(o.Blocked(Reason.SECRET_NOT_FOUND, "no", 500.0))
    assert waits.plan.again == 60.0
    assert waits.later(59).see().status.state is State.PENDING
    assert waits.later(60).see().status.state is State.FAILED


def test_the_deadline_counts_anew_for_a_retry() -> None:
    scene = a_job(IMPORT, start_deadline_seconds=60).see().later(60).see()
    assert scene.status.reason == Reason.DEADLINE_EXCEEDED
    scene = scene.later(900).but(retry_token="r").see()
    assert scene.status.state is State.PENDING
    assert scene.later(59).see().status.state is State.PENDING
    assert scene.later(60).see().status.state is State.FAILED


def test_a_refused_request_does_not_move_the_deadline() -> None:
    scene = a_job(IMPORT, start_deadline_seconds=60).see().later(60).see().later(900).but(retry_token="r").see()
    scene = scene.later(50).but(retry_token="r2").see()
    assert scene.status.state is State.PENDING
    assert scene.later(10).see().status.state is State.FAILED


def test_the_deadline_of_an_automatic_retry_counts_from_its_turn() -> None:
    scene = submitted(IMPORT, start_deadline_seconds=60, limit=1).later(900).see(o.Nothing(), BROKEN)
    due = (scene.status.attempts or [])[-1].not_before
    assert due is not None
    assert scene.later((due - scene.now).total_seconds() + 59).see().status.state is State.PENDING
    assert scene.later((due - scene.now).total_seconds() + 60).see().status.state is State.FAILED


def test_the_deadline_ends_an_unknown_submission_in_its_own_words() -> None:
    scene = unknown(start_deadline_seconds=300)
    assert scene.status.state is State.PENDING
    late = scene.later(170).see()
    assert (late.status.state, late.status.reason) == (State.FAILED, Reason.SUBMISSION_UNKNOWN)
    assert late.submission.token == "t0", "a person can still see what was sent"
    assert scene.later(169).see().status.state is State.PENDING


def test_the_deadline_does_not_end_what_is_still_being_looked_up_or_runs() -> None:
    assert sending(start_deadline_seconds=60).later(500).see().status.state is State.PENDING
    assert running(start_deadline_seconds=60).later(500).see(o.Nothing(), RUNNING).status.state is State.IN_PROGRESS
    assert adopted(start_deadline_seconds=60).later(500).see().status.completion_time is None


def test_a_submission_proven_absent_is_ended_by_the_deadline() -> None:
    scene = disproved(start_deadline_seconds=60)
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.DEADLINE_EXCEEDED)
    assert scene.status.submission is None
    suspended = disproved().edit(suspend=True, start_deadline_seconds=60).see()
    assert suspended.later(900).see().status.state is State.PENDING


def test_the_deadline_of_a_deleted_object_is_moot() -> None:
    assert a_job(start_deadline_seconds=1).see().later(9).but(deleting_since=NOON).see().status.state is State.PENDING


def test_what_the_deadline_ends_is_what_a_waiting_retry_is_judged_on() -> None:
    """The retry waited for the cancel. Nobody knew of the doubt when it was asked for, so it must be asked anew."""
    scene = unknown(IMPORT, start_deadline_seconds=200).later(600).but(cancel_token="c", retry_token="r").see()
    request = scene.status.retry
    assert request is not None
    assert (request.outcome, request.reason, request.time) == (Outcome.REFUSED, Reason.SUBMISSION_UNKNOWN, scene.now)
    assert request.message == (
        "what became of the job was not known when the retry was asked for; ask again with a new token"
    )
    assert scene.attempt == 1
    assert scene.but(retry_token="r2").see().attempt == 2
    assert scene.status.cancel.outcome is Outcome.REFUSED  # type: ignore[union-attr]


def test_what_holds_a_waiting_job_is_no_news_for_a_finished_or_a_deleted_one() -> None:
    ended = sending(IMPORT).see(REFUSED)
    assert ended.edit(suspend=True).see().status.reason == Reason.REJECTED
    leaving = a_job().see().but(deleting_since=NOON).edit(suspend=True).see()
    assert leaving.status.reason == Reason.WAITING


def test_a_finished_job_has_no_start_deadline() -> None:
    scene = sending(IMPORT, start_deadline_seconds=60).see(REFUSED).later(900).see()
    assert scene.status.reason == Reason.REJECTED


def test_the_first_look_at_an_object_says_what_it_is_about() -> None:
    scene = a_job().but(description="Back up cluster in01").see()
    assert (scene.status.target, scene.status.description) == ("in01", "Back up cluster in01")
    assert (scene.status.state, scene.attempt, scene.status.observed_generation) == (State.PENDING, 1, 1)
    kept = scene.but(spec=None, spec_error="bad", target="", description="").see()
    assert (kept.status.target, kept.status.description) == ("in01", "Back up cluster in01")
    assert a_job().but(target="").see().status.target is None


def test_an_object_that_nobody_saw_in_time_is_not_failed_at_first_sight() -> None:
    """An operator that was down for an hour must not fail everything that was made in that hour."""
    scene = a_job(start_deadline_seconds=60).later(50).see()
    assert scene.later(59).see().status.state is State.PENDING
    assert scene.later(60).see().status.state is State.FAILED


# -- a job that is not wanted any more -------------------------------------------------------------------------------


OVER = Withdrawn(Reason.RUN_FAILED, "another job of the run failed")


@pytest.mark.parametrize(
    "scene", [a_job, lambda: a_job(suspend=True).see(), disproved], ids=["new", "held", "absent"]
)
def test_what_its_run_does_not_need_any_more_is_not_submitted(scene: object) -> None:
    """Nobody waits for it; the cloud would be paid for nothing."""
    ended: Scene = scene().later(5).but(withdrawn=OVER).see()  # type: ignore[operator]
    assert (ended.status.state, ended.status.reason) == (State.CANCELED, OVER.reason)
    assert (ended.status.message, ended.status.completion_time) == (OVER.message, ended.now)
    assert ended.plan.action is None


@pytest.mark.parametrize("scene", [sending, unknown, running], ids=lambda scene: scene.__name__)
def test_what_may_be_in_the_cloud_is_seen_to_its_end(scene: object) -> None:
    before: Scene = scene()  # type: ignore[operator]
    assert before.but(withdrawn=OVER).see().status.state is before.status.state


def test_a_deletion_comes_before_the_word_of_the_run() -> None:
    leaving = a_job().see().but(withdrawn=OVER, deleting_since=NOON).see()
    assert (leaving.status.state, leaving.status.completion_time) == (State.PENDING, None)
