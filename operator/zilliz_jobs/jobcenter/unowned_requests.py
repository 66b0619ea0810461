"""Requests on a row whose job belongs to no object, judged by the same rules as those on job objects. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from zilliz_jobs.api.jobstatus import JobStatus, Outcome, RequestStatus, Submission
from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.core.observation import Accepted as Taken
from zilliz_jobs.core.observation import CancelAccepted, CancelAnswer, CancelRefused, NotSent, Refused, SubmitAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import Verdict, judge_cancel, judge_retry
from zilliz_jobs.core.snapshot import Link, RetryRule, Snapshot, Traits
from zilliz_jobs.kinds import rowtypes


def traits_of(row_type: str) -> Traits:
    """What the cloud allows for jobs of this type; nothing for an unknown type. A row has no spec, so a retry that
    needs a second submission is impossible."""
    known = rowtypes.TRAITS.get(row_type, Traits())
    retry = known.retry if known.retry is RetryRule.FREELY else RetryRule.NEVER
    return replace(known, retry=retry, steps=(), cleanup="")


def judged_cancel(status: ProjectJobStatus, row_id: str, link: Link, now: datetime) -> Verdict:
    """The answer to a cancel. Requested means: send it to the cloud."""
    return judge_cancel(*_as_job(status, row_id, link, now))


def judged_retry(status: ProjectJobStatus, row_id: str, link: Link, now: datetime) -> Verdict:
    """The answer to a retry. Accepted means: send it to the cloud now."""
    snap, job = _as_job(status, row_id, link, now)
    verdict = judge_retry(snap, job)
    if verdict[1] is not Reason.NO_SOURCE:
        if verdict[0] is Outcome.ACCEPTED and link.problem is not None:
            return Outcome.REQUESTED, Reason.WAITING, f"waits for the connection: {link.problem.message}"
        return verdict
    if link.console:
        return Outcome.REFUSED, Reason.JOB_ID_UNKNOWN, Reason.JOB_ID_UNKNOWN.help
    way_out = (
        "the cloud's public API has no retry; retry the import in the web console, submit it again by an ImportJob, "
        "or set consoleApi.enabled on the connection and ask again with a new token"
    )
    return Outcome.REFUSED, Reason.NO_PUBLIC_API, way_out


def after_cancel(request: RequestStatus, answer: CancelAnswer, now: datetime) -> RequestStatus:
    """The cancel request with the cloud's answer."""
    match answer:
        case CancelAccepted():
            reason, text = Reason.CANCEL_ACCEPTED, "the cloud accepted the cancel"
            return request.but(outcome=Outcome.ACCEPTED, reason=str(reason), message=text, time=now)
        case CancelRefused(reason, message):
            return request.but(outcome=Outcome.REFUSED, reason=str(reason), message=message, time=now)
        case _:
            return request.but(message=answer.message)


def after_retry(request: RequestStatus, answer: SubmitAnswer, now: datetime) -> RequestStatus:
    """The retry request with the cloud's answer; a retry that may have been taken is never sent again."""
    match answer:
        case Taken(handle):
            text = f"the cloud took the retry as job {handle['jobId']}" if "jobId" in handle else "the cloud took it"
            return request.but(outcome=Outcome.COMPLETED, reason=str(Reason.RETRY_STARTED), message=text, time=now)
        case NotSent(reason, message):
            return request.but(outcome=Outcome.REQUESTED, reason=str(reason), message=message, time=now)
        case Refused(reason, message):
            return request.but(outcome=Outcome.REFUSED, reason=str(reason), message=message, time=now)
        case _:
            return unclear(request, now)


def unclear(request: RequestStatus, now: datetime) -> RequestStatus:
    """The retry request where nobody knows whether the cloud took it."""
    reason = Reason.RETRY_UNCLEAR
    return request.but(outcome=Outcome.FAILED, reason=str(reason), message=reason.help, time=now)


def _as_job(status: ProjectJobStatus, row_id: str, link: Link, now: datetime) -> tuple[Snapshot, JobStatus]:
    """The row as if it were a job object. Where a list tells that a job ended, but not when, it ended `now`."""
    finished = status.state is not None and status.state.finished
    job = JobStatus(
        state=status.state,
        job_id=status.job_id,
        completion_time=(status.completion_time or now) if finished else None,
        submission=Submission(handle={"jobId": status.job_id} if status.job_id else {"rowId": row_id}),
    )
    snap = Snapshot(
        spec=None,
        status=job,
        traits=traits_of(status.type or ""),
        created=now,
        link=link,
        has_source=False,
    )
    return snap, job
