"""The life of one job, from all that tells of it: its record, its requests, its conditions, its Events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.model import parse_time
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.objectview import objects_in
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown

REQUESTS = {"cancel": "cancel", "retry": "retry", "resolution": "resolve"}


@dataclass(frozen=True)
class Moment:
    """`state`: by which it is coloured; "" for none."""

    time: datetime
    what: str
    text: str = ""
    state: str = ""


def timeline(job: JobView, events: Iterable[Body] = ()) -> list[Moment]:
    """The oldest first."""
    told = [*_object(job), *_attempts(job), *_steps(job), *_requests(job), *event_moments(events)]
    return sorted(told, key=lambda moment: moment.time)


def _object(job: JobView) -> Iterator[Moment]:
    if job.created:
        yield Moment(job.created, "object created")
    submission = job.status.get("submission")
    if isinstance(submission, dict) and (sent := parse_time(submission.get("intentTime"))):
        sends = submission.get("sends")
        again = f", sent {sends} times" if isinstance(sends, int) and sends > 1 else ""
        yield Moment(sent, "request written ahead", f"evidence by now: {_text(submission, 'evidence') or '-'}{again}")
    if not job.rows("attempts"):
        if started := job.time("startTime"):
            yield Moment(started, "started in the cloud", job.text("jobId"))
        if ended := job.time("completionTime"):
            yield Moment(ended, f"ended: {job.state}", _why(job.status), job.state)


def _attempts(job: JobView) -> Iterator[Moment]:
    for row in job.rows("attempts"):
        number = row.get("number")
        if started := parse_time(row.get("startTime")):
            yield Moment(started, f"attempt {number} started", _text(row, "jobId"))
        if ended := parse_time(row.get("completionTime")):
            state = _text(row, "state")
            yield Moment(ended, f"attempt {number} ended: {state}", _why(row), state)
        if (later := parse_time(row.get("notBefore"))) and not row.get("startTime"):
            yield Moment(later, f"attempt {number} is not sent before")


def _steps(job: JobView) -> Iterator[Moment]:
    for row in job.rows("steps"):
        if ended := parse_time(row.get("completionTime")) or parse_time(row.get("seenTime")):
            state = _text(row, "state")
            yield Moment(ended, f"step {_text(row, 'name')} ended: {state}", _why(row), state)


def _requests(job: JobView) -> Iterator[Moment]:
    for field, word in REQUESTS.items():
        request = job.request(field)
        if request is not None and request.time is not None:
            text = ": ".join(filter(None, (shown(request.reason or ""), shown(request.message or ""))))
            yield Moment(request.time, f"{word} {request.outcome or '-'}", text)


def event_moments(events: Iterable[Body]) -> Iterator[Moment]:
    for event in objects_in(list(events)):
        time = next(
            (
                found
                for name in ("lastTimestamp", "eventTime", "firstTimestamp")
                if (found := parse_time(event.get(name)))
            ),
            None,
        )
        if time is not None:
            state = "Pending" if event.get("type") == "Warning" else ""
            yield Moment(time, f"event {_text(event, 'reason')}", _text(event, "message"), state)


def _why(row: Body) -> str:
    reason = _text(row, "reason")
    return ": ".join(filter(None, ("" if reason == _text(row, "state") else reason, _text(row, "message"))))


def _text(row: Body, name: str) -> str:
    value = row.get(name)
    return shown(value) if isinstance(value, str) else ""
