"""Retries: by token, by policy, in place; and what is never tried again without a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BACKUP,
    BROKEN,
    CANCELED,
    CLUSTER,
    CONSOLE,
    DONE,
    FOUND,
    IMPORT,
    LOST,
    NOON,
    PREPARED,
    REFUSED,
    RESTORE,
    RUNNING,
    Scene,
    a_job,
    adopted,
    broken,
    forgotten,
    looking,
    running,
    sending,
    submitted,
    succeeded,
    unknown,
)

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP, Prepare
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link


def asked(scene: Scene, word: str = "again") -> Scene:
    return scene.but(retry_token=word).see()


def outcome(scene: Scene) -> tuple[Outcome | None, str | None]:
    assert scene.status.retry is not None
    return scene.status.retry.outcome, scene.status.retry.reason


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        pytest.param(lambda: broken(IMPORT), Reason.RETRY_STARTED, id="a failed import is retried"),
        pytest.param(lambda: broken(resubmit=True), Reason.RETRY_STARTED, id="a backup where resubmit is allowed"),
        pytest.param(lambda: forgotten(IMPORT), Reason.RETRY_STARTED, id="a forgotten job, by a person's word"),
        pytest.param(lambda: sending(IMPORT).see(REFUSED), Reason.RETRY_STARTED, id="a job that the cloud refused"),
        pytest.param(lambda: broken(BACKUP), Reason.RESUBMIT_NOT_ALLOWED, id="a backup costs, so resubmit is needed"),
        pytest.param(lambda: broken(CLUSTER), Reason.RESUBMIT_NOT_ALLOWED, id="so does a cluster job"),
        pytest.param(lambda: broken(RESTORE), Reason.KIND_HAS_NO_RETRY, id="a restore has no retry"),
        pytest.param(lambda: succeeded(IMPORT), Reason.NOT_FAILED, id="success is not repeated"),
        pytest.param(
            lambda: a_job(IMPORT).but(cancel_token="c").see(), Reason.NOT_FAILED, id="a cancelled job is not retried"
        ),
        pytest.param(lambda: running(IMPORT), Reason.NOT_FAILED, id="a running job is not retried"),
        pytest.param(lambda: a_job(IMPORT).see(), Reason.NOT_FAILED, id="a waiting job is not retried"),
        pytest.param(lambda: unknown(IMPORT), Reason.NOT_FAILED, id="an open submission needs resolve-submission"),
        pytest.param(
            lambda: broken(IMPORT).but(deleting_since=NOON), Reason.NOT_FAILED, id="an object on its way out rests"
        ),
        pytest.param(
            lambda: broken(IMPORT, link=Link()).but(has_source=False),
            Reason.NO_SOURCE,
            id="an adopted job without a source has nothing to send",
        ),
        pytest.param(
            lambda: sending(IMPORT).see(REFUSED).but(has_source=False),
            Reason.NO_SOURCE,
            id="nor has one that never had an id",
        ),
        pytest.param(
            lambda: broken(IMPORT).but(has_source=False),
            Reason.RETRY_STARTED,
            id="but the console retries it in place",
        ),
        pytest.param(
            lambda: broken(resubmit=True).but(has_source=False),
            Reason.NO_SOURCE,
            id="a backup is never retried in place",
        ),
    ],
)
def test_a_retry_is_judged(scene: object, expected: Reason) -> None:
    """A person who asks for a retry learns at once whether a new attempt began."""
    before: Scene = scene()  # type: ignore[operator]
    after = asked(before)
    accepted = expected is Reason.RETRY_STARTED
    assert outcome(after) == (Outcome.ACCEPTED if accepted else Outcome.REFUSED, expected)
    assert after.attempt == before.attempt + accepted
    assert after.status.retry.time == after.now  # type: ignore[union-attr]
    assert after.status.retry.message  # type: ignore[union-attr]


def test_a_retry_begins_a_fresh_row_in_one_write() -> None:
    """Scripts wait for the token, then for Finished: both must change together."""
    scene = asked(broken(IMPORT).see(), "t1")
    status = scene.status
    assert (status.state, status.reason, status.message) == (State.PENDING, Reason.WAITING, "a retry was requested")
    assert scene.table == ("False", "Unknown", "False", "True", "")
    gone = ("submission", "job_id", "cloud_status", "progress_percent", "last_progress_time", "start_time")
    gone += ("completion_time", "estimated_completion_time", "created_by", "result")
    assert [getattr(status, name) for name in gone] == [None] * len(gone)
    first, second = status.attempts or []
    assert (first.number, first.job_id, first.state, first.reason) == (1, "job-1", State.FAILED, Reason.JOB_FAILED)
    assert (first.message, first.start_time) == ("disk full", NOON)
    assert first.completion_time is not None
    assert (second.number, second.state, second.automatic, second.job_id) == (2, State.PENDING, None, None)
    assert scene.plan.action == Prepare(RETRY_STEP)


def test_the_result_of_a_failed_attempt_is_not_the_result_of_the_next() -> None:
    rows = o.Seen(State.FAILED, "FAILED", result={"importedRows": 7}, created_by="ann")
    scene = running(IMPORT).see(rows)
    assert (scene.status.result, scene.status.created_by) == ({"importedRows": 7}, "ann")
    scene = asked(scene)
    assert (scene.status.result, scene.status.created_by) == (None, None)


def test_a_retry_is_completed_when_the_cloud_takes_it() -> None:
    scene = asked(broken(IMPORT)).see(PREPARED)
    assert outcome(scene)[0] is Outcome.ACCEPTED
    assert scene.submission.step == RETRY_STEP
    assert scene.submission.attempt == 2
    taken = scene.see(ACCEPTED)
    assert outcome(taken)[0] is Outcome.COMPLETED
    assert taken.status.retry.message == "the cloud took attempt 2"  # type: ignore[union-attr]
    assert outcome(scene.see(LOST, FOUND))[0] is Outcome.COMPLETED


def test_a_retry_that_is_never_taken_failed() -> None:
    scene = asked(broken(IMPORT)).later(5).see(PREPARED, REFUSED)
    assert outcome(scene) == (Outcome.FAILED, Reason.REJECTED)
    assert scene.status.retry.message == "no such collection"  # type: ignore[union-attr]
    assert scene.status.retry.time == scene.now  # type: ignore[union-attr]


def test_a_retry_is_not_given_up_while_the_policy_tries_on() -> None:
    """Failed would be read as the end of the request, while the next attempt carries it out."""
    scene = asked(broken(resubmit=True).edit(limit=1)).see(PREPARED, REFUSED)
    assert (scene.attempt, outcome(scene)[0]) == (3, Outcome.ACCEPTED)
    assert outcome(scene.later(100).see(o.Nothing(), PREPARED, ACCEPTED))[0] is Outcome.COMPLETED


def test_cancel_comes_before_retry() -> None:
    """Both new: the retry is judged on what the cancel leads to."""
    waiting = a_job(IMPORT).see().but(cancel_token="c", retry_token="r").see()
    assert waiting.status.state is State.CANCELED
    assert outcome(waiting)[0] is Outcome.REFUSED
    failed = broken(IMPORT).but(cancel_token="c", retry_token="r").see()
    assert failed.status.cancel.outcome is Outcome.REFUSED  # type: ignore[union-attr]
    assert outcome(failed)[0] is Outcome.ACCEPTED
    runs = running().but(cancel_token="c", retry_token="r").see()
    assert runs.status.retry is None
    runs = runs.see(RUNNING, o.CancelAccepted())
    assert runs.status.retry is None, "accepted is not yet the result"
    assert outcome(runs.see(CANCELED))[0] is Outcome.REFUSED


def test_an_object_on_its_way_out_says_why_it_is_not_retried() -> None:
    scene = asked(broken(IMPORT).but(deleting_since=NOON))
    assert scene.status.retry.message == "the object is being deleted"  # type: ignore[union-attr]


def test_the_estimate_of_a_failed_attempt_is_not_the_next_ones() -> None:
    scene = running(IMPORT, limit=1).see(o.Seen(State.FAILED, "FAILED", estimated_end=NOON))
    assert (scene.attempt, scene.status.estimated_completion_time) == (2, None)


def test_a_retry_asked_for_before_the_doubt_does_not_run_the_job_twice() -> None:
    """The cloud forgot the job in the very moment: it may still run, and the person thought that it did."""
    runs = running(IMPORT).see(o.Missing()).later(600).but(retry_token="early")
    scene = runs.see(o.Missing())
    assert outcome(scene) == (Outcome.REFUSED, Reason.OUTCOME_UNKNOWN)
    assert scene.attempt == 1
    assert asked(scene, "late").attempt == 2


def test_a_retry_asked_for_before_a_plain_failure_is_heeded() -> None:
    assert running(IMPORT).but(retry_token="early").see(BROKEN).attempt == 2


def test_one_token_is_one_retry() -> None:
    """A token that stays in Git must not retry for ever."""
    scene = asked(broken(IMPORT), "a").see(PREPARED, ACCEPTED, BROKEN)
    assert (scene.status.state, scene.attempt) == (State.FAILED, 2)
    assert scene.see().attempt == 2
    assert asked(scene, "b").attempt == 3


@pytest.mark.parametrize(
    ("kind", "console", "step"),
    [
        pytest.param(IMPORT, True, RETRY_STEP, id="in place with the console API"),
        pytest.param(IMPORT, False, SUBMIT_STEP, id="without it the same import is submitted again"),
        pytest.param(BACKUP, True, SUBMIT_STEP, id="a backup is submitted again"),
    ],
)
def test_how_a_retry_is_sent(kind: object, console: bool, step: str) -> None:
    scene = broken(kind, resubmit=True).but(link=Link(console=console))  # type: ignore[arg-type]
    assert asked(scene).plan.action == Prepare(step)


def test_what_had_no_id_cannot_be_retried_in_place() -> None:
    assert asked(sending(IMPORT).see(REFUSED)).plan.action == Prepare(SUBMIT_STEP)
    assert a_job(IMPORT).see().plan.action == Prepare(SUBMIT_STEP)


def test_the_first_attempt_is_never_in_place() -> None:
    assert a_job(IMPORT, link=CONSOLE).see().plan.action == Prepare(SUBMIT_STEP)


def test_the_policy_retries_with_back_off_until_its_limit() -> None:
    """Failed too early, and a script gives up on a job that is about to succeed."""
    scene = broken(limit=2, resubmit=True)
    assert (scene.status.state, scene.attempt) == (State.PENDING, 2)
    assert scene.status.reason == Reason.RETRY_SCHEDULED
    assert scene.status.message == "attempt 1 failed: disk full; retry 1 of 2 follows"
    row = (scene.plan.status.attempts or [])[-1]
    assert row.state is State.PENDING
    assert (row.automatic, row.not_before) == (1, scene.now + timedelta(seconds=23))  # 22.5, in whole seconds
    assert (scene.plan.action, scene.plan.again) == (None, 23.0)
    early = scene.later(22).see()
    assert (early.plan.action, early.plan.again, early.status.message) == (None, 1.0, scene.status.message)
    scene = scene.later(23).see()
    assert scene.plan.action == Prepare(SUBMIT_STEP)
    scene = scene.see(PREPARED, ACCEPTED, BROKEN)
    assert scene.status.message == "attempt 2 failed: disk full; retry 2 of 2 follows"
    assert (scene.status.attempts or [])[-1].automatic == 2
    assert scene.plan.again == 45.0
    scene = scene.later(45).see(o.Nothing(), PREPARED, ACCEPTED, BROKEN)
    assert (scene.status.state, scene.attempt, scene.status.message) == (State.FAILED, 3, "disk full")


def test_a_back_off_that_is_over_is_not_shown() -> None:
    """A row of the table that says "not before" for a job that runs, or ended, only puzzles."""
    scene = broken(limit=1, resubmit=True)
    assert (scene.status.attempts or [])[-1].not_before is not None
    taken = scene.later(60).see(o.Nothing(), PREPARED, ACCEPTED)
    assert (taken.status.attempts or [])[-1].not_before is None
    refused = scene.later(60).see(o.Nothing(), PREPARED, REFUSED)
    assert refused.status.state is State.FAILED
    assert (refused.status.attempts or [])[-1].not_before is None
    cancelled = scene.but(cancel_token="c").see()
    assert (cancelled.status.attempts or [])[-1].not_before is None


def test_a_person_renews_the_policys_budget() -> None:
    scene = broken(limit=1, resubmit=True).later(60).see(o.Nothing(), PREPARED, ACCEPTED, BROKEN)
    assert scene.status.state is State.FAILED
    scene = asked(scene).see(PREPARED, ACCEPTED, BROKEN)
    assert (scene.status.state, scene.attempt, scene.status.attempts[-1].automatic) == (  # type: ignore[index]
        State.PENDING,
        4,
        1,
    )


@pytest.mark.parametrize(
    ("scene", "left"),
    [
        pytest.param(lambda: broken(IMPORT, limit=1), True, id="an import is retried"),
        pytest.param(lambda: sending(IMPORT, limit=1).see(REFUSED), True, id="so is a refused one"),
        pytest.param(lambda: broken(IMPORT), False, id="without a limit nothing is"),
        pytest.param(lambda: broken(BACKUP, limit=1), False, id="a backup needs resubmit: true"),
        pytest.param(lambda: broken(RESTORE, limit=1), False, id="a restore never"),
        pytest.param(
            lambda: running(IMPORT, limit=1).but(has_source=False).see(BROKEN), False, id="without a source"
        ),
        pytest.param(
            lambda: running(IMPORT, limit=1).but(deleting_since=NOON).see(BROKEN), False, id="not on the way out"
        ),
        pytest.param(lambda: forgotten(IMPORT, limit=1), False, id="an unknown outcome needs a person"),
        pytest.param(
            lambda: submitted(IMPORT, limit=1).see(o.Missing()).later(600).see(o.Nothing(), o.Missing()),
            False,
            id="so does a lost job",
        ),
        pytest.param(
            lambda: unknown(IMPORT, limit=1, on_unknown=OnSubmissionUnknown.FAIL),
            False,
            id="so does an unknown submission",
        ),
        pytest.param(
            lambda: a_job(IMPORT, limit=1, start_deadline_seconds=5).later(9).see(),
            False,
            id="a deadline is not retried",
        ),
        pytest.param(lambda: running(limit=1, resubmit=True).see(CANCELED), False, id="nor a cancelled job"),
        pytest.param(lambda: running(limit=1, resubmit=True).see(DONE), False, id="nor success"),
    ],
)
def test_what_the_policy_retries(scene: object, left: bool) -> None:
    after: Scene = scene()  # type: ignore[operator]
    assert (after.attempt == 2) is left
    assert (after.status.completion_time is None) is left


def test_an_adopted_job_that_failed_is_submitted_not_adopted_again() -> None:
    scene = asked(adopted(IMPORT).see(BROKEN).but(link=Link()))
    assert scene.plan.action == Prepare(SUBMIT_STEP)


def test_ten_rows_are_kept_and_numbers_go_on() -> None:
    """A table that grows without bound makes the object too large to write."""
    scene = broken(IMPORT)
    for count in range(14):
        scene = asked(scene, f"t{count}").see(PREPARED, ACCEPTED, BROKEN)
    assert [a.number for a in scene.status.attempts or []] == list(range(6, 16))


def test_a_resubmission_by_policy_counts_as_a_retry() -> None:
    """Else each lost answer would renew the budget of automatic retries."""
    scene = broken(limit=2, resubmit=True, on_unknown=OnSubmissionUnknown.RESUBMIT).later(60)
    scene = scene.see(o.Nothing(), PREPARED, LOST).later(130).see(o.Nothing(), o.Undecided("two"))
    scene = scene.later(130).see(o.Nothing(), o.Undecided("two"))
    row = (scene.status.attempts or [])[-1]
    assert (row.number, row.automatic) == (3, 2)
    scene = scene.later(61).see(o.Nothing(), PREPARED, ACCEPTED, BROKEN)
    assert (scene.status.state, scene.attempt) == (State.FAILED, 3)


def test_looking_jobs_are_not_retried_twice_by_an_old_token() -> None:
    scene = asked(looking(IMPORT))
    assert outcome(scene) == (Outcome.REFUSED, Reason.NOT_FAILED)
    assert scene.status.retry.message == (  # type: ignore[union-attr]
        "the submission is open; use resolve-submission to decide it"
    )
