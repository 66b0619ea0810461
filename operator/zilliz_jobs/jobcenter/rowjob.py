"""A row as a job object, and back, so that one decision and one protocol serve both. Pure.

Of a row the decision sees the job that the lists show, and the requests of people. Only these requests, and the
record of a retry that may have been sent, go back into the row: its state and its texts are what the lists say.

A retry that is at work is the second attempt of two; the first is the job that failed. Once it is decided, the row is
a job of one attempt again.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from zilliz_jobs.api.jobspec import JobSpec, OnSubmissionUnknown, RetryPolicy
from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, Outcome, RequestStatus, State, Submission
from zilliz_jobs.api.model import EARLIEST, format_time
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import handle_of, is_open

ROW_ID = "rowId"
"""In a handle: what the lists know the job by, where they name no job."""

_GIVEN_UP = RetryPolicy(on_submission_unknown=OnSubmissionUnknown.FAIL)


class RowSpec(JobSpec):
    """What the row tells of its job, in the place of a spec. `retry_policy`: a retry of which no look-up can tell
    ends so, since a row takes no decision about a submission."""

    row_type: str = ""
    row_id: str
    retry_policy: RetryPolicy = _GIVEN_UP


ROW_JOB = replace(PROJECT_JOB, spec=RowSpec, status=JobStatus, fixed_from_start=(), selectable=())
"""The resource of rows, as the machinery of job objects sees it."""


def is_at_work(status: ProjectJobStatus) -> bool:
    """Whether a retry waits to be sent, or was sent and is not decided."""
    retry = status.retry
    if retry is None or retry.outcome not in (Outcome.REQUESTED, Outcome.ACCEPTED):
        return False
    return retry.outcome is Outcome.REQUESTED or status.submission is not None or _is_unrecorded(retry)


def is_sent(status: ProjectJobStatus) -> bool:
    """Whether a retry may have been sent and is not decided: it is said to be accepted, or there is its record."""
    accepted = status.retry is not None and status.retry.outcome is Outcome.ACCEPTED
    return is_at_work(status) and (accepted or status.submission is not None)


def job_of(status: ProjectJobStatus, row_id: str, uid: str) -> JobStatus:
    """The row as the status of a job object. Where a list tells that the job ended, but not when, it ended at some
    time. `uid`: the row's."""
    if is_at_work(status):
        return _retried(status, uid)
    finished = status.state is not None and status.state.finished
    handle = {"jobId": status.job_id} if status.job_id else {ROW_ID: row_id}
    return JobStatus(
        state=status.state,
        job_id=status.job_id,
        reason=status.reason,
        message=status.message,
        completion_time=_end_of(status) if finished else None,
        submission=Submission(handle=handle),
        cancel=status.cancel,
        retry=status.retry,
    )


def row_after(status: ProjectJobStatus, job: JobStatus, now: datetime) -> ProjectJobStatus:
    """The row after the decision: `status` with the requests as they stand in `job`."""
    retry = _told(status, job)
    known = status.retry
    if retry is not None and known is not None and (retry.token, retry.outcome) == (known.token, known.outcome):
        same = retry.reason == known.reason  # else each pass would write another sentence about the same obstacle
        retry = retry.but(time=known.time, message=known.message if same else retry.message)
    elif retry is not None:
        retry = retry.but(time=now)
    return status.but(cancel=job.cancel, retry=retry, submission=job.submission if _is_sent(job) else None)


# -- from the row


def _retried(status: ProjectJobStatus, uid: str) -> JobStatus:
    retry = status.retry
    assert retry is not None  # noqa: S101 - callers asked whether there is one
    record = status.submission or (_record_of(status, retry, uid) if _is_unrecorded(retry) else None)
    failed = Attempt(number=1, job_id=status.job_id, state=State.FAILED, completion_time=_end_of(status))
    return JobStatus(
        state=State.PENDING,
        reason=retry.reason,
        message=retry.message,
        attempts=[failed, Attempt(number=2, state=State.PENDING)],
        submission=record,
        cancel=status.cancel,
        retry=retry.but(outcome=Outcome.ACCEPTED, reason=str(Reason.RETRY_STARTED)),
    )


def _end_of(status: ProjectJobStatus) -> datetime:
    return status.completion_time or status.seen_time or EARLIEST


def _is_unrecorded(retry: RequestStatus) -> bool:
    """Whether it was sent, and there is no record: an earlier version kept none, or somebody removed it. An owner's
    retry that a row repeats is none of the row's."""
    return retry.outcome is Outcome.ACCEPTED and retry.reason != Reason.RETRY_STARTED


def _record_of(status: ProjectJobStatus, retry: RequestStatus, uid: str) -> Submission:
    ended = format_time(status.completion_time) if status.completion_time else ""
    return Submission(
        attempt=2,
        step=RETRY_STEP,
        token=uuid.uuid5(uuid.NAMESPACE_OID, f"{uid} {retry.token}").hex,
        intent_time=retry.time,
        sends=1,
        baseline={"jobId": [status.job_id or ""], "endTime": [ended]},
        evidence=Evidence.SENDING,
    )


# -- to the row


def _is_sent(job: JobStatus) -> bool:
    return job.retry is not None and job.retry.outcome is Outcome.ACCEPTED and is_open(job)


def _told(status: ProjectJobStatus, job: JobStatus) -> RequestStatus | None:
    """The retry as the row says it."""
    retry, known = job.retry, status.retry
    if retry is None:
        return None
    if known is not None and known.token == retry.token and not is_at_work(status):
        return retry  # decided before
    match retry.outcome:
        case Outcome.ACCEPTED:
            outcome = Outcome.ACCEPTED if is_open(job) else Outcome.REQUESTED
            # A status leaves out the reasons that say no more than its state.
            reason = job.reason or (known.reason if known and known.token == retry.token else None)
            return retry.but(outcome=outcome, reason=reason or str(Reason.SUBMITTING), message=job.message)
        case Outcome.COMPLETED:
            return retry.but(reason=str(Reason.RETRY_STARTED), message=_taken(job))
        case Outcome.FAILED if retry.reason == Reason.SUBMISSION_UNKNOWN:
            return retry.but(reason=str(Reason.RETRY_UNCLEAR), message=Reason.RETRY_UNCLEAR.help)
        case Outcome.FAILED:  # nothing began
            return retry.but(outcome=Outcome.REFUSED)
        case _:
            return retry


def _taken(job: JobStatus) -> str:
    if job.submission is None or job.submission.evidence is not Evidence.ANSWERED:
        return "the job has started again"
    job_id = handle_of(job).get("jobId")
    return f"the cloud took the retry as job {job_id}" if job_id else "the cloud took the retry"
