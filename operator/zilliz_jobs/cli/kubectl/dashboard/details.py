"""All that the page shows of one object when it is opened: what `kubectl zilliz show` knows, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import yaml

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import format_time, parse_time
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.advice import Advice, advice
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.board import KINDS, Board
from zilliz_jobs.cli.kubectl.dashboard.rows import Row
from zilliz_jobs.cli.kubectl.dashboard.rules import rules_of
from zilliz_jobs.cli.kubectl.jobview import JobView, request_in
from zilliz_jobs.cli.kubectl.judging import Judged
from zilliz_jobs.cli.kubectl.objectview import objects_in, text_in
from zilliz_jobs.cli.kubectl.schedulepage import schedule_advice
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.cli.kubectl.timeline import Moment, event_moments, timeline
from zilliz_jobs.control.objects import Body, Key, raw_status
from zilliz_jobs.core.foreigntext import escaped_in, shown, without_queries
from zilliz_jobs.core.reasons import help_of
from zilliz_jobs.core.requests import Verdict

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The manifest once more, as long as itself."""


async def read_details(cluster: Cluster, board: Board, key: Key) -> Row | None:
    """None where no such object is listed. Raises CommandError where its events cannot be read."""
    body = board.body(key)
    if body is None:
        return None
    return details(board, key, body, await cluster.events(body), cluster.now())


def details(board: Board, key: Key, body: Body, events: Sequence[Body] | None, now: datetime) -> Row:
    """`events`: None where they may not be read. Pure."""
    rules = rules_of(board, key, now)
    found: Row = {
        "row": board.row(key, now),
        "conditions": _conditions(body),
        "eventsHidden": events is None,
        "timeline": [_moment(one) for one in _moments(key, body, events or ())],
        "advice": [{"purpose": one.purpose, "command": one.command} for one in _advice(key, body, rules)],
        "manifest": manifest(body),
    }
    if rules is not None:
        found["requests"] = {
            "cancel": _rule(rules.cancel, rules.may_cancel),
            "retry": _rule(rules.retry, rules.may_retry),
        }
    if key.kind in KINDS:
        found |= _of_job(JobView(KINDS[key.kind], body))
    mirror = board.mirror(key) if key.kind != PROJECT_JOB.kind else body
    if mirror is not None:
        found |= _of_row(mirror)
    return found


def manifest(body: Body) -> str:
    """The object as YAML, without what Kubernetes adds for itself, and without the query of any address in it: that
    of a presigned one is a signature."""
    meta = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    if kept := {name: text for name, text in (meta.pop("annotations", None) or {}).items() if name != LAST_APPLIED}:
        meta["annotations"] = kept
    order = ("apiVersion", "kind", "metadata", "spec", "status")
    whole = {name: meta if name == "metadata" else body[name] for name in order if name in body}
    return yaml.safe_dump(_safe(whole), sort_keys=False, allow_unicode=True, width=100)


def _of_job(job: JobView) -> Row:
    return {
        "reasonHelp": help_of(job.reason) if job.reason else "",
        "message": job.text("message"),
        "cloudStatus": job.text("cloudStatus"),
        "expected": format_time(when) if (when := job.time("estimatedCompletionTime")) else "",
        "results": [[name, value] for name, value in job.results],
        "files": [_file(file) for file in job.result_files],
        "attempts": [_attempt(row) for row in job.rows("attempts")],
    }


def _of_row(body: Body) -> Row:
    """What a ProjectJob tells beyond the list."""
    status = raw_status(body)
    found: Row = {}
    if cloud := status.get("cloud"):
        found["cloud"] = yaml.safe_dump(_safe(cloud), sort_keys=False, allow_unicode=True, width=100)
    if body["kind"] == PROJECT_JOB.kind and status.get("owner") is None:
        found |= {"message": text_in(status, "message"), "cloudStatus": text_in(status, "cloudStatus")}
        found["files"] = [_file(file) for file in objects_in(status.get("files"))]
    return found


def _moments(key: Key, body: Body, events: Iterable[Body]) -> list[Moment]:
    if key.kind in KINDS:
        return timeline(JobView(KINDS[key.kind], body), events)
    told = list(event_moments(events))
    if key.kind == PROJECT_JOB.kind:
        told += _row_moments(raw_status(body))
    if key.kind == JOB_SCHEDULE.kind and (created := ScheduleView(body).created):
        told.append(Moment(created, "object created"))
    return sorted(told, key=lambda moment: moment.time)


def _row_moments(status: Body) -> Iterator[Moment]:
    """What a row of a JobCenter tells of the life of its job."""
    if started := parse_time(status.get("startTime")):
        yield Moment(started, "started in the cloud", text_in(status, "jobId"))
    if ended := parse_time(status.get("completionTime")):
        state = text_in(status, "state")
        yield Moment(ended, f"ended: {state}", text_in(status, "message"), state)
    for field in ("cancel", "retry"):
        request = request_in(status, field)
        if request is not None and request.time is not None:
            text = ": ".join(shown(part) for part in (request.reason, request.message) if part)
            yield Moment(request.time, f"{field} {request.outcome or '-'}", text)


def _advice(key: Key, body: Body, rules: Judged | None) -> list[Advice]:
    if key.kind in KINDS:
        return advice(JobView(KINDS[key.kind], body), rules)
    if key.kind == JOB_SCHEDULE.kind:
        return schedule_advice(ScheduleView(body))
    row, found = f"projectjob/{key.name} -n {key.namespace}", []
    if rules is not None and rules.may_cancel:
        found.append(Advice("cancel it", f"kubectl zilliz cancel {row}"))
    if rules is not None and rules.may_retry:
        found.append(Advice("try again", f"kubectl zilliz retry {row}"))
    return found


def _rule(verdict: Verdict, may: bool) -> Row:
    """`may`: whether it is worth a try; else `text` has the rule."""
    _, reason, text = verdict
    return {"may": may, "reason": str(reason), "text": shown(text)}


def _moment(moment: Moment) -> Row:
    told = {"time": format_time(moment.time), "what": moment.what, "text": moment.text, "state": moment.state}
    return {name: value for name, value in told.items() if value}


def _conditions(body: Body) -> list[Row]:
    names = ("type", "status", "reason", "message", "lastTransitionTime")
    return [
        {name: shown(str(row[name])) for name in names if row.get(name)}
        for row in objects_in(raw_status(body).get("conditions"))
    ]


def _file(file: Body) -> Row:
    found: Row = {name: text_in(file, name) for name in ("name", "state", "reason")}
    found |= {name: value for name in ("progressPercent", "rows") if isinstance(value := file.get(name), int)}
    return found


def _attempt(row: Body) -> Row:
    names = ("jobId", "state", "startTime", "completionTime", "reason", "message")
    number = row.get("number")
    return {"number": number if isinstance(number, int) else 0} | {name: text_in(row, name) for name in names}


def _safe(value: Any) -> Any:
    return escaped_in(_without_queries(value))


def _without_queries(value: Any) -> Any:
    if isinstance(value, str):
        return without_queries(value)
    if isinstance(value, list):
        return [_without_queries(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_queries(item) for name, item in value.items()}
    return value
