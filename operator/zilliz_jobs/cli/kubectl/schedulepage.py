"""`kubectl zilliz show` for a JobSchedule: its runs, its next time, and what can be done now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.advice import Advice
from zilliz_jobs.cli.kubectl.ages import age, duration
from zilliz_jobs.cli.kubectl.pageparts import NO_EVENTS, bold, conditions, folded, indented, label, moments, offered
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen
from zilliz_jobs.cli.kubectl.timeline import Moment, event_moments
from zilliz_jobs.cli.kubectl.wording import counted
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.schedules.record import Run, RunJob, RunState
from zilliz_jobs.schedules.retention import TrackedBackup, newest_first

MOST_RUNS, MOST_BACKUPS = 10, 20
STATES = {RunState.ACTIVE: State.IN_PROGRESS, RunState.SUCCESSFUL: State.SUCCESSFUL, RunState.FAILED: State.FAILED}
"""In whose colours runs are shown."""


@dataclass(frozen=True)
class KnownSchedule:
    """All that the page is made of. `events`: None where they may not be read."""

    schedule: ScheduleView
    events: Sequence[Body] | None
    now: datetime


def schedule_page(known: KnownSchedule, screen: Screen) -> Iterator[Cell]:
    """The lines of the page."""
    schedule, now, runs = known.schedule, known.now, known.schedule.record.runs
    yield bold(f"{schedule.resource.kind} {schedule.namespace}/{schedule.name}", screen)
    yield from _head(schedule, now, screen)
    if runs:
        yield from ("", bold("Runs", screen))
        yield from _runs(runs[:MOST_RUNS], now, screen)
        if len(runs) > MOST_RUNS:
            yield f"  and {len(runs) - MOST_RUNS} older"
    for run in detailed(runs):
        yield from ("", bold(f"Jobs of run {shown(run.name)}", screen))
        yield from _jobs(run, screen)
    if backups := newest_first(schedule.record.backups):
        yield from ("", bold("Backups that it counts", screen))
        yield from _backups(backups[:MOST_BACKUPS], now, screen)
        if len(backups) > MOST_BACKUPS:
            yield f"  and {len(backups) - MOST_BACKUPS} older"
    yield from ("", bold("Timeline", screen))
    created = [Moment(schedule.created, "object created")] if schedule.created else []
    told = sorted([*created, *event_moments(known.events or ())], key=lambda moment: moment.time)
    yield from moments(told, now, screen)
    if known.events is None:
        yield f"  {NO_EVENTS}"
    if schedule.conditions:
        yield from ("", bold("Conditions", screen))
        yield from conditions(schedule.conditions, screen)
    yield from ("", bold("What you can do now", screen))
    yield from offered(schedule_advice(schedule), screen)


def detailed(runs: Sequence[Run]) -> list[Run]:
    """The runs whose jobs are listed: the active ones, and the newest."""
    return [run for run in runs if run.active or run is runs[0]]


def schedule_advice(schedule: ScheduleView) -> list[Advice]:
    """The most useful first. Pure."""
    me = f"{schedule.reference} -n {schedule.namespace}"
    runs = schedule.record.runs
    found = []
    if schedule.is_unseen:
        found.append(
            Advice("no operator has seen it; find out why", f"kubectl zilliz doctor -n {schedule.namespace}")
        )
    ill = [
        job for run in detailed(runs) for job in run.jobs if job.uid and job.state in (State.FAILED, State.UNKNOWN)
    ]
    found += [
        Advice(f"see why {job.entry} failed", f"kubectl zilliz show {reference_of(job)} -n {schedule.namespace}")
        for job in ill[:3]
    ]
    going = [reference_of(job) for run in runs if run.active for job in run.jobs if job.uid and not job.finished]
    if going:
        names = " ".join(going)
        found.append(Advice("wait for the run", f"kubectl zilliz wait {names} -n {schedule.namespace}"))
    found.append(Advice("run it now", f"kubectl zilliz run {me}"))
    if schedule.is_suspended:
        found.append(Advice("let it run by time again", f"kubectl zilliz resume {me}"))
    else:
        found.append(Advice("stop new runs", f"kubectl zilliz suspend {me}"))
    return found


def reference_of(job: RunJob) -> str:
    """The object of the run in one word, as the commands take it."""
    return shown(f"{job.kind.lower()}/{job.name}")


def _head(schedule: ScheduleView, now: datetime, screen: Screen) -> Iterator[Cell]:
    status = schedule.status
    unseen = "; no operator has seen it yet" if schedule.is_unseen else ""
    yield from folded(label("Due"), schedule.times, screen)
    colour = {"Ready": State.SUCCESSFUL, "Suspended": State.PENDING, "new": ""}.get(schedule.state, State.FAILED)
    yield Text.assemble(label("State"), screen.state(f"{schedule.state}{unseen}", colour))
    facts = {
        "Message": shown(status.message or ""),
        "Next run": _next(status.next_schedule_time, now),
        "Last due": _ago(status.last_schedule_time, now),
        "Last success": _ago(status.last_successful_time, now),
        "Jobs": ", ".join(schedule.entries),
        "Keeps": f"of each job the newest {counted(keep, 'backup')}" if (keep := schedule.keep_backups) else "",
    }
    for title, text in facts.items():
        if text:
            yield from folded(label(title), text, screen)


def _runs(runs: Sequence[Run], now: datetime, screen: Screen) -> Iterator[Cell]:
    columns = (
        Column("RUN"),
        Column("STATE"),
        Column("BY", dropped=1),
        Column("BEGAN", dropped=2),
        Column("TOOK", dropped=3),
        Column("WELL"),
        Column("REASON", least=16),
    )
    rows: list[list[Cell]] = []
    for run in runs:
        well = sum(job.state is State.SUCCESSFUL for job in run.jobs)
        end = run.completed or now
        rows.append(
            [
                shown(run.name),
                screen.state(run.state, STATES[run.state]),
                "request" if run.requested else "time",
                f"{age(run.started, now)} ago",
                duration(max(0.0, (end - run.started).total_seconds())),
                f"{well}/{len(run.jobs)}",
                shown(": ".join(filter(None, (run.reason, run.message)))),
            ]
        )
    yield from indented((columns, rows), screen)


def _jobs(run: Run, screen: Screen) -> Iterator[Cell]:
    columns = (Column("JOB", least=24), Column("STATE"), Column("AFTER", dropped=1), Column("REASON", least=16))
    rows: list[list[Cell]] = []
    for job in run.jobs:
        state = job.state or ("Pending" if job.uid else "")
        rows.append(
            [
                reference_of(job),
                screen.state(state or "not made yet", state),
                ", ".join(job.after),
                shown(": ".join(filter(None, (job.reason, job.message)))),
            ]
        )
    yield from indented((columns, rows), screen)


def _backups(backups: Sequence[TrackedBackup], now: datetime, screen: Screen) -> Iterator[Cell]:
    columns = (
        Column("BACKUP-ID"),
        Column("JOB", dropped=2),
        Column("OF", least=12, dropped=1, keeps_end=True),
        Column("STATE"),
        Column("AGE"),
        Column("REASON", least=16),
    )
    rows: list[list[Cell]] = [
        [
            shown(row.backup_id),
            shown(row.entry),
            shown(str(row.scope)),
            screen.state(row.state, State.IN_PROGRESS if row.deleting else ""),
            age(row.completed, now),
            shown(": ".join(filter(None, (row.reason, row.message)))),
        ]
        for row in backups
    ]
    yield from indented((columns, rows), screen)


def _next(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    return f"{format_time(due)} (in {duration((due - now).total_seconds())})" if due > now else format_time(due)


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{format_time(moment)} ({age(moment, now)} ago)" if moment else ""
