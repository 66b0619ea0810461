"""The record of a schedule as the status of its object holds it, both ways. Pure.

Everything is read leniently, since people can edit a status: what cannot be read of a run is left out. A run that
is lost that way begins nothing twice, as no due time at or before `countedUntil` begins one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api import jobschedule as api
from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Outcome, State
from zilliz_jobs.core.conditions import dated
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.schedules.plan import Plan
from zilliz_jobs.schedules.record import Record, Run, RunJob, RunRequest, RunState
from zilliz_jobs.schedules.storedbackups import backups_of, stored_backups


def stored_status(body: Mapping[str, Any]) -> api.JobScheduleStatus:
    """The status as it is stored; a field that cannot be read is left out."""
    raw = body.get("status")
    if not isinstance(raw, dict):
        return api.JobScheduleStatus()
    try:
        return api.JobScheduleStatus.model_validate(raw)
    except ValidationError as error:
        broken = {str(e["loc"][0]) for e in error.errors(include_input=False) if e["loc"]}
        kept = {name: value for name, value in raw.items() if name not in broken}
        return api.JobScheduleStatus.model_validate(kept)


def record_of(status: api.JobScheduleStatus) -> Record:
    """What the status says that was decided."""
    return Record(
        due_after=status.counted_until,
        last_schedule_time=status.last_schedule_time,
        last_successful_time=status.last_successful_time,
        times=status.counted_by or "",
        suspended=bool(status.suspended),
        waiting=status.waiting_time,
        runs=tuple(run for one in status.runs or () if (run := _run(one)) is not None),
        request=_request(status.run),
        backups=backups_of(status.backups),
    )


def status_with(
    old: api.JobScheduleStatus, plan: Plan, generation: int, now: datetime, *, reason: str, message: str
) -> api.JobScheduleStatus:
    """The status that holds what was decided. `old`: the one before, whose conditions keep their times."""
    return with_record(
        old.but(
            observed_generation=generation,
            next_schedule_time=plan.next_schedule_time,
            reason=reason,
            message=shortened(message, MAX_MESSAGE),
            conditions=dated(plan.conditions, old.conditions, generation, now),
        ),
        plan.record,
    )


def with_record(status: api.JobScheduleStatus, record: Record) -> api.JobScheduleStatus:
    """The status with this record in it."""
    return status.but(
        last_schedule_time=record.last_schedule_time,
        last_successful_time=record.last_successful_time,
        counted_until=record.due_after,
        counted_by=record.times or None,
        suspended=record.suspended or None,
        waiting_time=record.waiting,
        active=[run.name for run in record.active],
        runs=[_stored_run(run) for run in record.runs],
        run=_stored_request(record.request) if record.request else None,
        backups=stored_backups(record.backups) or None,
    )


def _run(stored: api.Run) -> Run | None:
    if not stored.name or stored.time is None:
        return None
    try:
        state = RunState(stored.state or "")
    except ValueError:
        state = RunState.FAILED if stored.completion_time else RunState.ACTIVE
    return Run(
        name=stored.name,
        time=stored.time,
        generation=stored.generation or 0,
        started=stored.start_time or stored.time,
        jobs=tuple(_job(one) for one in stored.jobs or () if one.name and one.kind and one.entry),
        state=state,
        requested=bool(stored.requested),
        replaced=bool(stored.replaced),
        reason=stored.reason or "",
        message=stored.message or "",
        completed=stored.completion_time,
    )


def _job(stored: api.RunJob) -> RunJob:
    return RunJob(
        entry=stored.entry or "",
        kind=stored.kind or "",
        name=stored.name or "",
        after=tuple(stored.after or ()),
        uid=stored.uid or "",
        state=state_of(stored.state),
        reason=stored.reason or "",
        message=stored.message or "",
    )


def state_of(word: object) -> State | None:
    """The state of a job in a status; None where it is none of ours."""
    return next((state for state in State if state.value == word), None)


def _request(stored: api.RunRequest | None) -> RunRequest | None:
    if stored is None or not stored.token or stored.time is None:
        return None
    outcome = next((one for one in Outcome if one.value == stored.outcome), Outcome.COMPLETED)
    return RunRequest(stored.token, stored.time, outcome, stored.message or "")


def _stored_run(run: Run) -> api.Run:
    return api.Run(
        name=run.name,
        time=run.time,
        generation=run.generation,
        start_time=run.started,
        completion_time=run.completed,
        state=run.state.value,
        requested=run.requested or None,
        replaced=run.replaced or None,
        reason=run.reason or None,
        message=shortened(run.message, MAX_MESSAGE) or None,
        jobs=[_stored_job(job) for job in run.jobs],
    )


def _stored_job(job: RunJob) -> api.RunJob:
    return api.RunJob(
        entry=job.entry,
        kind=job.kind,
        name=job.name,
        after=list(job.after) or None,
        uid=job.uid or None,
        state=job.state.value if job.state else None,
        reason=job.reason or None,
        message=shortened(job.message, 256) or None,
    )


def _stored_request(request: RunRequest) -> api.RunRequest:
    return api.RunRequest(
        token=request.token,
        time=request.time,
        outcome=request.outcome.value,
        message=request.message or None,
    )
