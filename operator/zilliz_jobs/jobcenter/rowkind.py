"""A row of the job centre whose job belongs to no object: cancelled and retried in place, through the console only.

A retry may keep the job's id or get another one, and no list tells which new job is whose retry. So only a job that
has moved on proves that the retry arrived; that it did not is never claimed, and it is not sent again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    Found,
    Impossible,
    Look,
    Missing,
    Refused,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.jobcenter.rowjob import ROW_ID, ROW_JOB, RowSpec
from zilliz_jobs.kinds import answers, rowtypes
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest

STATES = (State.PENDING, State.IN_PROGRESS)


class RowKind(JobKind[RowSpec]):
    resource: ClassVar[Resource] = ROW_JOB
    traits: ClassVar[Traits] = Traits(only_in_place=True)

    # -- what it says of itself

    def target(self, spec: RowSpec) -> str:
        return spec.row_id

    def description(self, spec: RowSpec) -> str:
        return f"{spec.row_type} {spec.row_id}"

    def submission_lock(self, spec: RowSpec, step: str = SUBMIT_STEP) -> str:
        """The job itself: it may be a row of several JobCenters."""
        return f"row/{spec.row_type}/{spec.row_id}"

    def traits_of(self, spec: RowSpec) -> Traits:
        """What the cloud allows for jobs of this type; nothing for a type that is not known. A row has no spec, so a
        retry that needs a second submission is impossible."""
        known = rowtypes.TRAITS.get(spec.row_type, Traits())
        retry = known.retry if known.retry is RetryRule.FREELY else RetryRule.NEVER
        return replace(known, retry=retry, steps=(), cleanup="", only_in_place=True)

    def has_source(self, spec: RowSpec) -> bool:
        return False

    def listed(self, account: Account, spec: RowSpec, status: JobStatus) -> None:
        return None  # the JobCenter reads the lists

    # -- what it asks of the cloud

    async def baseline(
        self, account: Account, spec: RowSpec, context: SubmitContext
    ) -> Baselined | Impossible | Blocked:
        """The job as it is before its retry. What the row says may be as old as the last reading of the list."""
        job_id = _job_before(context.status)
        if account.session.console is None or context.step != RETRY_STEP:
            reason = Reason.JOB_ID_UNKNOWN if account.session.console and not job_id else Reason.NO_PUBLIC_API
            return Impossible(reason, reason.help)
        try:
            job = await account.session.console.describe(job_id)
        except NotFound:  # forgotten: the retry is refused in the cloud's own words
            return Baselined({"jobId": [job_id], "endTime": [""]})
        state = state_of(job.status)
        if state is None:
            word = f"the cloud reports the unknown status {job.status!r}"
            return Blocked(Reason.UNKNOWN_CLOUD_STATUS, f"{word}, which does not tell whether the job has failed")
        if state is not State.FAILED:
            told = "has not ended" if not state.finished else "has not failed"
            return Impossible(Reason.NOT_FAILED, f"the job {told}: {state}")
        return Baselined({"jobId": [job_id], "endTime": [format_time(job.end_time) if job.end_time else ""]})

    async def submit(self, account: Account, spec: RowSpec, request: SubmitRequest) -> SubmitAnswer:
        """The console's retry."""
        console = account.session.console
        if console is None:
            return Refused(Reason.NO_PUBLIC_API, Reason.NO_PUBLIC_API.help)
        job_id, _ = _before(request.submission)
        reply = await console.retry(job_id, token=request.token, fence=request.fence)
        answer = answers.submitted(reply, ("jobId",))
        if isinstance(answer, Accepted) and not answer.handle:
            return Accepted({ROW_ID: spec.row_id})
        return answer

    async def find(self, account: Account, spec: RowSpec, submission: Submission, free: Claimable) -> Look:
        console = account.session.console
        job_id, ended = _before(submission)
        if console is None:
            return Undecided("the console, which alone can tell, may not be asked")
        try:
            job = await console.describe(job_id)
        except NotFound:
            return Undecided(f"the cloud does not know job {job_id} any more, which may have been retried")
        state = state_of(job.status)
        if state in STATES:
            return Found({"jobId": job_id}, Evidence.MARKER)
        if state is None:
            return Undecided(f"job {job_id} is {job.status!r}, a word that does not tell whether it was retried")
        if state is State.FAILED and not (ended and job.end_time and format_time(job.end_time) != ended):
            return Undecided(f"job {job_id} shows no sign of the retry, which may have got an id of its own")
        return Found({"jobId": job_id}, Evidence.MARKER)  # it has ended once more

    async def observe(self, account: Account, spec: RowSpec, status: JobStatus) -> Seen | Missing:
        job_id, console = status.job_id or "", account.session.console
        if console is None:
            return await answers.follow(account.session, job_id) or Missing()
        job = await console.describe(job_id)
        return Seen(state=state_of(job.status), cloud_status=job.status, job_id=job_id)


def _job_before(status: JobStatus) -> str:
    """The id of the job that is to be retried."""
    attempts = status.attempts or []
    return (attempts[-2].job_id if len(attempts) > 1 else None) or ""


def _before(submission: Submission) -> tuple[str, str]:
    """Id and end of the job as they were before its retry; "" for what was not told."""
    baseline: dict[str, list[str]] = submission.baseline or {}
    return next(iter(baseline.get("jobId") or []), ""), next(iter(baseline.get("endTime") or []), "")
