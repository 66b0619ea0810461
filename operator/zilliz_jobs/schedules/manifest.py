"""From a JobSchedule's object to what it wants. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE, JobScheduleSpec
from zilliz_jobs.api.model import GROUP, parse_time
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.scheduledjob import ScheduledJobBase
from zilliz_jobs.schedules.schedule import ConcurrencyPolicy, Schedule, Template

RUN_REQUESTED = f"{GROUP}/run-requested"


def schedule_of(body: dict[str, Any], now: datetime) -> Schedule:
    """What the object wants, with all defaults. `now` stands for a creation time that is not there. Raises SpecError
    where it cannot be used."""
    spec = parse_spec(JOB_SCHEDULE, body)
    assert isinstance(spec, JobScheduleSpec)  # noqa: S101 - the model of that resource
    meta, raw = body["metadata"], body["spec"]
    token = (meta.get("annotations") or {}).get(RUN_REQUESTED)
    return Schedule(
        name=meta["name"],
        uid=meta["uid"],
        generation=meta.get("generation") or 1,
        created=parse_time(meta.get("creationTimestamp")) or now,
        expressions=tuple(spec.schedules),
        templates=tuple(_template(job, entry) for job, entry in zip(spec.jobs, raw["jobs"], strict=True)),
        time_zone=spec.time_zone or "UTC",
        suspend=spec.suspend,
        concurrency=ConcurrencyPolicy(spec.concurrency_policy.value),
        starting_deadline=timedelta(seconds=spec.starting_deadline_seconds),
        successful_limit=spec.successful_runs_history_limit,
        failed_limit=spec.failed_runs_history_limit,
        keep_backups=spec.keep_backups,
        run_requested=str(token) if token else None,
        deleting=bool(meta.get("deletionTimestamp")),
    )


def _template(job: ScheduledJobBase, entry: dict[str, Any]) -> Template:
    """With the spec as it is stored: the objects get what the user wrote, and the defaults of their own kind."""
    marks = job.metadata
    return Template(
        name=job.name,
        kind=job.resource.kind,
        spec=entry[job.field],
        after=tuple(job.after or ()),
        labels=(marks.labels if marks else None) or {},
        annotations=(marks.annotations if marks else None) or {},
    )
