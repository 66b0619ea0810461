"""From objects to what the page lists: a dictionary for each job, schedule, connection and job centre. Pure.

Every text that comes from the cloud or from a person is made safe to show; what has no value is left out. A job that
has an object and a row of a JobCenter is listed once, as the object, with what only the row tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.jobstatus import REPEATS_STATE
from zilliz_jobs.api.model import format_time, parse_time
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.objectview import condition_in, spec_in, text_in
from zilliz_jobs.cli.kubectl.schedulepage import reference_of
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.control.objects import Body, Key, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.schedules.record import Run, RunJob

Row = dict[str, Any]
MOST_TEXT = 300
"""Of a message in the list. The details have all of it."""
MOST_RUNS = 10


def job_row(job: JobView, mirror: Body | None) -> Row:
    """A job object. `mirror`: its row of a JobCenter, which tells who started it."""
    told = raw_status(mirror) if mirror else {}
    return _row(
        job.body,
        type=job.resource.row_type.name if job.resource.row_type else job.resource.kind,
        description=job.text("description") or text_in(told, "description") or job.text("target"),
        state=job.state,
        reason=job.reason,
        message=_cut(job.text("message")),
        progress=job.progress,
        jobId=job.text("jobId"),
        cluster=job.cluster,
        target=job.text("target"),
        connection=job.connection,
        created=_when(job.created),
        started=_when(job.time("startTime")),
        ended=_when(job.time("completionTime")),
        creator=job.text("createdBy") or text_in(told, "createdBy"),
        attention=job.end is ExitCode.NEEDS_A_PERSON,
        unseen=job.is_unseen,
    )


def center_row(body: Body) -> Row:
    """A ProjectJob that is listed for itself: a job of the project that has no object here."""
    status = raw_status(body)
    reason, owner = text_in(status, "reason"), status.get("owner")
    percent = status.get("progressPercent")
    times = [parse_time(status.get(name)) for name in ("createTime", "startTime", "seenTime")]
    created = next((time for time in times if time), None) or parse_time(body["metadata"].get("creationTimestamp"))
    center = spec_in(body).get("jobCenterRef")
    return _row(
        body,
        type=text_in(status, "type"),
        description=text_in(status, "description") or text_in(status, "target"),
        state=text_in(status, "state"),
        reason="" if reason in REPEATS_STATE else reason,
        message=_cut(text_in(status, "message")),
        progress=percent if isinstance(percent, int) and not isinstance(percent, bool) else None,
        jobId=text_in(status, "jobId"),
        cluster=text_in(status, "clusterId"),
        target=text_in(status, "target"),
        created=_when(created),
        started=_when(parse_time(status.get("startTime"))),
        ended=_when(parse_time(status.get("completionTime"))),
        creator=text_in(status, "createdBy"),
        owner=text_in(owner, "reference") if isinstance(owner, dict) else "",
        center=text_in(center, "name") if isinstance(center, dict) else "",
    )


def owner_of(body: Body) -> Key | None:
    """The object in whose place the ProjectJob would be listed; None where it belongs to none."""
    owner = raw_status(body).get("owner")
    if not isinstance(owner, dict):
        return None
    kind, namespace, name = (owner.get(field) for field in ("kind", "namespace", "name"))
    if not all(isinstance(part, str) and part for part in (kind, namespace, name)):
        return None
    return Key(str(kind), str(namespace), str(name))


def is_mirror(row: Body, owner: Body) -> bool:
    """Whether the ProjectJob shows the very job that its owner is at now. That of an earlier attempt, or of a step,
    is a job of its own."""
    if (raw_status(row).get("owner") or {}).get("uid") != owner["metadata"].get("uid"):
        return False
    mine, theirs = raw_status(row).get("jobId"), raw_status(owner).get("jobId")
    return not mine or not theirs or mine == theirs


def schedule_row(schedule: ScheduleView, now: datetime) -> Row:
    status, runs = schedule.status, schedule.record.runs
    return _row(
        schedule.body,
        state=schedule.state,
        suspended=schedule.is_suspended,
        times=schedule.times,
        jobs=schedule.entries,
        message=_cut(shown(status.message or "")),
        next=_when(status.next_schedule_time),
        last=_when(status.last_schedule_time),
        succeeded=_when(status.last_successful_time),
        keeps=schedule.keep_backups,
        created=_when(schedule.created),
        unseen=schedule.is_unseen,
        runs=[_run(run, schedule.namespace) for run in runs[:MOST_RUNS]],
    )


def connection_row(body: Body) -> Row:
    status, spec = raw_status(body), spec_in(body)
    console = spec.get("consoleApi")
    ready = condition_in(status, "Ready")
    return _row(
        body,
        ready=text_in(ready, "status") or "Unknown",
        reason=text_in(ready, "reason"),
        message=_cut(text_in(ready, "message")),
        endpoint=text_in(status, "endpoint") or text_in(spec, "endpoint") or text_in(spec, "cloud"),
        project=text_in(spec, "projectId"),
        console=isinstance(console, dict) and console.get("enabled") is True,
        suspended=spec.get("suspend") is True,
        firstSubmission=text_in(spec, "firstSubmission"),
        checked=_when(parse_time(status.get("lastCheckTime"))),
        created=_when(parse_time(body["metadata"].get("creationTimestamp"))),
    )


def page_row(body: Body) -> Row:
    """A JobCenter."""
    status = raw_status(body)
    ready = condition_in(status, "Ready")
    counts = {name: status[name] for name in ("jobs", "running", "failed", "shown") if _is_count(status.get(name))}
    return _row(
        body,
        project=text_in(status, "projectId"),
        listed=_when(parse_time(status.get("lastListTime"))),
        ready=text_in(ready, "status") or "Unknown",
        reason=text_in(ready, "reason"),
        message=_cut(text_in(ready, "message")),
        **counts,
    )


def kind_word(kind: str) -> str:
    """The kind as it stands in an address: importjob."""
    return kind.lower()


def _row(body: Body, **values: Any) -> Row:
    meta, kind = body["metadata"], body["kind"]
    namespace, name = str(meta.get("namespace") or ""), str(meta["name"])
    key = {"id": f"{kind_word(kind)}/{namespace}/{name}", "kind": kind, "namespace": namespace, "name": name}
    return key | _told(values)


def _told(values: Mapping[str, Any]) -> Row:
    """What has a value; a number is one, 0 too."""
    return {name: value for name, value in values.items() if value is not None and value is not False and value != ""}


def _run(run: Run, namespace: str) -> Row:
    return _told(
        {
            "name": shown(run.name),
            "state": str(run.state),
            "requested": run.requested,
            "due": _when(run.time),
            "started": _when(run.started),
            "ended": _when(run.completed),
            "reason": shown(run.reason),
            "message": _cut(shown(run.message)),
            "jobs": [_run_job(job, namespace) for job in run.jobs],
        }
    )


def _run_job(job: RunJob, namespace: str) -> Row:
    made = f"{kind_word(job.kind)}/{namespace}/{job.name}" if job.uid else ""
    return _told(
        {
            "name": reference_of(job),
            "id": made,
            "state": str(job.state or ("Pending" if job.uid else "")),
            "after": [shown(one) for one in job.after],
            "reason": shown(job.reason),
            "message": _cut(shown(job.message)),
        }
    )


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TABLES = {JOB_CENTER.kind: "centers", JOB_SCHEDULE.kind: "schedules", ZILLIZ_CONNECTION.kind: "connections"}
"""In which list of the page the objects of a kind are; all others are jobs."""


def table_of(kind: str) -> str:
    return TABLES.get(kind, "jobs")
