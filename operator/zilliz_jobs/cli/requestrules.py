"""What becomes of a cancel and of a retry, for every kind and state: asked of the very code that decides it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from zilliz_jobs.api.jobspec import JobSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, State, Submission
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import Verdict, judge_cancel, judge_retry
from zilliz_jobs.core.snapshot import Link, Snapshot, Traits
from zilliz_jobs.kinds import JOB_KINDS

INTRODUCTION = (
    "What `status.cancel` and `status.retry` say at first, by kind and state. `Requested`: the cloud is asked, and "
    "the outcome then becomes `Accepted` and `Completed`, or `Refused` with the cloud's reason. `Completed`: done at "
    "once, without any call to the cloud. `Accepted`, for a retry: a new attempt begins with that very write."
)
RETRIES = (
    "Where the outcome depends on `retryPolicy.resubmit`, the one with `resubmit: true` stands behind the stroke. "
    "With the console API a failed import is retried under its own job; all other retries are new submissions."
)

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_SENT = Submission(handle={"jobId": "job-1"}, evidence=Evidence.ANSWERED)


class _Asked(JobSpec):
    """For the rules no other field of a spec counts."""

    retry_policy: ResubmitRetryPolicy


def _at(state: State, reason: Reason = Reason.JOB_FAILED) -> JobStatus:
    ended = _NOON if state.finished else None
    return JobStatus(state=state, reason=str(reason), job_id="job-1", submission=_SENT, completion_time=ended)


POINTS: dict[str, JobStatus] = {
    "not submitted": JobStatus(state=State.PENDING),
    "submission being looked up": JobStatus(
        state=State.PENDING, submission=Submission(evidence=Evidence.SENDING, sends=1)
    ),
    "Pending": _at(State.PENDING),
    "InProgress": _at(State.IN_PROGRESS),
    "Successful": _at(State.SUCCESSFUL),
    "Failed": _at(State.FAILED),
    "Canceled": _at(State.CANCELED),
    "Unknown": _at(State.UNKNOWN, Reason.OUTCOME_UNKNOWN),
}
"""The points of a job's life at which a request can come."""


def rows() -> Iterator[tuple[str, Traits]]:
    """Every kind, and the sorts of job within a kind that other rules hold for."""
    for kind in JOB_KINDS:
        for name, traits in kind.trait_variants().items():
            yield f"`{kind.resource.kind}`{f', {name}' if name else ''}", traits


def cancel(traits: Traits, status: JobStatus, *, console: bool) -> Verdict:
    return judge_cancel(_snapshot(traits, status, console=console, resubmit=False), status)


def retry(traits: Traits, status: JobStatus, *, console: bool, resubmit: bool) -> Verdict:
    return judge_retry(_snapshot(traits, status, console=console, resubmit=resubmit), status)


def page() -> str:
    """The reference page."""
    parts = ["# Cancel and retry", INTRODUCTION]
    for title, console in (("with documented calls only", False), ("with `consoleApi.enabled: true`", True)):
        table = _table(partial(_cancels, console))
        parts += [f"## Cancel, {title}", table]
    parts += ["## Retry", RETRIES, _table(_retries), ""]
    return "\n\n".join(parts)


def _cancels(console: bool, traits: Traits, status: JobStatus) -> list[Verdict]:
    return [cancel(traits, status, console=console)]


def _retries(traits: Traits, status: JobStatus) -> list[Verdict]:
    return [retry(traits, status, console=False, resubmit=resubmit) for resubmit in (False, True)]


def _table(verdicts: Callable[[Traits, JobStatus], list[Verdict]]) -> str:
    lines = [["Kind", *POINTS], ["---"] * (len(POINTS) + 1)]
    lines += [[name, *(_cell(verdicts(traits, status)) for status in POINTS.values())] for name, traits in rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(verdicts: list[Verdict]) -> str:
    return " / ".join(dict.fromkeys(_word(verdict) for verdict in verdicts))


def _word(verdict: Verdict) -> str:
    outcome, reason, _ = verdict
    return f"{outcome}: `{reason}`" if outcome is Outcome.REFUSED else str(outcome)


def _snapshot(traits: Traits, status: JobStatus, *, console: bool, resubmit: bool) -> Snapshot:
    spec = _Asked(retry_policy=ResubmitRetryPolicy(resubmit=resubmit))
    return Snapshot(spec=spec, status=status, traits=traits, created=_NOON, link=Link(console=console))
