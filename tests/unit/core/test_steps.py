"""Composed jobs: steps one after another, each submitted once, and nothing left in the cloud without a word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.core.scenes import CONSOLE, DOWN, LOST, NOON, NOT_SENT, REFUSED, THROTTLED, Scene, a_job, seen

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobstatus import Evidence, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Find, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Traits

Change = Callable[[Scene], Scene]

CLONE = Traits(steps=("Backup", "Restore", "DeleteBackup"), cleanup="DeleteBackup")
SAMPLE = Traits(steps=("CreateCollection", "WriteRows"))
PUBLIC = Link()
COPY = o.Accepted({"jobId": "job-b", "backupId": "backup-1"})
RESTORE = o.Accepted({"jobId": "job-r", "collection": "films_copy"})
SWEPT = o.Accepted({"backupId": "backup-1"})
GOOD = seen(State.SUCCESSFUL, "SUCCESSFUL", end_time=NOON + timedelta(minutes=5))
BAD = seen(State.FAILED, "FAILED", message="disk full")


def prepared(token: str) -> o.Prepared:
    return o.Prepared(token, "holder", {}, NOON)


def backing_up(kind: Traits = CLONE, link: Link = PUBLIC) -> Scene:
    return a_job(kind, link=link).see(o.Nothing(), prepared("t1"), COPY)


def backed_up() -> Scene:
    return backing_up().see(GOOD)


def restoring() -> Scene:
    return backed_up().see(prepared("t2"), RESTORE)


def restored() -> Scene:
    return restoring().see(GOOD)


def sweeping() -> Scene:
    return restored().see(prepared("t3"), SWEPT)


def rows(x: Scene) -> list[tuple[str, str]]:
    return [(row.name, str(row.state)) for row in x.status.steps or []]


def test_the_steps_follow_one_another_and_the_last_ends_the_job() -> None:
    x = a_job(CLONE, link=PUBLIC).see()
    assert x.plan.action == Prepare("Backup")
    x = x.see(prepared("t1"))
    assert (x.plan.action, x.plan.finalizer, x.submission.step) == (Submit(), True, "Backup")
    x = x.see(COPY, GOOD)
    assert (x.plan.action, x.status.state) == (Prepare("Restore"), State.IN_PROGRESS)
    assert rows(x) == [("Backup", "Successful")]
    x = x.see(prepared("t2"))
    assert (x.plan.action, x.submission.step, x.submission.token) == (Submit(), "Restore", "t2")
    x = x.see(RESTORE, GOOD)
    assert (x.plan.action, x.status.reason) == (Prepare("DeleteBackup"), Reason.CLEANING_UP)
    assert x.holds("Finished") == "False"
    x = x.see(prepared("t3"), SWEPT, GOOD)
    assert (x.status.state, x.plan.action, x.plan.finalizer) == (State.SUCCESSFUL, None, False)
    assert [name for name, _ in rows(x)] == list(CLONE.steps)
    assert (x.status.job_id, x.attempt) == ("job-r", 1)


def test_what_each_step_left_in_the_cloud_stays_on_record() -> None:
    handles = [row.handle for row in sweeping().see(GOOD).status.steps or []]
    assert handles == [COPY.handle, RESTORE.handle, SWEPT.handle]
    tokens = [row.submission.token for row in sweeping().see(GOOD).status.steps or [] if row.submission]
    assert tokens == ["t1", "t2", "t3"]


def test_a_kind_without_clean_up_ends_with_its_last_step() -> None:
    x = backing_up(SAMPLE).see(GOOD)
    assert x.plan.action == Prepare("WriteRows")
    x = x.see(prepared("t2"), RESTORE, GOOD)
    assert (x.status.state, x.snapshot.finalizer) == (State.SUCCESSFUL, False)


def test_with_the_console_the_one_call_does_the_whole() -> None:
    x = a_job(CLONE, link=CONSOLE).see()
    assert x.plan.action == Prepare(SUBMIT_STEP)
    x = x.see(prepared("t1"), o.Accepted({"jobId": "job-1"}), GOOD)
    assert (x.status.state, x.status.steps, x.snapshot.finalizer) == (State.SUCCESSFUL, None, False)


def test_a_job_that_went_by_steps_goes_on_so_when_the_console_is_turned_on() -> None:
    assert backing_up().but(link=CONSOLE).see(GOOD).plan.action == Prepare("Restore")
    assert backed_up().but(link=CONSOLE).see().plan.action == Prepare("Restore")


def test_a_job_that_the_console_took_is_one_job_when_the_console_is_turned_off() -> None:
    x = a_job(CLONE, link=CONSOLE).see(o.Nothing(), prepared("t1"), o.Accepted({"jobId": "job-1"}))
    assert x.but(link=PUBLIC).see(GOOD).status.state is State.SUCCESSFUL


def test_the_progress_is_that_of_the_whole() -> None:
    half = seen(progress=50)
    assert backing_up().see(half).status.progress_percent == 16
    assert restoring().status.progress_percent == 33
    assert restoring().see(half).status.progress_percent == 50
    assert sweeping().see(GOOD).status.progress_percent == 100


def test_the_object_says_which_step_is_at_work() -> None:
    assert (restoring().see(seen()).status.message or "").startswith("step Restore: ")


def test_between_two_steps_the_job_counts_as_submitted_and_in_progress() -> None:
    x = backed_up().see(o.Waits(Reason.CLUSTER_BUSY, "the cluster is MODIFYING", 5.0))
    assert (x.status.state, x.status.reason, x.plan.action) == (State.IN_PROGRESS, Reason.CLUSTER_BUSY, None)
    assert x.table == ("False", "Unknown", "False", "True", "")
    assert x.holds("Submitted") == "True"


HOLDS: dict[str, Change] = {
    "spec.suspend": lambda x: x.edit(suspend=True),
    "the suspended connection": lambda x: x.but(link=Link(suspended=True)),
    "firstSubmission Hold": lambda x: x.but(link=Link(first_submission=FirstSubmission.HOLD)),
    "a restore of the object": lambda x: x.but(restored=True),
}


@pytest.mark.parametrize("hold", HOLDS)
def test_what_holds_a_first_submission_back_does_not_stop_a_job_half_way(hold: str) -> None:
    assert HOLDS[hold](backed_up()).see().plan.action == Prepare("Restore")


def test_a_connection_that_cannot_be_used_does() -> None:
    x = backed_up().but(link=Link(problem=DOWN)).see()
    assert (x.plan.action, x.status.reason) == (None, DOWN.reason)


def test_the_start_deadline_is_kept_by_the_first_step() -> None:
    x = a_job(CLONE, link=PUBLIC, start_deadline_seconds=60).see(o.Nothing(), prepared("t1"), COPY, GOOD)
    assert x.later(3600).see().plan.action == Prepare("Restore")


def test_the_active_deadline_counts_from_the_first_step() -> None:
    x = a_job(CLONE, link=PUBLIC, active_deadline_seconds=60).see(o.Nothing(), prepared("t1"), COPY).later(50)
    x = x.see(GOOD, prepared("t2"), RESTORE).later(20).see(seen())
    assert x.holds("Overdue") == "True"


# -- what goes wrong


def test_the_first_step_refused_is_the_end_and_nothing_is_cleaned_up() -> None:
    x = a_job(CLONE, link=PUBLIC).see(o.Nothing(), prepared("t1"), REFUSED)
    assert (x.status.state, x.status.steps, x.plan.action) == (State.FAILED, None, None)
    assert (x.status.reason, x.status.message) == (REFUSED.reason, REFUSED.message)


@pytest.mark.parametrize("end", ["failed", "refused", "never taken"])
def test_a_later_step_that_fails_ends_the_job_after_the_clean_up(end: str) -> None:
    x = backed_up().see(prepared("t2"))
    match end:
        case "failed":
            x = x.see(RESTORE, BAD)
        case "refused":
            x = x.see(REFUSED).later(60).see()
        case _:
            x = x.see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
            for token in ("t4", "t5"):
                x = x.see(prepared(token), LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
    assert (x.plan.action, x.status.state) == (Prepare("DeleteBackup"), State.IN_PROGRESS)
    x = x.see(prepared("t3"), SWEPT, GOOD)
    assert x.status.state is State.FAILED
    assert (x.status.message or "").startswith("step Restore: ")
    assert rows(x) == [("Backup", "Successful"), ("Restore", "Failed"), ("DeleteBackup", "Successful")]


def test_a_backup_that_failed_is_looked_after_too_since_it_may_be_there() -> None:
    x = backing_up().see(BAD)
    assert x.plan.action == Prepare("DeleteBackup")
    x = x.see(o.AlreadyDone("there is no such backup"))
    assert (x.status.state, x.status.reason) == (State.FAILED, Reason.JOB_FAILED)


def test_a_step_whose_answer_was_lost_is_looked_for_and_goes_on_when_found() -> None:
    x = backed_up().see(prepared("t2"), LOST)
    assert x.plan.action == Find()
    x = x.see(o.Found({"collection": "films_copy"}, Evidence.INFERRED))
    assert (x.plan.action, x.submission.step) == (Observe(), "Restore")


def test_a_step_that_is_sent_again_keeps_its_own_token_and_never_an_earlier_steps() -> None:
    x = backed_up().see(prepared("t2"), LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
    assert x.plan.action == Prepare("Restore")
    x = x.see(prepared("t9"))
    assert (x.submission.token, x.submission.sends) == ("t2", 2)


def test_an_unknown_step_waits_for_a_person_and_can_be_submitted_again() -> None:
    x = backed_up().see(prepared("t2"), LOST).later(131).see(o.Nothing(), o.Undecided("two could be it"))
    assert x.submission.evidence is Evidence.UNKNOWN
    x = x.but(resolve_token="t2=resubmit").see()
    assert (x.plan.action, x.attempt) == (Prepare("Restore"), 2)
    assert rows(x) == [("Backup", "Successful")]


def test_an_unknown_step_that_is_abandoned_fails_the_job_after_the_clean_up() -> None:
    x = backed_up().see(prepared("t2"), LOST).later(131).see(o.Nothing(), o.Undecided("two could be it"))
    x = x.but(resolve_token="t2=abandon").see()
    assert x.plan.action == Prepare("DeleteBackup")
    x = x.see(prepared("t3"), SWEPT, GOOD)
    assert (x.status.state, x.status.reason) == (State.FAILED, Reason.SUBMISSION_UNKNOWN)


@pytest.mark.parametrize("scene", [backed_up, restoring, restored, sweeping])
def test_a_job_half_way_cannot_be_cancelled(scene: Callable[[], Scene]) -> None:
    x = scene().but(cancel_token="stop").see()
    assert x.status.cancel is not None
    assert (x.status.cancel.outcome, x.status.cancel.reason) == (Outcome.REFUSED, Reason.KIND_HAS_NO_CANCEL)
    assert x.status.completion_time is None


def test_before_the_first_step_it_can() -> None:
    x = a_job(CLONE, link=PUBLIC).but(cancel_token="stop").see()
    assert (x.status.state, x.status.steps) == (State.CANCELED, None)


# -- the clean-up decides nothing


FAILURES: dict[str, Change] = {
    "it is refused": lambda x: x.see(prepared("t3"), REFUSED),
    "it fails": lambda x: x.see(prepared("t3"), SWEPT, BAD),
    "it may not be done": lambda x: x.see(o.Impossible(Reason.LEFT_BEHIND, "not proven ours")),
    "it cannot be prepared": lambda x: x.see(THROTTLED).later(601).see(),
    "its request never leaves": lambda x: x.see(prepared("t3"), NOT_SENT).later(601).see(),
    "its answer stays lost": lambda x: x.see(prepared("t3"), LOST).later(601).see(),
    "it takes too long": lambda x: x.see(prepared("t3"), SWEPT, seen()).later(601).see(),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_the_job_ends_as_it_did_and_names_what_is_left_when_the_clean_up_fails(failure: str) -> None:
    x = FAILURES[failure](restored())
    assert (x.status.state, x.plan.action) == (State.SUCCESSFUL, None)
    assert "backup-1" in (x.status.message or "")
    assert "remove it by hand" in (x.status.message or "")
    last = (x.status.steps or [])[-1]
    assert (last.name, last.reason) == ("DeleteBackup", Reason.LEFT_BEHIND)


def test_what_cannot_be_cleaned_up_holds_the_jobs_end_for_ten_minutes_only() -> None:
    x = restored()
    for _ in range(9):
        x = x.later(60).see(o.Nothing(), o.Waits(Reason.CLOUD_UNREACHABLE, "the cloud is down"))
        assert x.status.completion_time is None
    x = x.later(61).see()
    assert x.status.state is State.SUCCESSFUL


# -- the object is deleted half way


def deleted(x: Scene) -> Scene:
    return x.but(deleting_since=x.now)


def test_a_deletion_before_the_first_step_ends_at_once() -> None:
    x = deleted(a_job(CLONE, link=PUBLIC).see().but(finalizer=True)).see()
    assert (x.plan.action, x.plan.finalizer) == (None, False)


def test_a_deletion_lets_the_step_at_work_end_and_then_cleans_up() -> None:
    x = deleted(backing_up()).see()
    assert x.plan.action == Observe()
    x = x.see(seen())
    assert (x.plan.action, x.snapshot.finalizer) == (None, True)
    assert x.plan.wake is not None
    x = x.see(GOOD)
    assert x.plan.action == Prepare("DeleteBackup"), "not the restore, which nobody wants any more"
    x = x.see(prepared("t3"))
    assert x.plan.action == Submit()
    x = x.see(SWEPT, GOOD)
    assert (x.plan.action, x.plan.finalizer) == (None, False)
    assert x.status.state is State.CANCELED


def test_a_deletion_between_two_steps_goes_straight_to_the_clean_up() -> None:
    x = deleted(backed_up()).see()
    assert (x.plan.action, x.status.steps is not None) == (Prepare("DeleteBackup"), True)


def test_a_deletion_does_not_send_a_step_again_that_never_left() -> None:
    x = backed_up().see(prepared("t2"), LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
    x = deleted(x).see()
    assert x.plan.action == Prepare("DeleteBackup")
    x = x.see(prepared("t3"))
    assert (x.submission.step, x.submission.token) == ("DeleteBackup", "t3")


def test_a_deletion_never_waits_for_longer_than_ten_minutes() -> None:
    for x in (backing_up(), backed_up(), restoring(), restored(), sweeping()):
        x = deleted(x).see(o.Nothing(), o.Unreadable(Reason.CLOUD_UNREACHABLE, "down"))
        assert x.plan.finalizer is not False
        x = x.later(601).see()
        assert x.plan.finalizer is False


def test_a_deletion_of_a_finished_job_ends_at_once() -> None:
    x = deleted(sweeping().see(GOOD).but(finalizer=True)).see()
    assert (x.plan.action, x.plan.finalizer) == (None, False)
