"""Composed jobs: steps one after another, each submitted once, and nothing left in the cloud without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BROKEN,
    CLONE,
    CONSOLE,
    COPY,
    DONE,
    DOWN,
    LOST,
    NOON,
    NOT_SENT,
    PUBLIC,
    REFILL,
    REFUSED,
    SAMPLE,
    SWEEP,
    THROTTLED,
    Scene,
    a_job,
    backed_up,
    backing_up,
    deleted,
    first_step,
    prepared,
    restored,
    restoring,
    seen,
    sweeping,
)

from zilliz_jobs.api.connection import FirstSubmission
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Find, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Traits
from zilliz_jobs.core.steps import left_behind

Change = Callable[[Scene], Scene]
LEFT_THERE = o.Impossible(Reason.LEFT_BEHIND, "not proven ours")


def rows(x: Scene) -> list[tuple[str, str]]:
    return [(row.name, str(row.state)) for row in x.status.steps or []]


def test_the_steps_follow_one_another_and_the_last_ends_the_job() -> None:
    x = a_job(CLONE, link=PUBLIC).see()
    assert x.plan.action == Prepare("Backup")
    x = x.see(prepared("t1"))
    assert (x.plan.action, x.plan.finalizer, x.submission.step) == (Submit(), True, "Backup")
    x = x.see(COPY, DONE)
    assert (x.plan.action, x.status.state) == (Prepare("Restore"), State.IN_PROGRESS)
    assert rows(x) == [("Backup", "Successful")]
    x = x.see(prepared("t2"))
    assert (x.plan.action, x.submission.step, x.submission.token) == (Submit(), "Restore", "t2")
    x = x.see(REFILL, DONE)
    assert (x.plan.action, x.status.reason) == (Prepare("DeleteBackup"), Reason.CLEANING_UP)
    assert x.holds("Finished") == "False"
    x = x.see(prepared("t3"), SWEEP, DONE)
    assert (x.status.state, x.plan.action, x.plan.finalizer) == (State.SUCCESSFUL, None, False)
    assert [name for name, _ in rows(x)] == list(CLONE.steps)
    assert (x.status.job_id, x.attempt) == ("job-r", 1)


def test_what_each_step_left_in_the_cloud_stays_on_record() -> None:
    handles = [row.handle for row in sweeping().see(DONE).status.steps or []]
    assert handles == [COPY.handle, REFILL.handle, SWEEP.handle]
    tokens = [row.submission.token for row in sweeping().see(DONE).status.steps or [] if row.submission]
    assert tokens == ["t1", "t2", "t3"]


def test_the_record_of_a_step_that_is_done_keeps_no_more_than_a_person_may_need() -> None:
    """A status has a limited size; the handle is in the row, and what a look-up compared with is of no more use."""
    x = a_job(CLONE, link=PUBLIC).see(o.Nothing(), o.Prepared("t1", "holder", {"backups": ["b1"]}, NOON), COPY, DONE)
    record = (x.status.steps or [])[0].submission
    assert record is not None
    assert (record.handle, record.baseline, record.evidence) == (None, None, Evidence.ANSWERED)


def test_between_two_steps_nothing_of_the_last_one_is_shown_as_the_jobs() -> None:
    x = backing_up().see(seen(progress=50)).later(60).see(DONE)
    assert (x.status.reason, x.status.message) == (Reason.WAITING, "step Restore follows")
    assert (x.status.job_id, x.status.cloud_status, x.status.submission) == (None, None, None)
    assert (x.status.progress_percent, x.status.last_progress_time) == (33, x.now)


def test_a_later_step_that_queues_does_not_put_the_job_back() -> None:
    x = backing_up().see(seen(start_time=NOON), DONE).later(60).see(o.Nothing(), prepared("t2"), REFILL)
    x = x.see(seen(State.PENDING, "PENDING", start_time=x.now))
    assert (x.status.state, x.status.start_time) == (State.IN_PROGRESS, NOON)
    first = backing_up().see(seen(State.PENDING, "PENDING"))
    assert first.status.state is State.PENDING


def test_only_what_has_a_clean_up_by_steps_holds_a_deletion_up() -> None:
    assert first_step(CLONE).snapshot.finalizer
    assert not first_step(SAMPLE).snapshot.finalizer
    assert not backing_up(SAMPLE).snapshot.finalizer
    whole = a_job(CLONE, link=CONSOLE).see(o.Nothing(), prepared("t1"))
    assert not whole.snapshot.finalizer
    assert not whole.see(o.Accepted({"jobId": "job-1"})).snapshot.finalizer


def test_a_kind_without_clean_up_ends_with_its_last_step() -> None:
    x = backing_up(SAMPLE).see(DONE)
    assert x.plan.action == Prepare("WriteRows")
    x = x.see(prepared("t2"), REFILL, DONE)
    assert (x.status.state, x.snapshot.finalizer) == (State.SUCCESSFUL, False)


def test_with_the_console_the_one_call_does_the_whole() -> None:
    x = a_job(CLONE, link=CONSOLE).see()
    assert x.plan.action == Prepare(SUBMIT_STEP)
    x = x.see(prepared("t1"), o.Accepted({"jobId": "job-1"}), DONE)
    assert (x.status.state, x.status.steps, x.snapshot.finalizer) == (State.SUCCESSFUL, None, False)


def test_a_job_that_went_by_steps_goes_on_so_when_the_console_is_turned_on() -> None:
    assert backing_up().but(link=CONSOLE).see(DONE).plan.action == Prepare("Restore")
    assert backed_up().but(link=CONSOLE).see().plan.action == Prepare("Restore")


def test_a_job_that_the_console_took_is_one_job_when_the_console_is_turned_off() -> None:
    x = a_job(CLONE, link=CONSOLE).see(o.Nothing(), prepared("t1"), o.Accepted({"jobId": "job-1"}))
    assert x.but(link=PUBLIC).see(DONE).status.state is State.SUCCESSFUL


def test_the_progress_is_that_of_the_whole() -> None:
    half = seen(progress=50)
    assert backing_up().see(half).status.progress_percent == 16
    assert restoring().status.progress_percent == 33
    assert restoring().see(half).status.progress_percent == 50
    assert restoring().see(seen(progress=1)).status.progress_percent == 33
    assert restored().status.progress_percent == 66
    assert sweeping().see(DONE).status.progress_percent == 100


def test_the_estimate_of_a_step_is_not_shown_as_the_jobs() -> None:
    soon = seen(progress=50, estimated_end=NOON)
    assert backing_up().see(soon).status.estimated_completion_time is None
    whole = a_job(CLONE, link=CONSOLE).see(o.Nothing(), prepared("t1"), o.Accepted({"jobId": "job-1"}), soon)
    assert whole.status.estimated_completion_time == NOON


def test_the_object_says_which_step_is_at_work() -> None:
    assert (restoring().see(seen()).status.message or "").startswith("step Restore: ")


def test_between_two_steps_the_job_counts_as_submitted_and_in_progress() -> None:
    x = backed_up().see(o.Blocked(Reason.CLUSTER_BUSY, "the cluster is MODIFYING", 5.0))
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
    x = a_job(CLONE, link=PUBLIC, start_deadline_seconds=60).see(o.Nothing(), prepared("t1"), COPY, DONE)
    assert x.later(3600).see().plan.action == Prepare("Restore")


def test_the_active_deadline_counts_from_the_first_step() -> None:
    x = a_job(CLONE, link=PUBLIC, active_deadline_seconds=60).see(o.Nothing(), prepared("t1"), COPY).later(50)
    x = x.see(DONE, prepared("t2"), REFILL).later(20).see(seen())
    assert x.holds("Overdue") == "True"


def test_the_end_of_a_step_is_progress() -> None:
    x = backing_up(stall_deadline_seconds=60).see(seen(progress=50)).later(100).see(DONE)
    assert x.holds("Overdue") == "False"
    x = x.later(61).see(o.Nothing(), o.Blocked(Reason.CLUSTER_BUSY, "the cluster is MODIFYING"))
    row = x.condition("Overdue")
    assert row is not None
    assert (row.status, row.reason) == ("True", Reason.STALLED)


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
            x = x.see(REFILL, BROKEN)
        case "refused":
            x = x.see(REFUSED).later(60).see()
        case _:
            x = x.see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
            for token in ("t4", "t5"):
                x = x.see(prepared(token), LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent())
    assert (x.plan.action, x.status.state) == (Prepare("DeleteBackup"), State.IN_PROGRESS)
    x = x.see(prepared("t3"), SWEEP, DONE)
    assert x.status.state is State.FAILED
    assert (x.status.message or "").startswith("step Restore: ")
    assert rows(x) == [("Backup", "Successful"), ("Restore", "Failed"), ("DeleteBackup", "Successful")]


def test_a_backup_that_failed_is_looked_after_too_since_it_may_be_there() -> None:
    x = backing_up().see(BROKEN)
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


def test_a_step_that_is_submitted_again_leaves_what_was_done_as_it_was() -> None:
    """The job is half way: neither new, nor without a beginning."""
    x = backing_up().see(seen(start_time=NOON, created_by="ann", result={"backupId": "backup-1"}), DONE)
    x = x.see(prepared("t2"), LOST).later(131).see(o.Nothing(), o.Undecided("two could be it"))
    before = x.status
    x = x.but(resolve_token="t2=resubmit").see()
    kept = ("state", "start_time", "created_by", "result", "progress_percent", "last_progress_time", "steps")
    assert {name: getattr(x.status, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert (x.status.state, x.status.progress_percent) == (State.IN_PROGRESS, 33)
    assert [(row.number, row.state) for row in x.status.attempts or []] == [
        (1, State.UNKNOWN),
        (2, State.IN_PROGRESS),
    ]
    assert (x.status.attempts or [])[0].reason == Reason.SUBMISSION_UNKNOWN


def test_a_first_step_that_is_submitted_again_is_the_whole_job_anew() -> None:
    x = first_step().see(LOST).later(131).see(o.Nothing(), o.Undecided("two could be it"))
    x = x.but(resolve_token="t1=resubmit").see()
    assert (x.status.state, x.status.submission, x.plan.action) == (State.PENDING, None, Prepare("Backup"))


def test_a_step_that_needs_no_submission_is_done_also_when_the_console_could_do_the_whole_by_now() -> None:
    """Else a job would end well of which only the first step is done."""
    x = first_step().see(LOST, o.Absent()).later(131).see(o.Nothing(), o.Absent()).but(link=CONSOLE).see()
    assert x.plan.action == Prepare("Backup")
    x = x.see(o.AlreadyDone("there is such a backup"))
    assert (x.plan.action, x.status.state) == (Prepare("Restore"), State.IN_PROGRESS)
    assert [(row.name, row.reason) for row in x.status.steps or []] == [("Backup", Reason.ALREADY_IN_STATE)]


def test_submitted_is_true_only_of_what_the_cloud_took() -> None:
    taken = first_step().see(LOST).later(131).see(o.Nothing(), o.Elsewhere("somebody's", Reason.NAME_TAKEN))
    assert (taken.status.state, taken.holds("Submitted")) == (State.FAILED, "Unknown")
    skipped = a_job(CLONE, link=PUBLIC).see(o.Nothing(), o.AlreadyDone("there is one"))
    assert (skipped.plan.action, skipped.holds("Submitted")) == (Prepare("Restore"), "False")
    assert skipped.see(prepared("t2")).holds("Submitted") == "Unknown"
    row = backed_up().condition("Submitted")
    assert row is not None
    assert (row.status, row.reason, row.message) == ("True", Reason.SUBMITTED, Reason.SUBMITTED.help)


def test_what_somebody_else_made_meanwhile_ends_the_job_with_its_reason() -> None:
    x = first_step(SAMPLE).see(LOST, o.Elsewhere("a collection of this name", Reason.NAME_TAKEN))
    assert x.status.completion_time is None, "our own request may still bring it about"
    x = x.later(131).see(o.Nothing(), o.Elsewhere("a collection of this name", Reason.NAME_TAKEN))
    assert (x.status.state, x.status.reason) == (State.FAILED, Reason.NAME_TAKEN)
    assert x.status.message == "a collection of this name"


def test_an_unknown_step_that_is_abandoned_fails_the_job_after_the_clean_up() -> None:
    x = backed_up().see(prepared("t2"), LOST).later(131).see(o.Nothing(), o.Undecided("two could be it"))
    x = x.but(resolve_token="t2=abandon").see()
    assert x.plan.action == Prepare("DeleteBackup")
    x = x.see(prepared("t3"), SWEEP, DONE)
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


STANDSTILLS: dict[str, Change] = {
    "the manifest cannot be read": lambda x: x.but(spec=None, spec_error="spec.colour: unknown field").see(),
    "the cloud says to come back tomorrow": lambda x: x.see(o.Blocked(Reason.RATE_LIMITED, "slow down", 86400.0)),
    "the connection is broken": lambda x: x.but(link=Link(problem=o.Blocked(DOWN.reason, "no key", 3600.0))).see(),
    "the operator may submit nothing": lambda x: x.but(gate=o.Blocked(Reason.CRD_OUTDATED, "old", 3600.0)).see(),
    "its answer is lost": lambda x: x.see(prepared("t3"), LOST).later(500).see(o.Nothing(), o.Undecided("?")),
    "it is refused for a while": lambda x: x.see(prepared("t3"), o.Refused(Reason.RATE_LIMITED, "429", True, 3600.0)),
    "it is under way": lambda x: x.see(prepared("t3"), SWEEP).later(590).see(o.Nothing(), seen()),
}


@pytest.mark.parametrize("standstill", STANDSTILLS)
def test_the_clean_up_looks_again_when_its_time_is_over(standstill: str) -> None:
    """Nobody edits or wakes an object whose job is done; its end must come by itself."""
    x = restored()
    began = x.now
    x = STANDSTILLS[standstill](x)
    left = 600 - (x.now - began).total_seconds()
    assert (x.plan.action, x.status.completion_time) == (None, None)
    assert x.plan.again is not None
    assert x.plan.again <= left
    x = x.later(left).see()
    assert (x.status.state, (x.status.steps or [])[-1].reason) == (State.SUCCESSFUL, Reason.LEFT_BEHIND)


def test_the_clean_up_has_its_ten_minutes_and_not_one_more() -> None:
    x = restored().see(o.Blocked(Reason.CLOUD_UNREACHABLE, "down"))
    assert x.later(599).see().plan.action == Prepare("DeleteBackup")
    assert x.later(599).see().status.reason == Reason.CLOUD_UNREACHABLE
    x = x.later(600).see()
    assert x.status.state is State.SUCCESSFUL
    assert (x.status.message or "").endswith("not done within 600 s; the last obstacle was: down")
    assert x.status.progress_percent == 100
    last = (x.status.steps or [])[-1]
    assert (last.state, last.reason) == (State.FAILED, Reason.LEFT_BEHIND)
    assert (last.completion_time, last.seen_time) == (x.now, x.now)


def test_the_ten_minutes_count_from_the_end_of_the_work() -> None:
    """Not from that of the first step, nor from the making of the object."""
    x = backing_up().later(900).see(DONE, prepared("t2"), REFILL).later(900).see(DONE)
    x = x.see(o.Blocked(Reason.CLOUD_UNREACHABLE, "down"))
    assert x.later(599).see().status.completion_time is None
    assert x.later(600).see().status.completion_time is not None


def test_a_clean_up_without_any_obstacle_on_record_says_so() -> None:
    x = restored().but(link=Link(problem=DOWN)).see().but(link=PUBLIC).see()
    assert (x.plan.action, x.plan.again) == (Prepare("DeleteBackup"), None)
    assert (x.later(600).see().status.message or "").endswith("the last obstacle was: none")


def test_a_cancel_that_waits_for_the_clean_up_learns_that_it_came_too_late() -> None:
    x = restored().see(prepared("t3"), LOST).but(cancel_token="stop").see()
    assert x.status.cancel is not None
    assert x.status.cancel.outcome is Outcome.REQUESTED
    x = x.later(600).see()
    assert x.status.cancel is not None
    told = (x.status.cancel.outcome, x.status.cancel.reason, x.status.cancel.time)
    assert told == (Outcome.REFUSED, Reason.ALREADY_FINISHED, x.now)


def test_a_clean_up_that_was_held_up_says_so_again() -> None:
    x = restored().but(link=Link(problem=DOWN)).see()
    assert x.status.reason == DOWN.reason
    assert x.but(link=PUBLIC).see().status.reason == Reason.CLEANING_UP


def test_the_time_of_the_clean_up_is_not_the_jobs() -> None:
    """An alert on Overdue would ring for a job that was in time."""
    x = restored(active_deadline_seconds=60, stall_deadline_seconds=60).see(prepared("t3"), SWEEP)
    x = x.later(100).see(seen())
    assert x.holds("Overdue") == "False"
    assert x.see(DONE).holds("Overdue") == "False"


def test_a_job_that_was_late_is_called_so_while_it_is_cleaned_up() -> None:
    x = restoring(active_deadline_seconds=60).later(100).see(seen())
    assert x.holds("Overdue") == "True"
    x = x.see(DONE)
    assert (x.plan.action, x.holds("Overdue")) == (Prepare("DeleteBackup"), "True")
    assert x.see(prepared("t3"), SWEEP, DONE).holds("Overdue") == "True"


def test_the_job_ended_when_its_work_did() -> None:
    """Not when the backup was gone; and the object is kept for its time from our own sight of the end."""
    x = restored().later(400).see(o.Nothing(), prepared("t3"), SWEEP, seen(State.SUCCESSFUL))
    assert x.status.completion_time == DONE.end_time
    last = (x.status.steps or [])[-1]
    assert (last.seen_time, last.completion_time) == (x.now, x.now), "the cloud did not tell when"
    untold = restoring().later(400).see(seen(State.SUCCESSFUL)).see(prepared("t3"), SWEEP).later(50).see(DONE)
    assert untold.status.completion_time == NOON + timedelta(seconds=400)


LEFT: dict[str, tuple[Change, str]] = {
    "nothing was made yet": (lambda _: a_job(CLONE, link=PUBLIC).see(), ""),
    "the backup is being made": (lambda _: backing_up(), "backupId backup-1"),
    "the backup is made": (lambda _: backed_up(), "backupId backup-1"),
    "the copy is the product, and stays": (lambda _: restoring(), "backupId backup-1"),
    "also when it is done": (lambda _: restored(), "backupId backup-1"),
    "the clean-up names it too": (lambda _: sweeping(), "backupId backup-1"),
    "a backup without a name": (
        lambda x: x.see(prepared("t1"), LOST, o.Found({"jobId": "job-b"}, Evidence.INFERRED), DONE),
        "what job job-b made",
    ),
    "a cluster is no left-over": (
        lambda x: x.see(prepared("t1"), LOST, o.Found({"clusterId": "in01"}, Evidence.INFERRED), DONE),
        "",
    ),
    "two things": (
        lambda x: x.see(prepared("t1"), o.Accepted({"backupId": "b", "exportId": "e"}), DONE),
        "backupId b, exportId e",
    ),
    "the console made it in one": (
        lambda x: x.but(link=CONSOLE).see(prepared("t1"), o.Accepted({"jobId": "job-1"})),
        "",
    ),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_is_left_behind_is_what_was_made_on_the_way(case: str) -> None:
    """A person who is told to remove the copy by hand would remove what the job was for."""
    change, names = LEFT[case]
    text = left_behind(CLONE, change(a_job(CLONE, link=PUBLIC).see()).status)
    assert text == (f"{names} is still in the cloud; remove it by hand" if names else "")


def test_the_message_of_the_end_does_not_call_the_copy_a_left_over() -> None:
    x = restored().see(o.Impossible(Reason.LEFT_BEHIND, "not proven ours"))
    left = "backupId backup-1 is still in the cloud; remove it by hand: not proven ours"
    assert (x.status.steps or [])[-1].message == left
    assert x.status.message == f"the job ended well; {left}"


def test_a_clean_up_that_has_nothing_to_name_says_only_why_it_failed() -> None:
    x = a_job(CLONE, link=PUBLIC).see(o.Nothing(), o.AlreadyDone("there is a backup"), prepared("t2"), REFILL, BROKEN)
    x = x.see(o.Impossible(Reason.LEFT_BEHIND, "whose backup it is is not known"))
    assert (x.status.steps or [])[-1].message == "whose backup it is is not known"
    assert x.status.message == "step Restore: disk full; whose backup it is is not known"


FAILURES: dict[str, Change] = {
    "it is refused": lambda x: x.see(prepared("t3"), REFUSED),
    "it fails": lambda x: x.see(prepared("t3"), SWEEP, BROKEN),
    "it may not be done": lambda x: x.see(o.Impossible(Reason.LEFT_BEHIND, "not proven ours")),
    "it cannot be prepared": lambda x: x.see(THROTTLED).later(601).see(),
    "its request never leaves": lambda x: x.see(prepared("t3"), NOT_SENT).later(601).see(),
    "its answer stays lost": lambda x: x.see(prepared("t3"), LOST).later(601).see(),
    "it takes too long": lambda x: x.see(prepared("t3"), SWEEP, seen()).later(601).see(),
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
        x = x.later(60).see(o.Nothing(), o.Blocked(Reason.CLOUD_UNREACHABLE, "the cloud is down"))
        assert x.status.completion_time is None
    x = x.later(61).see()
    assert x.status.state is State.SUCCESSFUL


# -- the object is deleted half way


def test_a_deletion_before_the_first_step_ends_at_once() -> None:
    x = deleted(a_job(CLONE, link=PUBLIC).see().but(finalizer=True)).see()
    assert (x.plan.action, x.plan.finalizer) == (None, False)


def test_a_deletion_lets_the_step_at_work_end_and_then_cleans_up() -> None:
    x = deleted(backing_up()).see()
    assert x.plan.action == Observe(at_once=True)
    x = x.see(seen())
    assert (x.plan.action, x.snapshot.finalizer) == (None, True)
    assert x.plan.again is not None
    x = x.see(DONE)
    assert x.plan.action == Prepare("DeleteBackup"), "not the restore, which nobody wants any more"
    x = x.see(prepared("t3"))
    assert x.plan.action == Submit()
    x = x.see(SWEEP, DONE)
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


def test_a_deletion_after_a_long_wait_gives_the_clean_up_its_time() -> None:
    """The backup was made an hour ago, and the cluster has been busy ever since."""
    x = backed_up().later(3600).see(o.Nothing(), o.Blocked(Reason.CLUSTER_BUSY, "the cluster is MODIFYING"))
    x = deleted(x).see()
    assert (x.plan.action, x.status.completion_time) == (Prepare("DeleteBackup"), None)


def test_a_deletion_whose_manifest_cannot_be_read_ends_in_time() -> None:
    """An object that nobody wakes would be there for ever, and its namespace with it."""
    x = deleted(backed_up()).but(spec=None, spec_error="spec.colour: unknown field").see()
    assert (x.plan.action, x.plan.again, x.snapshot.finalizer) == (None, 600, True)
    x = x.later(600).see()
    assert (x.plan.action, x.plan.finalizer) == (None, False)


def test_a_deletion_waits_no_longer_than_its_bound_whatever_the_cloud_asks_for() -> None:
    x = deleted(restoring()).see(o.Unreadable(Reason.RATE_LIMITED, "slow down", 3600.0))
    assert x.plan.again == 600
    assert x.later(599).see(seen()).plan.again == 1


def test_nothing_is_sent_any_more_for_an_object_whose_deletion_is_over() -> None:
    for x in (backed_up(), restored()):
        parting = deleted(x)
        assert parting.see(prepared("t3")).plan.action == Submit()
        assert parting.later(599).see(prepared("t3")).plan.action == Submit()
        late = parting.later(600).see(prepared("t3"))
        assert (late.plan.action, late.plan.finalizer) == (None, False)
        assert late.status.submission is None
        gone = parting.but(finalizer=False).see(prepared("t3"))
        assert (gone.plan.action, gone.plan.finalizer, gone.plan.again) == (None, None, None)


def test_a_deletion_is_over_when_its_own_time_is_also_if_the_clean_up_began_late() -> None:
    x = deleted(backing_up())
    due = x.later(600).now
    x = x.later(500).see(DONE)
    assert x.plan.action == Prepare("DeleteBackup")
    late = replace(x, now=due)
    assert late.see().plan.finalizer is False
    sent = late.see(prepared("t3"))
    assert (sent.plan.action, sent.plan.finalizer, sent.status.submission) == (None, False, None)


def test_a_deletion_while_the_first_request_is_open_looks_for_it_and_then_goes() -> None:
    x = deleted(first_step()).see()
    assert x.plan.action == Find()
    x = x.see(o.Absent()).later(131).see(o.Nothing(), o.Absent())
    assert (x.plan.action, x.plan.finalizer, x.status.steps) == (None, False, None)


def test_a_deletion_is_told_of_what_the_work_came_to() -> None:
    x = deleted(restoring()).see(DONE, prepared("t3"), SWEEP, DONE)
    assert x.status.state is State.SUCCESSFUL
    x = deleted(restoring()).see(BROKEN, prepared("t3"), SWEEP, DONE)
    assert (x.status.state, x.status.message) == (State.FAILED, "step Restore: disk full")
    x = deleted(backing_up()).see(DONE, prepared("t3"), SWEEP, DONE)
    told = (x.status.state, x.status.reason, x.status.message)
    assert told == (State.CANCELED, Reason.CANCELED, "the object was deleted after step Backup")


def test_a_deletion_of_a_finished_job_ends_at_once() -> None:
    x = deleted(sweeping().see(DONE).but(finalizer=True)).see()
    assert (x.plan.action, x.plan.finalizer) == (None, False)


# -- kinds with more steps than any has yet


LONG = Traits(steps=("Export", "Move", "Import", "Sweep"), cleanup="Sweep")


def test_of_three_steps_what_the_first_two_made_is_on_the_way() -> None:
    x = backing_up(LONG).see(DONE, prepared("t2"), o.Accepted({"volumeId": "v"}), DONE)
    assert left_behind(LONG, x.status) == "backupId backup-1, volumeId v is still in the cloud; remove it by hand"
    x = x.see(prepared("t3"), o.Accepted({"collection": "c"}), DONE)
    assert x.plan.action == Prepare("Sweep")
    assert "collection" not in left_behind(LONG, x.status)


def test_of_three_steps_two_are_not_the_whole() -> None:
    x = deleted(backing_up(LONG).see(DONE, prepared("t2"), REFILL)).see(DONE, prepared("t3"), SWEEP, DONE)
    told = (x.status.state, x.status.message, x.status.job_id)
    assert told == (State.CANCELED, "the object was deleted after step Move", "job-r")


def test_steps_edited_by_hand_stop_nothing() -> None:
    """Statuses are writable; nonsense in one must not stop the operator, nor do a step a second time."""
    tables: list[list[dict[str, object]]] = [
        [{"name": "DeleteBackup"}],
        [{"name": "Nonsense", "state": "Successful"}],
        [{"name": "Nonsense", "state": "Nonsense", "handle": {"backupId": "b"}}],
        [{"name": "Backup"}, {"name": "Backup"}],
        [{"name": "Restore", "state": "Successful"}],
        [{"name": "Backup", "state": "Failed", "handle": {"jobId": "j"}, "completionTime": "yesterday"}],
    ]
    records = [
        None,
        {"step": "DeleteBackup", "token": "t", "handle": {"backupId": "b"}},
        {"step": "Backup", "token": "t"},
    ]
    for table in tables:
        for record in records:
            status = JobStatus.model_validate({"steps": table, "submission": record, "state": "InProgress"})
            there = a_job(CLONE, link=PUBLIC, ttl_seconds_after_finished=60).but(status=status)
            for x in (there, deleted(there), there.later(601)):
                for answer in (o.Nothing(), DONE, BROKEN, REFUSED, o.Missing(), o.AlreadyDone(""), LEFT_THERE):
                    end = x.see(answer, o.Nothing()).later(700).see()
                    assert end.status.conditions
                    assert end.plan.action != Prepare("Backup")
    lost = a_job(CLONE, link=PUBLIC).but(status=JobStatus.model_validate({"steps": tables[0]})).see(LEFT_THERE)
    assert (lost.status.state, lost.status.reason) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    assert (lost.status.message, lost.status.completion_time) == ("the record of its steps is gone", lost.now)
    blank = JobStatus.model_validate({"steps": [{"name": "Backup"}], "submission": records[1]})
    blank = a_job(CLONE, link=PUBLIC).but(status=blank).see(DONE).status
    assert (blank.state, blank.reason, blank.message) == (State.UNKNOWN, "", "")
