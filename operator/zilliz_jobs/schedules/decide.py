"""What is to be done about one JobSchedule: the one pure function of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from zilliz_jobs.core.conditions import Row
from zilliz_jobs.schedules.backups import BackupsSeen, look_at, overflow, with_looks, with_new, without_left
from zilliz_jobs.schedules.child import Cancelling, Child
from zilliz_jobs.schedules.duetimes import DueTimes, InvalidScheduleError, parse
from zilliz_jobs.schedules.history import deletions, newest_ended, without_forgotten
from zilliz_jobs.schedules.marks import TOLERANCE, with_beginning, with_times, without_future
from zilliz_jobs.schedules.plan import (
    CancelChild,
    ChildAnswer,
    CreateChild,
    EndBackup,
    LookAtBackups,
    News,
    Plan,
    ScheduleAction,
)
from zilliz_jobs.schedules.progress import (
    end_news,
    look_ups,
    with_answer,
    with_children,
    with_end,
    without_lost_makings,
)
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run, RunState
from zilliz_jobs.schedules.runs import child_spec
from zilliz_jobs.schedules.schedule import Schedule
from zilliz_jobs.schedules.starting import Starter, wait_ends

LONGEST_WAIT, WHILE_ACTIVE, WHILE_UNCLEAR = timedelta(hours=1), timedelta(minutes=5), timedelta(seconds=30)
"""Until the next pass, where nothing is expected, where jobs run, and where something did not go through."""

Problem = tuple[ScheduleReason, str]


def decide(
    schedule: Schedule,
    record: Record,
    children: Mapping[str, Child],
    now: datetime,
    *,
    skew: timedelta = timedelta(0),
    gone: frozenset[str] = frozenset(),
    backups: BackupsSeen | None = None,
) -> Plan:
    """`children`: by name, all job objects that the schedule owns, and those whose names its runs need; every kind
    was listed once before. `now`: the API server's time, in UTC. `skew`: by how much the operator's clock differs.
    `gone`: names of which a read that is newer than `record` says that the schedule has no such object: there is
    none, or somebody else owns it now. `backups`: what a look at them has just found, for this one decision."""
    if schedule.deleting:
        return Plan(record, (), (), _conditions(schedule, record, None), None, LONGEST_WAIT.total_seconds())
    record, news = without_future(with_beginning(schedule, record, children, now), now)
    problem = _skew(skew)
    runs = record.runs
    record, ended = _with_progress(schedule, record, children, now, gone, holds=problem is not None)
    news += ended
    record, told = with_new(schedule, record, runs, children)
    news += told
    times: DueTimes | None = None
    try:
        times = parse(schedule.expressions, schedule.time_zone)
    except InvalidScheduleError as error:
        problem = problem or (ScheduleReason.INVALID_SCHEDULE, f"{error}")
    if times is not None and problem is None:
        record, told = with_times(schedule, record, times, now)
        news += told
        if not any(look_ups(run, children) for run in record.active):  # else nobody knows whether those are active
            record, started = _with_starts(schedule, record, children, now, times)
            news += started
    actions: list[ScheduleAction] = []
    if problem is None or problem[0] is not ScheduleReason.CLOCK_SKEW:
        actions = _actions(schedule, record, children)
        record = without_forgotten(schedule, record, children)
        record, kept = _with_backups(schedule, record, backups, now, actions)
        news += kept
    due = None
    if times is not None and problem is None and not schedule.suspend:
        due = times.next_due(record.due_after or now)
        due = due if due > now else times.next_due(now)
    conditions = _conditions(schedule, record, problem)
    wake = _wake(schedule, record, actions, due, now, unclear=problem is not None)
    return Plan(record, tuple(actions), tuple(news), conditions, due, wake)


def with_answers(record: Record, answers: Iterable[ChildAnswer]) -> Record:
    """The record after the objects of runs were made, or were not. Store it; the next decision tells whether a run
    has ended by it. Idempotent."""
    for answer in answers:
        record = with_answer(record, answer)
    return record


def _skew(skew: timedelta) -> Problem | None:
    if abs(skew) <= TOLERANCE:
        return None
    return ScheduleReason.CLOCK_SKEW, f"{ScheduleReason.CLOCK_SKEW.help} They differ by {skew.total_seconds():.0f} s."


def _with_progress(
    schedule: Schedule,
    record: Record,
    children: Mapping[str, Child],
    now: datetime,
    gone: frozenset[str],
    *,
    holds: bool,
) -> tuple[Record, list[News]]:
    """What the objects show of the runs. `holds`: nothing is made at the moment, so nothing is given up either."""
    news: list[News] = []
    runs: list[Run] = []
    for run in record.runs:
        later = run
        if run.active:
            later = with_children(run, children, gone)
            later = later if holds else without_lost_makings(later, schedule, now)
            later = with_end(later, children, now)
            if not later.active and later.generation >= 0:
                news.append(end_news(later))
        runs.append(later)
    well = [run.completed for run in runs if run.state is RunState.SUCCESSFUL and run.completed]
    last = max([*well, *([record.last_successful_time] if record.last_successful_time else [])], default=None)
    return record.but(runs=tuple(runs), last_successful_time=last), news


def _with_starts(
    schedule: Schedule, record: Record, children: Mapping[str, Child], now: datetime, times: DueTimes
) -> tuple[Record, list[News]]:
    starter, news = Starter(schedule, children, now), list[News]()
    if not schedule.suspend:
        record, told = starter.waiting(record)
        news += told
        record, told = starter.due(record, times)
        news += told
    record, told = starter.requested(record)
    return record, news + told


def _actions(schedule: Schedule, record: Record, children: Mapping[str, Child]) -> list[ScheduleAction]:
    actions: list[ScheduleAction] = []
    for run in reversed(record.active):
        actions += look_ups(run, children)
        if run.replaced:
            actions += _cancels(run, children)
        elif run.generation == schedule.generation:
            actions += _makings(schedule, run)
    return actions + list(deletions(schedule, record, children))


def _with_backups(
    schedule: Schedule, record: Record, seen: BackupsSeen | None, now: datetime, actions: list[ScheduleAction]
) -> tuple[Record, list[News]]:
    record, news = without_left(schedule, record)
    if seen is not None:
        record, endings, told = with_looks(schedule, record, seen, now)
        actions += endings
        news += told
    elif (look := look_at(schedule, record)) is not None:
        actions.append(look)
    return record, news


def _makings(schedule: Schedule, run: Run) -> list[CreateChild]:
    templates = {template.name: template for template in schedule.templates}
    return [
        CreateChild(
            run=run.name,
            entry=job.entry,
            kind=job.kind,
            name=job.name,
            spec=child_spec(template, schedule.name, run.name, schedule.templates),
            labels=template.labels,
            annotations=template.annotations,
        )
        for job in run.jobs
        if not job.uid and not job.finished and (template := templates.get(job.entry)) is not None
    ]


def _cancels(run: Run, children: Mapping[str, Child]) -> list[CancelChild]:
    seen = [children[job.name] for job in run.jobs if not job.finished and job.name in children]
    return [
        CancelChild(child.kind, child.name, child.uid) for child in seen if child.cancelling is Cancelling.POSSIBLE
    ]


def _conditions(schedule: Schedule, record: Record, problem: Problem | None) -> dict[str, Row]:
    """Ready says that the schedule is understood, whatever becomes of its runs; the last of those has a condition of
    its own, so that no deployment fails for last night's backup."""
    suspended = ScheduleReason.SUSPENDED if schedule.suspend else ScheduleReason.NOT_SUSPENDED
    rows: dict[str, Row] = {
        "Suspended": (str(schedule.suspend), str(suspended), suspended.help),
        "LastRunSucceeded": _last_run(record),
    }
    if schedule.keep_backups is not None:
        full = overflow(schedule)
        kept = ScheduleReason.BACKUPS_NOT_TRACKED if full else ScheduleReason.BACKUPS_COUNTED
        rows["BackupsCounted"] = (str(not full), str(kept), kept.help)
    if problem is not None:
        reason, message = problem
        return rows | {"Ready": ("False", str(reason), message), "Stalled": ("True", str(reason), message)}
    well = suspended if schedule.suspend else ScheduleReason.SCHEDULED
    return rows | {"Ready": ("True", str(well), well.help)}


def _last_run(record: Record) -> Row:
    last = newest_ended(record)
    if last is None:
        return "Unknown", str(ScheduleReason.NEVER_RUN), ScheduleReason.NEVER_RUN.help
    if last.state is RunState.SUCCESSFUL:
        return "True", str(ScheduleReason.RUN_SUCCEEDED), f"run {last.name}: {ScheduleReason.RUN_SUCCEEDED.help}"
    return "False", last.reason, f"run {last.name}: {last.message}"


def _wake(
    schedule: Schedule,
    record: Record,
    actions: list[ScheduleAction],
    due: datetime | None,
    now: datetime,
    *,
    unclear: bool,
) -> float:
    """Seconds until the next pass at the latest."""
    waits = [LONGEST_WAIT]
    if record.active:
        waits.append(WHILE_ACTIVE)
    if unclear or any(not isinstance(action, LookAtBackups | EndBackup) for action in actions):
        waits.append(WHILE_UNCLEAR)
    waits += [moment - now for moment in (due, wait_ends(record, schedule)) if moment is not None]
    return max(1.0, min(waits).total_seconds())
