"""How far the runs are: what the children show, which objects will never be made, which runs have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.plan import ChildAnswer, Created, LookUpChild, News, NotCreated
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run, RunJob, RunState
from zilliz_jobs.schedules.runs import due_time, predecessors, run_of
from zilliz_jobs.schedules.schedule import Schedule

MAX_TEXT = 256
"""Of a message in the record, which holds many."""
_OF_RUNS = frozenset(
    {ScheduleReason.TEMPLATE_CHANGED, ScheduleReason.NAME_TAKEN, ScheduleReason.CRD_OUTDATED}
    | {ScheduleReason.KUBERNETES_REFUSED, ScheduleReason.OBJECT_DELETED, ScheduleReason.DEADLINE_EXCEEDED}
)
"""Reasons of a job that are its run's too; any other job that is not successful makes a run `RunFailed`."""
_NOT_MADE = frozenset({ScheduleReason.NAME_TAKEN, ScheduleReason.CRD_OUTDATED, ScheduleReason.KUBERNETES_REFUSED})
"""Where one object of a run cannot be made, no further one is."""


def with_children(run: Run, children: Mapping[str, Child], gone: frozenset[str]) -> Run:
    """The run after what its objects show. The end of a job is final, also where it is retried later."""
    return run.but(jobs=tuple(_seen(job, children.get(job.name), gone) for job in run.jobs))


def _seen(job: RunJob, child: Child | None, gone: frozenset[str]) -> RunJob:
    if job.finished:
        return job
    if child is None:
        return _deleted(job) if job.uid and job.name in gone else job
    if job.uid and job.uid != child.uid:
        return _deleted(job)
    if not job.uid and not child.owned:
        message = f"{child.kind} {child.name} is not this schedule's"
        return job.ended(State.FAILED, ScheduleReason.NAME_TAKEN, message)
    known = replace(job, uid=child.uid)
    if child.state is None or not child.finished:
        return known
    return known.ended(child.state, child.reason, shortened(child.message, MAX_TEXT))


def _deleted(job: RunJob) -> RunJob:
    message = f"{job.kind} {job.name} was deleted, or taken away from the schedule, before its end"
    return job.ended(State.FAILED, ScheduleReason.OBJECT_DELETED, message)


def without_lost_makings(run: Run, schedule: Schedule, now: datetime) -> Run:
    """The run with the end of those objects that are not made and will not be: it is replaced, its templates are not
    there any more, or nothing of it could be made in time."""
    if run.replaced:
        return _unmade(run, State.CANCELED, ScheduleReason.REPLACED)
    refused = next((reason for job in run.jobs for reason in _NOT_MADE if reason == job.reason), None)
    if refused is not None:
        return _unmade(run, State.CANCELED, refused)
    if run.generation != schedule.generation:
        return _unmade(run, State.FAILED, ScheduleReason.TEMPLATE_CHANGED)
    if now - run.started > schedule.starting_deadline and not any(job.uid for job in run.jobs):
        return _unmade(run, State.FAILED, ScheduleReason.DEADLINE_EXCEEDED)
    return run


def _unmade(run: Run, state: State, reason: ScheduleReason) -> Run:
    return run.but(
        jobs=tuple(job if job.uid or job.finished else job.ended(state, reason, reason.help) for job in run.jobs)
    )


def with_end(run: Run, children: Mapping[str, Child], now: datetime) -> Run:
    """The run with its own end, once all its jobs have ended."""
    if not run.active or not all(job.finished for job in run.jobs):
        return run
    ends = [child.completed for job in run.jobs if (child := children.get(job.name)) and child.completed]
    completed = min(now, max(ends, default=now))
    bad = [job for job in run.jobs if job.state is not State.SUCCESSFUL]
    if not bad:
        return run.but(state=RunState.SUCCESSFUL, completed=completed)
    worst = next((job for job in bad if job.state is not State.CANCELED), bad[0])
    own = next((reason for reason in _OF_RUNS if reason == worst.reason), ScheduleReason.RUN_FAILED)
    reason = ScheduleReason.REPLACED if run.replaced else own
    told = ": ".join(text for text in (worst.entry, str(worst.state), worst.reason, worst.message) if text)
    message = shortened(reason.help if run.replaced else told, MAX_TEXT)
    return run.but(state=RunState.FAILED, completed=completed, reason=str(reason), message=message)


def end_news(run: Run) -> News:
    if run.state is RunState.SUCCESSFUL:
        return News(ScheduleReason.RUN_SUCCEEDED, f"all jobs of run {run.name} were successful")
    return News(ScheduleReason.RUN_FAILED, f"run {run.name}: {run.reason}: {run.message}", warning=True)


def look_ups(run: Run, children: Mapping[str, Child]) -> list[LookUpChild]:
    """The objects that were made and have not ended, and that nothing is seen of."""
    lost = [job for job in run.jobs if job.uid and not job.finished and job.name not in children]
    return [LookUpChild(job.kind, job.name) for job in lost]


def with_answer(record: Record, answer: ChildAnswer) -> Record:
    run = next((run for run in record.runs if any(job.name == answer.name for job in run.jobs)), None)
    if run is None or not run.active:
        return record
    match answer:
        case Created(name, uid):
            jobs = tuple(
                replace(job, uid=uid) if job.name == name and not job.uid and not job.finished else job
                for job in run.jobs
            )
        case NotCreated(name, reason, message):
            text = shortened(message, MAX_TEXT)
            jobs = tuple(
                job
                if job.uid or job.finished
                else job.ended(State.FAILED, reason, text)
                if job.name == name
                else job.ended(State.CANCELED, reason, f"not made, as {name} could not be made")
                for job in run.jobs
            )
    return record.with_run(run.but(jobs=jobs))


def rebuilt(schedule: Schedule, children: Mapping[str, Child]) -> tuple[Run, ...]:
    """The runs as the children tell of them, newest first: for a schedule whose status was lost. None of them gets a
    further object."""
    found: dict[str, list[tuple[str, Child]]] = {}
    for child in children.values():
        if child.owned and (named := run_of(schedule.name, child.name)):
            found.setdefault(named[0], []).append((named[1], child))
    runs = [_rebuilt(schedule, name, members) for name, members in found.items()]
    return tuple(sorted(runs, key=lambda run: (run.time, run.name), reverse=True))


def _rebuilt(schedule: Schedule, name: str, members: list[tuple[str, Child]]) -> Run:
    began = min(child.created for _, child in members)
    known = {one.name: predecessors(one, schedule.templates) for one in schedule.templates}
    jobs = tuple(RunJob(entry, child.kind, child.name, known.get(entry, ()), child.uid) for entry, child in members)
    due = due_time(name)
    return Run(name, due or began, -1, began, jobs, requested=due is None)
