"""What is decided about a schedule. Each test is something that users of other schedulers lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.schedules.cluster import (
    ALLOW,
    BACKUP,
    DAY,
    EXPORT,
    FORBID,
    HOUR,
    REPLACE,
    START,
    Cluster,
    ProcessEndedError,
    cluster,
    nightly,
)

from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.schedules.child import Cancelling, Child
from zilliz_jobs.schedules.decide import decide
from zilliz_jobs.schedules.plan import CreateChild, LookUpChild, NotCreated
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, RunState

FIRST, SECOND = "202611280300", "202611290300"


def made(night: Cluster) -> list[str]:
    return sorted(night.submitted)


def object_of(run: str, entry: str = "backup") -> str:
    return f"nightly-{run}-{entry}"


def test_a_due_time_makes_all_objects_of_its_run_at_once() -> None:
    night = cluster(BACKUP, EXPORT)
    plan = night.at("2026-11-28T02:59:59").reconcile()
    assert (made(night), plan.wake) == ([], 1.0)
    plan = night.at("2026-11-28T03:00:00").reconcile()
    assert set(night.objects) == {object_of(FIRST), object_of(FIRST, "export")}
    assert night.record.last_schedule_time == night.now
    assert plan.next_schedule_time == night.now + DAY
    assert plan.conditions["LastRunSucceeded"][:2] == ("Unknown", "NeverRun")
    night.end_all()
    plan = night.reconcile()
    assert plan.conditions["LastRunSucceeded"][0] == "True"
    assert night.record.last_successful_time == night.now
    assert [str(news.reason) for news in night.news] == ["RunStarted", "RunSucceeded"]


def test_a_new_schedule_makes_no_run_of_a_time_before_it() -> None:
    """Velero: a backup whenever the schedule is made, restored or the server restarted."""
    night = Cluster(nightly(starting_deadline=DAY))
    night.at("2026-11-28T02:00").reconcile()
    assert made(night) == []
    restored = Cluster(nightly(starting_deadline=DAY, created=START + DAY), record=Record(due_after=START - DAY))
    restored.at("2026-11-28T13:00").reconcile()
    assert made(restored) == []


def test_a_restart_makes_no_second_run() -> None:
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    for _ in range(3):
        night.at("2026-11-28T03:30").reconcile()
    assert night.submitted == {object_of(FIRST): 1}


def test_after_a_long_time_down_only_the_newest_run_within_the_deadline_is_made() -> None:
    """CronJob: more than 100 missed starts, and nothing is ever started night."""
    night = cluster(expression="*/5 * * * *")
    night.at("2027-05-01T00:02").reconcile()
    assert made(night) == [object_of("202705010000")]
    (told,) = night.told(ScheduleReason.RUN_MISSED)
    assert "many later due times passed without a run" in told
    late = cluster()
    late.at("2026-11-28T04:00:01").reconcile()
    assert made(late) == []
    assert len(late.told(ScheduleReason.RUN_MISSED)) == 1
    late.at("2026-11-28T04:10").reconcile()
    assert len(late.told(ScheduleReason.RUN_MISSED)) == 1


def test_time_suspended_is_not_missed() -> None:
    """CronJob: lifting the suspension starts a run of the time before, or counts a hundred missed ones."""
    night = cluster(expression="*/5 * * * *", starting_deadline=DAY)
    night.edit(suspend=True)
    plan = night.reconcile()
    assert (plan.next_schedule_time, plan.conditions["Ready"][:2]) == (None, ("True", "Suspended"))
    night.at("2026-11-28T03:00").reconcile()
    night.edit(suspend=False)
    night.at("2026-11-28T03:01").reconcile()
    assert (made(night), night.news) == ([], [])
    night.at("2026-11-28T03:05").reconcile()
    assert made(night) == [object_of("202611280305")]


def test_suspension_leaves_the_active_run_alone() -> None:
    night = cluster(BACKUP, EXPORT)
    night.at("2026-11-28T03:00").reconcile()
    night.edit(suspend=True)
    night.end_all()
    assert night.run(FIRST).state is RunState.SUCCESSFUL


def test_an_edit_starts_no_run_of_a_time_that_was_not_due_before() -> None:
    """CronJob: another cron expression makes a run at once."""
    night = cluster(starting_deadline=DAY)
    night.edit(expressions=("0 11 * * *",))
    night.at("2026-11-27T12:30").reconcile()
    assert made(night) == []
    night.edit(expressions=("0 11 * * *", "0 12 * * *"), time_zone="Europe/Paris")
    night.at("2026-11-27T12:31").reconcile()
    assert (made(night), night.told(ScheduleReason.RUN_MISSED)) == ([], [])


def test_an_edit_while_the_operator_is_down_loses_no_time_that_was_due_before_and_after() -> None:
    night = cluster()
    night.edit(expressions=("0 3,15 * * *",))
    night.at("2026-11-28T03:10").reconcile()
    assert made(night) == [object_of(FIRST)]


def test_forbid_misses_the_time_and_never_makes_it_up() -> None:
    """CronJob: the skipped run starts as soon as the long one has ended, just before the next."""
    night = cluster(concurrency=FORBID, expression="0 3-5 * * *")
    night.at("2026-11-28T03:00").reconcile()
    night.at("2026-11-28T04:00").reconcile()
    (told,) = night.told(ScheduleReason.RUN_MISSED)
    assert (
        told
        == "2026-11-28T04:00:00Z passed without a run: run 202611280300 is active, and concurrencyPolicy is Forbid"
    )
    night.at("2026-11-28T04:20").end_all()
    assert made(night) == [object_of(FIRST)]
    night.at("2026-11-28T05:00").reconcile()
    assert made(night) == [object_of(FIRST), object_of("202611280500")]


def test_a_job_of_which_nobody_knows_whether_it_runs_keeps_its_run_active() -> None:
    """A second backup beside one whose submission is unknown could run twice."""
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    night.change(object_of(FIRST), state=State.PENDING, reason="SubmissionUnknown")
    night.at("2026-11-29T03:00").reconcile()
    assert made(night) == [object_of(FIRST)]
    assert len(night.told(ScheduleReason.RUN_MISSED)) == 1


def test_allow_runs_beside() -> None:
    night = cluster(concurrency=ALLOW)
    night.at("2026-11-28T03:00").reconcile()
    night.at("2026-11-29T03:00").reconcile()
    assert [run.name for run in night.record.active] == [SECOND, FIRST]
    night.end_all()
    assert {run.state for run in night.record.runs} == {RunState.SUCCESSFUL}


def test_allow_has_an_end_too() -> None:
    """A record of a thousand active runs would not fit into its object."""
    night = cluster(concurrency=ALLOW, expression="* * * * *")
    for minute in range(30):
        night.at(f"2026-11-28T03:{minute:02}").reconcile()
    assert len(night.record.active) == 20
    assert len([told for told in night.told(ScheduleReason.RUN_MISSED) if "20 runs are active" in told]) == 10


def test_replace_starts_only_when_the_old_run_has_ended() -> None:
    """Two backups of one cluster at a time: the second is refused by the cloud."""
    night = cluster(BACKUP, EXPORT, concurrency=REPLACE, expression="0 3-5 * * *")
    night.at("2026-11-28T03:00").reconcile()
    night.change(object_of(FIRST), cancelling=Cancelling.ASKED)
    night.at("2026-11-28T04:00").reconcile()
    assert made(night) == [object_of(FIRST)]
    assert night.cancels == [object_of(FIRST, "export")]
    night.end(object_of(FIRST), State.CANCELED, "Canceled")
    night.at("2026-11-28T04:07").reconcile()
    assert made(night) == [object_of(FIRST), object_of("202611280400")]
    assert (night.run(FIRST).state, night.run(FIRST).reason) == (RunState.FAILED, "Replaced")


@pytest.mark.parametrize("since", ["at once", "later"])
def test_replace_forbids_where_the_old_run_cannot_be_cancelled(since: str) -> None:
    """Inferred, no console API, or the cloud refused: the old job runs on."""
    night = cluster(concurrency=REPLACE, expression="0 3-5 * * *")
    night.at("2026-11-28T03:00").reconcile()
    if since == "later":
        night.change(object_of(FIRST), cancelling=Cancelling.ASKED)
        night.at("2026-11-28T04:00").reconcile()
        assert night.told(ScheduleReason.RUN_MISSED) == []
    night.change(object_of(FIRST), cancelling=Cancelling.IMPOSSIBLE)
    night.at("2026-11-28T04:05").reconcile()
    assert len(night.told(ScheduleReason.RUN_MISSED)) == 1
    night.at("2026-11-28T04:30").end_all()
    assert made(night) == [object_of(FIRST)]
    assert night.run(FIRST).state is RunState.SUCCESSFUL


def test_a_replacement_that_waits_too_long_is_missed() -> None:
    night = cluster(concurrency=REPLACE)
    night.at("2026-11-28T03:00").reconcile()
    night.change(object_of(FIRST), cancelling=Cancelling.ASKED)
    plan = night.at("2026-11-29T03:00").reconcile()
    assert plan.wake <= HOUR.total_seconds() + 1
    night.at("2026-11-29T04:00:01").reconcile()
    assert len(night.told(ScheduleReason.RUN_MISSED)) == 1
    night.end(object_of(FIRST), State.CANCELED)
    night.reconcile()
    assert made(night) == [object_of(FIRST)]


def test_of_two_replacements_that_wait_the_newer_is_made() -> None:
    night = cluster(concurrency=REPLACE, expression="*/10 * * * *")
    night.at("2026-11-27T12:10").reconcile()
    night.change("nightly-202611271210-backup", cancelling=Cancelling.ASKED)
    night.at("2026-11-27T12:20").reconcile()
    night.at("2026-11-27T12:30").reconcile()
    night.end("nightly-202611271210-backup", State.CANCELED)
    night.at("2026-11-27T12:31").reconcile()
    assert made(night) == ["nightly-202611271210-backup", "nightly-202611271230-backup"]
    assert night.told(ScheduleReason.RUN_MISSED) == [
        "2026-11-27T12:20:00Z passed without a run: a newer due time took its place"
    ]


class Dies:
    """The process ends at the n-th step, once."""

    def __init__(self, last: int) -> None:
        self.left: int | None = last

    def __call__(self, _: str) -> None:
        if self.left == 0:
            self.left = None
            raise ProcessEndedError
        self.left = None if self.left is None else self.left - 1


@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_makes_each_object_once(step: int) -> None:
    """Argo: a workflow that was submitted and not written down is submitted night."""
    night = cluster(BACKUP, EXPORT)
    dies = Dies(step)
    night.step = dies
    night.now = START + timedelta(hours=15)
    with suppress(ProcessEndedError):
        night.reconcile()
    night.reconcile()
    assert dies.left is None
    night.end_all()
    assert night.submitted == {object_of(FIRST): 1, object_of(FIRST, "export"): 1}
    assert night.run(FIRST).state is RunState.SUCCESSFUL


def test_what_is_missing_after_a_crash_and_an_edit_is_not_made_of_other_templates() -> None:
    night = cluster(BACKUP, EXPORT)
    night.step = Dies(2)  # after the first object
    night.at("2026-11-28T03:00")
    with pytest.raises(ProcessEndedError):
        night.reconcile()
    night.edit(templates=(BACKUP, replace(EXPORT, spec={**EXPORT.spec, "directory": "elsewhere"})))
    night.reconcile()
    night.end_all()
    assert made(night) == [object_of(FIRST)]
    assert (night.run(FIRST).state, night.run(FIRST).reason) == (RunState.FAILED, "TemplateChanged")


def test_a_run_of_which_nothing_could_be_made_in_time_is_told_and_not_made_late() -> None:
    night = cluster()
    night.step = Dies(1)
    night.at("2026-11-28T03:00")
    with pytest.raises(ProcessEndedError):
        night.reconcile()
    night.at("2026-11-28T09:00").reconcile()
    assert made(night) == []
    assert night.run(FIRST).reason == "DeadlineExceeded"
    assert len(night.told(ScheduleReason.RUN_FAILED)) == 1


def test_an_object_that_was_deleted_is_not_made_again() -> None:
    """Argo, CronJob: a job that somebody deleted while it ran was started a second time."""
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    del night.objects[object_of(FIRST)]
    night.at("2026-11-28T03:10").reconcile()
    assert (night.submitted, night.objects) == ({object_of(FIRST): 1}, {})
    assert (night.run(FIRST).state, night.run(FIRST).reason) == (RunState.FAILED, "ObjectDeleted")


def test_an_object_that_no_event_told_of_is_looked_for_and_not_thought_deleted() -> None:
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    plan = decide(night.schedule, night.record, {}, night.now)
    assert plan.actions == (LookUpChild("BackupJob", object_of(FIRST)),)
    assert plan.record.active
    assert plan.wake <= 30


def test_a_name_of_another_owner_fails_the_run_and_touches_nothing() -> None:
    """After a deletion with --cascade=orphan the objects of the old schedule have the names of the new one's."""
    night = cluster(BACKUP, EXPORT)
    old = Child(object_of(FIRST), "BackupJob", "old", owned=False, created=START, state=State.IN_PROGRESS)
    night.objects[old.name] = old
    night.at("2026-11-28T03:00").reconcile()
    assert (night.run(FIRST).state, night.run(FIRST).reason) == (RunState.FAILED, "NameTaken")
    assert night.objects == {old.name: old}
    night.at("2026-11-29T03:00").reconcile()
    assert made(night) == [object_of(SECOND)]


def test_an_old_crd_fails_the_run_and_no_other_job_is_made() -> None:
    night = cluster(BACKUP, EXPORT)
    name = object_of(FIRST, "export")
    night.refuses[name] = NotCreated(name, ScheduleReason.CRD_OUTDATED, "unknown field spec.x")
    night.at("2026-11-28T03:00").reconcile()
    night.end_all()
    run = night.run(FIRST)
    assert (run.state, run.reason) == (RunState.FAILED, "CRDOutdated")
    assert "unknown field spec.x" in run.message


def test_a_clock_that_is_wrong_makes_nothing() -> None:
    night = cluster()
    plan = night.at("2026-11-28T03:00").reconcile(skew=timedelta(seconds=-61))
    assert (made(night), plan.next_schedule_time) == ([], None)
    assert plan.conditions["Ready"][:2] == ("False", "ClockSkew")
    assert plan.conditions["Stalled"][0] == "True"
    assert 0 < plan.wake <= 30
    night.at("2026-11-28T03:20").reconcile(skew=timedelta(seconds=60))
    assert made(night) == [object_of(FIRST)]


@pytest.mark.parametrize("back", [timedelta(minutes=5), 3 * HOUR, 20 * HOUR])
def test_a_clock_that_is_set_back_makes_nothing_twice(back: timedelta) -> None:
    night = cluster(successful_limit=0)
    night.at("2026-11-28T03:00").reconcile()
    night.end_all()
    assert night.objects == {}
    night.now -= back
    night.reconcile()
    night.at("2026-11-28T03:00").reconcile()
    assert night.submitted == {object_of(FIRST): 1}
    night.at("2026-11-29T03:00").reconcile()
    assert made(night) == [object_of(FIRST), object_of(SECOND)]


def test_a_last_time_in_the_future_does_not_stop_the_schedule() -> None:
    """A clock that was years ahead for a minute, or an edited status."""
    night = cluster()
    future = START + 3650 * DAY
    night.record = night.record.but(last_schedule_time=future, due_after=future)
    night.at("2026-11-28T02:00").reconcile()
    assert night.record.last_schedule_time == night.now
    assert len(night.told(ScheduleReason.LAST_SCHEDULE_IN_FUTURE)) == 1
    night.at("2026-11-28T03:00").reconcile()
    assert made(night) == [object_of(FIRST)]
    assert len(night.told(ScheduleReason.LAST_SCHEDULE_IN_FUTURE)) == 1


def test_a_status_that_was_lost_makes_nothing_twice() -> None:
    """A restore of the objects, or an edit of the status: the children tell what was made."""
    night = cluster(BACKUP, EXPORT, starting_deadline=DAY)
    night.at("2026-11-28T03:00").reconcile()
    night.record, told = Record(), len(night.news)
    night.at("2026-11-28T03:10").reconcile()
    assert [run.name for run in night.record.active] == [FIRST]
    night.end_all()
    assert night.submitted == {object_of(FIRST): 1, object_of(FIRST, "export"): 1}
    assert night.run(FIRST).state is RunState.SUCCESSFUL
    assert len(night.news) == told


def test_a_mark_that_was_edited_away_makes_nothing_twice_and_changes_no_end() -> None:
    night = cluster(starting_deadline=DAY)
    night.at("2026-11-28T03:00").reconcile()
    night.end_all(State.FAILED)
    night.record = night.record.but(due_after=None, last_schedule_time=None)
    night.change(object_of(FIRST), state=State.SUCCESSFUL)
    night.at("2026-11-28T03:10").reconcile()
    assert night.submitted == {object_of(FIRST): 1}
    assert [run.state for run in night.record.runs] == [RunState.FAILED]


def test_while_an_object_cannot_be_seen_no_due_time_is_judged() -> None:
    """Neither a run beside one that may still be active, nor a missed one for an object that is long gone."""
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    del night.objects[object_of(FIRST)]
    night.now += DAY
    plan = decide(night.schedule, night.record, {}, night.now)
    assert [type(action) for action in plan.actions] == [LookUpChild]
    assert plan.news == ()
    night.reconcile()
    assert made(night) == [object_of(FIRST), object_of(SECOND)]
    assert night.told(ScheduleReason.RUN_MISSED) == []


def test_what_cannot_be_read_says_so_and_is_ready_after_its_correction() -> None:
    night = cluster(expression="0 0 30 2 *")
    plan = night.reconcile()
    assert plan.conditions["Ready"][:2] == ("False", "InvalidSchedule")
    assert "never comes" in plan.conditions["Ready"][2]
    assert plan.wake > 0
    night.edit(expressions=("0 3 * * *",))
    plan = night.at("2026-11-28T03:00").reconcile()
    assert plan.conditions["Ready"][:2] == ("True", "Scheduled")
    assert made(night) == [object_of(FIRST)]


def test_a_failed_run_is_a_condition_of_its_own_and_the_schedule_stays_ready() -> None:
    """Flux and Argo CD would fail a deployment for last night's backup."""
    night = cluster()
    plan = night.at("2026-11-28T03:00").reconcile()
    assert plan.conditions["Ready"][0] == "True"
    night.end_all(State.FAILED, "JobFailed")
    plan = night.reconcile()
    assert plan.conditions["Ready"][0] == "True"
    assert plan.conditions["LastRunSucceeded"][:2] == ("False", "RunFailed")
    assert not {"Reconciling", "Stalled"} & set(plan.conditions)


def test_a_retry_of_a_job_changes_neither_the_end_of_its_run_nor_the_history() -> None:
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    night.end(object_of(FIRST), State.FAILED, "JobFailed")
    night.reconcile()
    night.change(object_of(FIRST), state=State.IN_PROGRESS)
    night.edit(failed_limit=0)
    night.reconcile()
    assert object_of(FIRST) in night.objects
    night.end(object_of(FIRST), State.SUCCESSFUL)
    night.reconcile()
    assert night.run(FIRST).state is RunState.FAILED
    assert night.record.last_successful_time is None


def test_history_keeps_what_it_should_and_nothing_that_runs() -> None:
    night = cluster(successful_limit=2, failed_limit=1)
    for day, state in enumerate((State.FAILED, State.SUCCESSFUL, State.FAILED, *[State.SUCCESSFUL] * 3)):
        night.now = START + timedelta(hours=15, days=day)
        night.reconcile()
        night.end_all(state)
    night.now += DAY
    night.reconcile()
    kept = [run.name[6:8] + run.state[:1] for run in night.record.runs]
    assert kept == ["04A", "03S", "02S", "30F"]
    assert len(night.objects) == 4


def test_history_leaves_a_backup_that_an_unfinished_restore_refers_to() -> None:
    night = cluster(successful_limit=0)
    night.at("2026-11-28T03:00").reconcile()
    night.change(object_of(FIRST), referred=True)
    night.end_all()
    assert set(night.objects) == {object_of(FIRST)}
    night.change(object_of(FIRST), referred=False)
    night.reconcile()
    assert night.objects == {}
    assert night.reconcile().conditions["LastRunSucceeded"][0] == "True"


def test_a_run_is_made_on_request_once_for_each_token() -> None:
    night = cluster()
    night.annotate("now")
    night.reconcile()
    (name,) = night.submitted
    night.end_all()
    night.at("2026-11-27T13:00").reconcile()
    assert night.submitted == {name: 1}
    assert night.record.request is not None
    assert night.record.request.outcome is Outcome.ACCEPTED
    night.annotate("again")
    night.reconcile()
    assert len(night.submitted) == 2
    night.end_all()
    night.annotate("now")
    night.reconcile()
    assert (len(night.submitted), night.record.request.outcome) == (2, Outcome.REFUSED)
    night.annotate("x" * 257)
    night.reconcile()
    assert "256" in night.record.request.message
    assert night.record.last_schedule_time is None


def test_a_requested_run_waits_for_the_active_one_and_is_made_while_suspended() -> None:
    night = cluster(suspend=True)
    night.annotate("one")
    night.reconcile()
    night.annotate("two")
    night.reconcile()
    assert len(night.submitted) == 1
    assert night.record.request is not None
    assert night.record.request.outcome is Outcome.REQUESTED
    night.end_all()
    assert len(night.submitted) == 2
    assert night.record.request.outcome is Outcome.ACCEPTED


def test_a_request_that_is_taken_back_while_it_waits_makes_no_run() -> None:
    night = cluster()
    night.annotate("one")
    night.reconcile()
    night.annotate("two")
    night.reconcile()
    night.annotate(None)
    night.reconcile()
    night.end_all()
    assert len(night.submitted) == 1
    assert night.record.request is not None
    assert night.record.request.outcome is Outcome.REFUSED


def test_a_schedule_that_is_being_deleted_makes_nothing() -> None:
    night = cluster()
    night.schedule = replace(night.schedule, deleting=True)
    plan = night.at("2026-11-28T03:00").reconcile()
    assert (night.objects, plan.actions, plan.wake > 0) == ({}, (), True)


def test_an_object_is_made_with_what_its_entry_says() -> None:
    marked = replace(BACKUP, labels={"team": "search"}, annotations={"why": "nightly"})
    schedule = nightly(marked)
    began = decide(schedule, Record(due_after=START), {}, START + timedelta(hours=15))
    (action,) = began.actions
    assert action == CreateChild(
        run=FIRST,
        entry="backup",
        kind="BackupJob",
        name=object_of(FIRST),
        spec={"clusterId": "in01-a"},
        labels={"team": "search"},
        annotations={"why": "nightly"},
    )
