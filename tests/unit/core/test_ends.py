"""Deadlines of a running job, the deletion of its object, and the time to live after its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    BACKUP,
    BROKEN,
    CANCELED,
    DONE,
    DOWN,
    FOUND,
    IMPORT,
    INFERRED,
    MIGRATION,
    NOON,
    PREPARED,
    RESTORE,
    RUNNING,
    UNDECIDED,
    UNREADABLE,
    Scene,
    a_job,
    adopted,
    broken,
    disproved,
    inferred,
    looking,
    running,
    seen,
    sending,
    submitted,
    succeeded,
    unknown,
)

from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Cancel, Delete, Find, Observe, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link

# -- may run, may go without progress --------------------------------------------------------------------------------


def test_a_job_past_its_deadline_is_cancelled_where_it_can_be() -> None:
    """A user sets a deadline so that a stuck job does not cost for ever."""
    scene = submitted(active_deadline_seconds=60).later(59).see(o.Nothing(), RUNNING)
    assert (scene.plan.action, scene.plan.again, scene.holds("Overdue")) == (None, 1.0, "False")
    scene = scene.later(1).see(o.Nothing(), RUNNING)
    assert (scene.plan.action, scene.holds("Overdue")) == (Cancel(), "True")
    row = scene.condition("Overdue")
    assert row is not None
    assert (row.reason, row.message) == (Reason.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED.help)
    scene = scene.see(o.CancelAccepted())
    assert (scene.submission.cancel_time, scene.status.cancel, scene.plan.again) == (scene.now, None, 2.0)
    row = scene.condition("Overdue")
    assert row is not None
    assert row.message == f"{Reason.DEADLINE_EXCEEDED.help} The cloud was asked to cancel the job."
    assert scene.later(3).see(o.Nothing(), RUNNING).plan.action is None, "it is asked once"
    ended = scene.later(5).see(o.Nothing(), CANCELED)
    assert (ended.status.state, ended.status.reason) == (State.CANCELED, Reason.DEADLINE_EXCEEDED)
    assert ended.status.message == "cancelled past its deadline"
    assert ended.holds("Overdue") == "True", "the reader still sees why"
    assert ended.later(9).see().condition("Overdue") == ended.condition("Overdue")


def test_a_person_who_cancelled_an_overdue_job_cancelled_it() -> None:
    scene = submitted(active_deadline_seconds=60).later(60).see(o.Nothing(), RUNNING, o.CancelAccepted())
    asked = scene.but(cancel_token="c").see(o.Nothing(), RUNNING, o.CancelAccepted(), CANCELED)
    assert asked.status.reason == Reason.CANCELED
    waiting = scene.but(cancel_token="c").see(o.Nothing(), CANCELED)
    assert waiting.status.reason == Reason.CANCELED
    refused = scene.but(cancel_token="c").see(
        o.Nothing(), RUNNING, o.CancelRefused(Reason.NO_PERMISSION, ""), CANCELED
    )
    assert refused.status.reason == Reason.DEADLINE_EXCEEDED


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(lambda: submitted(RESTORE, active_deadline_seconds=60), id="a kind without cancel"),
        pytest.param(lambda: submitted(active_deadline_seconds=60).but(link=Link()), id="no console API"),
        pytest.param(lambda: inferred(active_deadline_seconds=60), id="held by inference"),
        pytest.param(
            lambda: looking(active_deadline_seconds=60).see(o.Found({"backupId": "b"}, Evidence.MARKER)),
            id="without an id",
        ),
    ],
)
def test_what_cannot_be_cancelled_is_overdue_and_followed_on(scene: object) -> None:
    """The cloud still runs it, so claiming an end would be a lie."""
    late: Scene = scene().later(60).see(o.Nothing(), seen(progress=11))  # type: ignore[operator]
    assert (late.plan.action, late.holds("Overdue"), late.status.state) == (None, "True", State.IN_PROGRESS)
    assert late.plan.again is not None
    assert late.plan.again > 5, "the deadline is past and wakes nobody any more"
    assert late.later(60).see(DONE).status.state is State.SUCCESSFUL


def test_a_public_cancel_needs_no_console_for_a_deadline() -> None:
    scene = submitted(MIGRATION, active_deadline_seconds=60).but(link=Link()).later(60).see(o.Nothing(), RUNNING)
    assert scene.plan.action == Cancel()


def test_a_job_without_progress_is_stalled() -> None:
    scene = running(stall_deadline_seconds=60)
    assert scene.later(59).see(o.Nothing(), RUNNING).holds("Overdue") == "False"
    late = scene.later(60).see(o.Nothing(), RUNNING)
    assert late.plan.action == Cancel()
    assert late.condition("Overdue").reason == Reason.STALLED  # type: ignore[union-attr]
    moving = scene.later(59).see(o.Nothing(), seen(progress=20)).later(59).see(o.Nothing(), seen(progress=20))
    assert (moving.plan.action, moving.holds("Overdue"), moving.plan.again) == (None, "False", 1.0)
    never_shown = submitted(stall_deadline_seconds=60).later(60).see()
    assert never_shown.holds("Overdue") == "True"


def test_a_job_is_read_before_it_is_called_stalled_and_not_in_each_pass_after_that() -> None:
    """Of thousands of jobs the progress of each is read every few minutes; what was made since is no stall."""
    scene = (
        submitted(BACKUP, stall_deadline_seconds=60).but(link=Link()).see(o.Nothing(), seen(progress=10)).later(60)
    )
    asked = scene.see(o.Nothing())
    assert asked.plan.action == Observe(at_once=True)
    assert asked.see(seen(progress=11)).holds("Overdue") == "False"
    told = asked.see(seen(progress=10))
    assert (told.plan.action, told.holds("Overdue")) == (None, "True")
    assert told.later(5).see(o.Nothing()).plan.action == Observe()


def test_the_earlier_deadline_counts() -> None:
    both = running(active_deadline_seconds=500, stall_deadline_seconds=60).later(60).see(o.Nothing(), RUNNING)
    assert both.condition("Overdue").reason == Reason.STALLED  # type: ignore[union-attr]
    both = running(active_deadline_seconds=60, stall_deadline_seconds=500).later(60).see(o.Nothing(), RUNNING)
    assert both.condition("Overdue").reason == Reason.DEADLINE_EXCEEDED  # type: ignore[union-attr]


def test_deadlines_count_for_each_attempt() -> None:
    scene = submitted(active_deadline_seconds=60, limit=1, resubmit=True).later(59).see(o.Nothing(), BROKEN)
    scene = scene.later(30).see(o.Nothing(), PREPARED, o.Accepted({"jobId": "job-2"}))
    assert scene.holds("Overdue") == "False"
    assert scene.later(59).see(o.Nothing(), RUNNING).plan.action is None
    assert scene.later(60).see(o.Nothing(), RUNNING).plan.action == Cancel()


def test_an_edit_may_set_a_deadline_for_a_running_job() -> None:
    scene = running().later(100).edit(active_deadline_seconds=60).see(o.Nothing(), RUNNING)
    assert scene.plan.action == Cancel()
    longer = scene.edit(active_deadline_seconds=600).see(o.Nothing(), RUNNING)
    assert (longer.plan.action, longer.holds("Overdue")) == (None, "False")


def test_waiting_is_not_running() -> None:
    waiting = a_job(active_deadline_seconds=60, stall_deadline_seconds=60).see().later(600).see()
    assert waiting.holds("Overdue") == "False"
    assert unknown(active_deadline_seconds=60).later(600).see().holds("Overdue") == "False"
    assert succeeded(active_deadline_seconds=9000).later(99999).see().holds("Overdue") == "False"


def test_a_lost_answer_to_the_deadlines_cancel_is_repeated() -> None:
    scene = submitted(active_deadline_seconds=60).later(60).see(o.Nothing(), RUNNING, o.CancelUnclear("reset", 4.0))
    assert (scene.submission.cancel_time, scene.plan.again) == (None, 4.0)
    assert scene.later(4).see(o.Nothing(), RUNNING).plan.action == Cancel()
    refused = scene.see(o.CancelRefused(Reason.NO_PERMISSION, "no"))
    assert refused.later(4).see(o.Nothing(), RUNNING).plan.action is None


def test_old_jobs_are_looked_at_less_often() -> None:
    """Each look is a request out of a budget that all jobs share."""
    scene = running()
    waits = [scene.later(age).see(o.Nothing(), RUNNING).plan.again for age in (0, 15, 45, 95, 295, 9999)]
    assert waits == [2.0, 2.0, 5.0, 10.0, 30.0, 30.0]
    assert running().but(jitter=0.0).later(95).see(o.Nothing(), RUNNING).plan.again == 9.0
    assert running().but(jitter=1.0).later(95).see(o.Nothing(), RUNNING).plan.again == 11.0
    assert scene.later(3).see().plan.action == Observe()


# -- deletion --------------------------------------------------------------------------------------------------------


def on_delete(scene: Scene) -> Scene:
    return scene.edit(deletion_policy=DeletionPolicy.CANCEL).but(finalizer=True)


def deleted(scene: Scene, seconds: float = 0) -> Scene:
    return scene.but(deleting_since=scene.now - timedelta(seconds=seconds)).see()


def test_the_finalizer_comes_with_the_submission_and_goes_with_the_end() -> None:
    """A finalizer that stays makes deletion depend on the operator; one that comes late loses the cancel."""
    policy = {"deletion_policy": DeletionPolicy.CANCEL}
    waiting = a_job(**policy).see()
    assert (waiting.plan.finalizer, waiting.snapshot.finalizer) == (None, False)
    sent = waiting.see(PREPARED)
    assert (sent.plan.action, sent.plan.finalizer) == (Submit(), True)
    assert sent.see(o.Accepted({"jobId": "j"})).plan.finalizer is None
    assert succeeded(**policy).plan.finalizer is False
    assert succeeded(**policy).later(1).see().plan.finalizer is None
    assert sending().plan.finalizer is None
    assert sending(RESTORE).plan.finalizer is None
    assert broken(limit=1, resubmit=True, **policy).snapshot.finalizer is True


@pytest.mark.parametrize("scene", [running, unknown, looking, lambda: running().but(link=Link(problem=DOWN))])
def test_the_finalizer_follows_the_policy(scene: object) -> None:
    before: Scene = scene()  # type: ignore[operator]
    added = before.edit(deletion_policy=DeletionPolicy.CANCEL).see()
    assert added.plan.finalizer is True
    assert added.edit(deletion_policy=DeletionPolicy.RETAIN).see().plan.finalizer is False
    assert added.but(spec=None, spec_error="bad").see().plan.finalizer is None, "nobody knows what the spec wants"


@pytest.mark.parametrize("answer", [RUNNING, o.Missing(), UNREADABLE, o.CancelUnclear(""), o.CancelAccepted()])
def test_the_finalizer_comes_with_whatever_is_learnt(answer: o.Observation) -> None:
    assert running().edit(deletion_policy=DeletionPolicy.CANCEL).see(answer).plan.finalizer is True


def test_the_finalizer_comes_with_a_cancel_too() -> None:
    scene = running().edit(deletion_policy=DeletionPolicy.CANCEL).but(cancel_token="c").see(RUNNING)
    assert (scene.plan.action, scene.plan.finalizer) == (Cancel(), True)


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(lambda: a_job().see(), id="never submitted"),
        pytest.param(succeeded, id="finished"),
        pytest.param(disproved, id="proven absent"),
        pytest.param(inferred, id="held by inference only"),
        pytest.param(lambda: running().but(link=Link()), id="no way to cancel"),
        pytest.param(
            lambda: looking().see(o.Found({"backupId": "b"}, Evidence.MARKER)), id="without an id to cancel by"
        ),
        pytest.param(
            lambda: unknown(on_unknown=OnSubmissionUnknown.FAIL), id="given up, although its submission is open"
        ),
    ],
)
def test_what_needs_no_cancel_goes_at_once(scene: object) -> None:
    after = deleted(on_delete(scene()))  # type: ignore[operator]
    assert (after.plan.finalizer, after.plan.action, after.plan.again) == (False, None, None)


def test_retain_lets_go_at_once() -> None:
    """Deleting the object leaves the job alone, also when a finalizer is left from another policy."""
    for scene in (running(), looking()):
        after = deleted(scene.but(finalizer=True))
        assert (after.plan.finalizer, after.plan.action) == (False, None)
        bare = deleted(scene)
        assert (bare.plan.finalizer, bare.plan.action, bare.plan.again) == (None, None, None)


def test_deletion_cancels_what_runs_and_then_lets_go() -> None:
    scene = deleted(on_delete(running()))
    assert (scene.plan.action, scene.plan.finalizer) == (Cancel(), None)
    accepted = scene.see(o.CancelAccepted())
    assert (accepted.plan.finalizer, accepted.plan.action) == (False, None)
    assert accepted.submission.cancel_time == accepted.now
    assert scene.see(o.CancelRefused(Reason.NO_PERMISSION, "no")).plan.finalizer is False
    unclear = scene.see(o.CancelUnclear("reset", 9.0))
    assert (unclear.plan.finalizer, unclear.plan.action, unclear.plan.again) == (None, None, 9.0)
    assert unclear.later(9).see().plan.action == Cancel()


def test_deletion_gives_up_cancelling_in_time() -> None:
    """An object that cannot be deleted blocks its whole namespace."""
    scene = on_delete(running())
    assert deleted(scene, 119).plan.action == Cancel()
    assert deleted(scene, 119).see(o.CancelUnclear("reset", 60.0)).plan.again == 1.0
    assert deleted(scene, 120).plan.finalizer is False
    cut = scene.but(link=Link(console=True, problem=DOWN))
    assert (deleted(cut).plan.action, deleted(cut).plan.again) == (None, 4.0)
    assert deleted(cut, 119).plan.again == 1.0
    assert deleted(cut, 120).plan.finalizer is False


def test_deletion_looks_for_an_open_submission_first() -> None:
    scene = deleted(on_delete(looking()))
    assert scene.plan.action == Find()
    again = scene.see(UNDECIDED)
    assert (again.plan.action, again.plan.again, again.plan.finalizer) == (None, 10.0, None)
    assert scene.see(o.Absent()).plan.again == 10.0
    assert scene.see(UNREADABLE).plan.again == 1.5
    assert scene.see(FOUND).plan.action == Cancel()
    assert scene.see(INFERRED).plan.finalizer is False, "what is not proven ours is left alone"
    absent = scene.see(o.Absent()).later(130).see(o.Nothing(), o.Absent())
    assert (absent.plan.finalizer, absent.plan.action) == (False, None)


def test_deletion_gives_up_looking_after_the_settle_time_and_a_minute() -> None:
    scene = on_delete(unknown())
    assert deleted(scene, 179).plan.action == Find()
    assert deleted(scene, 179).see(UNDECIDED).plan.again == 1.0
    assert deleted(scene, 180).plan.finalizer is False
    quick = on_delete(unknown().but(link=Link(console=True, settle_seconds=30)))
    assert deleted(quick, 89).plan.action == Find()
    assert deleted(quick, 90).plan.finalizer is False


def test_what_is_found_at_the_last_moment_is_cancelled_all_the_same() -> None:
    """The user chose Cancel; the look-up was allowed longer than the cancel."""
    scene = deleted(on_delete(looking()), 150).see(FOUND)
    assert scene.plan.action == Cancel()
    assert scene.see(o.CancelAccepted()).plan.finalizer is False
    assert scene.see(o.CancelUnclear("reset")).plan.finalizer is False


def test_a_persons_cancel_and_a_deletion_are_both_served() -> None:
    scene = deleted(on_delete(running().but(cancel_token="c").see()))
    assert scene.plan.action == Cancel()
    scene = scene.see(o.CancelAccepted())
    assert scene.status.cancel.outcome is Outcome.ACCEPTED  # type: ignore[union-attr]
    assert scene.plan.action == Cancel()
    assert scene.see(o.CancelAccepted()).plan.finalizer is False


def test_nothing_is_submitted_on_the_way_out() -> None:
    for scene in (a_job().see(), broken(limit=1, resubmit=True), disproved(), adopted(limit=1).see(BROKEN)):
        gone = deleted(on_delete(scene)).later(600).see(o.Nothing(), PREPARED)
        assert gone.plan.action is None
        assert gone.attempt == scene.attempt
    policy = on_delete(looking(on_unknown=OnSubmissionUnknown.RESUBMIT))
    assert deleted(policy).later(130).see(UNDECIDED).plan.action is None


# -- time to live ----------------------------------------------------------------------------------------------------


def test_a_finished_job_is_deleted_after_its_time() -> None:
    scene = succeeded(ttl_seconds_after_finished=100)
    assert (scene.plan.action, scene.plan.again) == (None, 100.0)
    assert scene.later(99).see().plan.again == 1.0
    assert scene.later(100).see().plan.action == Delete()
    assert succeeded().plan.again is None
    assert running(ttl_seconds_after_finished=0).later(9999).see(o.Nothing(), RUNNING).plan.action is None
    assert succeeded(ttl_seconds_after_finished=0).plan.action == Delete()


def test_the_time_to_live_counts_from_our_own_sight_of_the_end() -> None:
    """An operator that was down, or a cloud clock that is behind, must not delete what nobody has seen."""
    scene = running(ttl_seconds_after_finished=100).later(86400).see(DONE)
    assert scene.status.completion_time == NOON + timedelta(minutes=5)
    assert (scene.plan.action, scene.plan.again) == (None, 100.0)
    assert scene.later(99).see().plan.action is None
    assert scene.later(100).see().plan.action == Delete()


def test_an_end_whose_time_somebody_took_away_counts_from_now_on() -> None:
    """Whatever was edited by hand: the object is not deleted at once, and its pass has no error."""
    scene = succeeded(ttl_seconds_after_finished=100)
    without = [c.model_copy(update={"last_transition_time": None}) for c in scene.status.conditions or []]
    for conditions in ([], None, without):
        again = scene.but(status=scene.status.but(conditions=conditions)).see()
        assert (again.plan.action, again.plan.again) == (None, 100.0)


def test_a_cloud_clock_that_is_ahead_changes_nothing_of_it() -> None:
    """A cloud that is years ahead would keep the object for as long."""
    ahead = o.Seen(State.SUCCESSFUL, "SUCCESSFUL", end_time=NOON + timedelta(days=1000))
    scene = running(ttl_seconds_after_finished=100).see(ahead)
    assert scene.later(99).see().plan.action is None
    assert scene.later(100).see().plan.action == Delete()


def test_what_gitops_manages_is_kept() -> None:
    """Argo CD would make the object anew, and so run the job anew, for ever."""
    scene = succeeded(ttl_seconds_after_finished=50).but(tracked=True).see()
    assert (scene.plan.action, scene.plan.again, scene.plan.note) == (None, 50.0, None)
    scene = scene.later(50).see()
    assert (scene.plan.action, scene.plan.again, scene.plan.note) == (None, None, Reason.KEPT_FOR_GITOPS)


@pytest.mark.parametrize("ttl", [0, 50, None])
@pytest.mark.parametrize("tracked", [False, True])
def test_a_finished_job_needs_no_finalizer_whatever_its_time_to_live(ttl: int | None, tracked: bool) -> None:
    scene = succeeded(ttl_seconds_after_finished=ttl).but(tracked=tracked, finalizer=True).see()
    assert scene.plan.finalizer is False


def test_a_retry_comes_before_the_time_to_live() -> None:
    scene = broken(IMPORT, ttl_seconds_after_finished=100).later(100).but(retry_token="r").see()
    assert scene.status.state is State.PENDING
    assert not isinstance(scene.plan.action, Delete)


def test_an_object_on_its_way_out_is_not_deleted_again() -> None:
    scene = deleted(succeeded(ttl_seconds_after_finished=0))
    assert scene.plan.action is None


def test_a_manifest_that_cannot_be_read_deletes_nothing() -> None:
    scene = succeeded(BACKUP, ttl_seconds_after_finished=0).but(spec=None, spec_error="bad").see()
    assert scene.plan.action is None
