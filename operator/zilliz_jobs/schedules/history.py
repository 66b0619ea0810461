"""What is kept of the runs that have ended."""

from __future__ import annotations

from collections.abc import Mapping

from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.plan import DeleteChild
from zilliz_jobs.schedules.record import MAX_RUNS, Record, Run, RunState
from zilliz_jobs.schedules.schedule import Schedule


def deletions(schedule: Schedule, record: Record, children: Mapping[str, Child]) -> list[DeleteChild]:
    """The objects of the oldest ended runs beyond the limits; not one that a person retried, and not a BackupJob that
    an unfinished object refers to."""
    return [
        DeleteChild(child.kind, child.name, child.uid)
        for run in _beyond(schedule, record)
        for child in _left(run, children)
        if child.finished and not child.referred
    ]


def without_forgotten(schedule: Schedule, record: Record, children: Mapping[str, Child]) -> Record:
    """The record without ended runs beyond the limits whose objects are gone. The last end is always kept."""
    last = newest_ended(record)
    forgotten = {run.name for run in _beyond(schedule, record) if run is not last and not _left(run, children)}
    runs = [run for run in record.runs if run.name not in forgotten]
    ended = [run for run in runs if not run.active and run is not last]
    room = max(0, len(ended) - max(0, len(runs) - MAX_RUNS))
    excess = {run.name for run in ended[room:]}
    return record.but(runs=tuple(run for run in runs if run.name not in excess))


def newest_ended(record: Record) -> Run | None:
    """The run that ended last."""
    ended = [run for run in record.runs if not run.active]
    return max(ended, key=lambda run: (run.completed or run.time, run.time), default=None)


def _beyond(schedule: Schedule, record: Record) -> list[Run]:
    well = [run for run in record.runs if run.state is RunState.SUCCESSFUL]
    badly = [run for run in record.runs if run.state is RunState.FAILED]
    return well[schedule.successful_limit :] + badly[schedule.failed_limit :]


def _left(run: Run, children: Mapping[str, Child]) -> list[Child]:
    found = [(job, children.get(job.name)) for job in run.jobs]
    return [child for job, child in found if child is not None and child.uid == job.uid]
