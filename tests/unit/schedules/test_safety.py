"""What keeps a schedule from a second run, and from the objects of others."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from tests.unit.schedules.cluster import ALLOW, DAY, HOUR, START, Cluster, ProcessEndedError, cluster

from zilliz_jobs.api.jobschedule import MAX_HISTORY
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import MAX_RUNS, RunState
from zilliz_jobs.schedules.schedule import ConcurrencyPolicy
from zilliz_jobs.schedules.starting import MAX_ACTIVE

RUN = "202611280300"
NAME = f"nightly-{RUN}-backup"


def killed_before_its_objects() -> Cluster:
    """The run of three o'clock is in the record, and none of its objects is made."""
    night = cluster()

    def end(step: str) -> None:
        if step == "CreateChild":
            raise ProcessEndedError

    night.step = end
    with suppress(ProcessEndedError):
        night.at("2026-11-28T03:00").reconcile()
    night.step = lambda _: None
    return night


@pytest.mark.parametrize("state", [None, State.IN_PROGRESS, State.SUCCESSFUL])
def test_an_object_of_somebody_else_is_never_taken_as_the_runs_own(state: State | None) -> None:
    """Else a run would be successful by a backup of another cluster."""
    night = killed_before_its_objects()
    night.objects[NAME] = Child(NAME, "BackupJob", "u-other", False, START, state=state, completed=night.now)
    night.reconcile()
    assert (night.run(RUN).state, night.run(RUN).reason) == (RunState.FAILED, "NameTaken")
    assert [job.uid for job in night.run(RUN).jobs] == [""]
    assert (night.submitted, night.cancels, set(night.objects)) == ({}, [], {NAME})


@pytest.mark.parametrize("state", [None, State.IN_PROGRESS, State.SUCCESSFUL])
def test_another_object_under_a_recorded_name_is_not_the_one_that_was_made(state: State | None) -> None:
    """Somebody deleted the object and made it again from a dump: that one was never submitted for the run."""
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    night.change(NAME, uid="u-again", state=state, completed=night.now)
    night.reconcile()
    assert (night.run(RUN).state, night.run(RUN).reason) == (RunState.FAILED, "ObjectDeleted")
    assert night.record.last_successful_time is None
    assert night.submitted == {NAME: 1}


@pytest.mark.parametrize(
    ("edited", "seen_at", "made"),
    [
        ("0 3,15 * * *", "2026-11-27T15:10", []),  # due by the new expression only
        ("30 2 * * *", "2026-11-28T03:10", []),  # 02:30 by the new one only, 03:00 by the old one only
        ("0 3,15 * * *", "2026-11-28T03:10", [NAME]),  # due by both
        ("0 * * * *", "2026-11-28T03:00", [NAME]),  # by both, at this second; 02:00 by the new one only
        ("0,10,20 3 * * *", "2026-11-28T03:30", [NAME]),  # 03:00 by both, 03:10 and 03:20 by the new one only
    ],
)
def test_of_the_times_before_an_edit_those_count_that_were_due_before_it_too(
    edited: str, seen_at: str, made: list[str]
) -> None:
    night = cluster()
    night.edit(expressions=(edited,))
    night.at(seen_at).reconcile()
    night.reconcile()
    assert sorted(night.submitted) == made
    assert night.told(ScheduleReason.RUN_MISSED) == []
    night.end_all()
    night.at("2026-11-29T02:30" if edited.startswith("30") else "2026-11-29T03:00").reconcile()
    assert len(night.submitted) == len(made) + 1, "the next time counts"


def test_an_edit_does_not_start_a_run_beside_an_active_one() -> None:
    night = cluster()
    night.at("2026-11-28T03:00").reconcile()
    night.edit(expressions=("0,30 3 * * *",), starting_deadline=2 * DAY)
    night.at("2026-11-29T03:10").reconcile()
    assert set(night.submitted) == {NAME}
    assert night.told(ScheduleReason.RUN_MISSED) == [
        "2026-11-29T03:00:00Z passed without a run: run 202611280300 is active, and concurrencyPolicy is Forbid"
    ]
    night.end_all()
    night.at("2026-11-29T03:30").reconcile()
    assert len(night.submitted) == 2


def test_an_edit_back_and_forth_makes_a_due_time_once() -> None:
    night = cluster()
    for second, edited in enumerate(("0 3,4 * * *", "0 3 * * *", "0 2,3 * * *", "0 3 * * *")):
        night.edit(expressions=(edited,))
        night.at(f"2026-11-28T03:10:0{second}").reconcile()
        night.end_all()
    assert night.submitted == {NAME: 1}


def test_a_replacement_that_waits_gives_way_to_the_time_of_an_edit() -> None:
    night = cluster(concurrency=ConcurrencyPolicy.REPLACE, expression="0 * * * *")
    night.at("2026-11-28T02:00").reconcile()
    night.step = hold_cancels
    with suppress(ProcessEndedError):
        night.at("2026-11-28T03:00").reconcile()
    night.edit(expressions=("0,30 * * * *",))
    with suppress(ProcessEndedError):
        night.at("2026-11-28T04:10").reconcile()
    night.step = lambda _: None
    night.reconcile()
    night.reconcile()
    assert night.told(ScheduleReason.RUN_MISSED)[1:] == [
        "2026-11-28T03:00:00Z passed without a run: a newer due time took its place"
    ]
    assert sorted(night.submitted) == ["nightly-202611280200-backup", "nightly-202611280400-backup"]


def hold_cancels(step: str) -> None:
    if step == "CancelChild":
        raise ProcessEndedError


@pytest.mark.parametrize("back", [timedelta(minutes=59), 5 * HOUR, 23 * HOUR])
def test_a_clock_that_was_ahead_makes_no_hour_twice_though_nothing_is_kept(back: timedelta) -> None:
    """With a history of none neither the record nor an object tells that the hours were made."""
    night = cluster(expression="0 * * * *", successful_limit=0)
    for _ in range(30):
        night.now += HOUR
        night.reconcile()
        night.end_all()
    ahead = night.now
    night.now -= back
    while night.now < ahead:
        night.reconcile()
        night.end_all()
        night.now += timedelta(minutes=30)
    assert set(night.submitted.values()) == {1}
    before = len(night.submitted)
    night.now = ahead + HOUR
    night.reconcile()
    assert len(night.submitted) == before + 1


@pytest.mark.parametrize("known_by", ["the record", "its object"])
def test_a_clock_that_was_ahead_by_days_makes_no_run_twice_that_is_still_known(known_by: str) -> None:
    night = cluster()
    night.at("2026-12-01T03:00").reconcile()
    night.end_all()
    if known_by == "its object":
        night.record = night.record.but(runs=())
    else:
        night.objects.clear()
    night.at("2026-11-28T02:00").reconcile()
    night.at("2026-11-28T03:00").reconcile()
    assert night.submitted[NAME] == 1, "the mark of the wrong clock does not stop the schedule"
    night.end_all()
    for day in ("29", "30"):
        night.at(f"2026-11-{day}T03:00").reconcile()
        night.end_all()
    night.at("2026-12-01T03:00").reconcile()
    assert len([told for told in night.told(ScheduleReason.RUN_STARTED) if "run 202612010300" in told]) == 1
    night.at("2026-12-02T03:00").reconcile()
    assert set(night.submitted.values()) == {1}
    assert "nightly-202612020300-backup" in night.submitted


def test_the_record_has_room_for_all_that_the_limits_keep() -> None:
    """Else an object of a forgotten run would be kept for ever, or its run made anew."""
    assert 2 * MAX_HISTORY + MAX_ACTIVE < MAX_RUNS
    night = cluster(expression="0 * * * *", successful_limit=MAX_HISTORY, failed_limit=MAX_HISTORY, concurrency=ALLOW)
    for hour in range(2 * MAX_HISTORY + MAX_ACTIVE):
        night.now += HOUR
        night.reconcile()
        if hour < 2 * MAX_HISTORY:
            night.end_all(State.SUCCESSFUL if hour % 2 else State.FAILED, "" if hour % 2 else "JobFailed")
    assert len(night.record.active) == MAX_ACTIVE
    assert {name.split("-")[1] for name in night.objects} == {run.name for run in night.record.runs}
    assert len(night.record.runs) == 2 * MAX_HISTORY + MAX_ACTIVE
