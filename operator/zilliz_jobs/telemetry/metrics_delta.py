"""What a change of a status is worth to the counters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from zilliz_jobs.api.jobstatus import JobStatus, RequestStatus, State
from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import attempt_of, is_finished
from zilliz_jobs.telemetry.metrics import Metrics

Asked = JobStatus | ProjectJobStatus
"""A status that mirrors requests."""


def count_job(metrics: Metrics, kind: str, created: datetime | None, old: JobStatus, new: JobStatus) -> None:
    """The status of a job object is stored."""
    if is_finished(new) and not is_finished(old):
        metrics.finished.labels(kind, str(new.state)).inc()
    for state, seconds in spent(created, old, new):
        metrics.state_seconds.labels(kind, state).observe(seconds)
    if attempt_of(new).number > attempt_of(old).number:
        metrics.retries.labels(kind, _asker(new)).inc()
    count_requests(metrics, kind, old, new)
    _count_request(metrics, kind, "resolve", old.resolution, new.resolution)


def count_requests(metrics: Metrics, kind: str, old: Asked, new: Asked) -> None:
    """The status of an object is stored whose job people can cancel and retry."""
    _count_request(metrics, kind, "cancel", old.cancel, new.cancel)
    _count_request(metrics, kind, "retry", old.retry, new.retry)


def spent(created: datetime | None, old: JobStatus, new: JobStatus) -> Iterator[tuple[str, float]]:
    """The states that the attempt has left with this change, and how many seconds it was in each. Pure."""
    before = old.state or State.PENDING
    if is_finished(old) or (new.state or State.PENDING) is before:
        return
    attempts = old.attempts or []
    turns = [created, *(a.completion_time for a in attempts[-2:-1]), *(a.not_before for a in attempts[-1:])]
    born = max((turn for turn in turns if turn is not None), default=None)
    start = new.start_time or old.start_time
    if before is State.PENDING:
        left = start or new.completion_time
        if born and left:
            yield str(State.PENDING), max(0.0, (left - born).total_seconds())
    if is_finished(new) and start and new.completion_time:
        yield str(State.IN_PROGRESS), max(0.0, (new.completion_time - start).total_seconds())


def _asker(status: JobStatus) -> str:
    if status.reason == Reason.RETRIED_ELSEWHERE:
        return "elsewhere"
    return "policy" if attempt_of(status).automatic else "person"


def _count_request(
    metrics: Metrics, kind: str, request: str, old: RequestStatus | None, new: RequestStatus | None
) -> None:
    if new is None or new.outcome is None or (old and (old.token, old.outcome) == (new.token, new.outcome)):
        return
    metrics.requests.labels(kind, request, str(new.outcome)).inc()
