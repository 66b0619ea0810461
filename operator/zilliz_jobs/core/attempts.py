"""The transitions of a status: an attempt begins, is sent, is taken, ends. Each returns a new status.

Everything that sets `state` or `completionTime` is here, so the rules "Failed only when no automatic attempt is left"
and "a finished state never changes back, except by a retry" have one place.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from zilliz_jobs.api.jobstatus import (
    MAX_ATTEMPTS,
    MAX_MESSAGE,
    Attempt,
    Evidence,
    JobStatus,
    Outcome,
    State,
    Submission,
)
from zilliz_jobs.core.backoff import before_attempt
from zilliz_jobs.core.lateeffects import unresolved_since
from zilliz_jobs.core.notices import noted
from zilliz_jobs.core.observation import Handle, Prepared
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, handle_of
from zilliz_jobs.core.steps import (
    End,
    has_begun,
    is_composed,
    is_over,
    last_job_id,
    next_step,
    overall,
    verdict,
    with_row,
)

NEVER_RETRIED_BY_POLICY = frozenset(
    {
        Reason.JOB_LOST,
        Reason.OUTCOME_UNKNOWN,
        Reason.SUBMISSION_UNKNOWN,
        Reason.DEADLINE_EXCEEDED,
        Reason.CHANGED_ELSEWHERE,
        Reason.NAME_TAKEN,
    }
)


def said(status: JobStatus, reason: Reason | str, message: str) -> JobStatus:
    """The status with this explanation; the message is cut to what a status may hold."""
    return status.but(reason=str(reason), message=shortened(message, MAX_MESSAGE))


def prepared(status: JobStatus, found: Prepared, step: str, now: datetime) -> JobStatus:
    """The intent: written before the request is sent.

    A later send of the same attempt keeps the token and what the first look compared with: an effect of an earlier
    send that shows after all must not look as if it had been there before.
    """
    earlier = status.submission
    again = earlier if earlier and earlier.sends and earlier.step == step else None
    submission = Submission(
        attempt=attempt_of(status).number,
        step=step,
        token=again.token if again else found.token,
        holder=found.holder,
        intent_time=now,
        cloud_time=again.cloud_time if again else found.cloud_time,
        sends=(again.sends if again else 0) + 1,
        baseline=again.baseline if again else found.baseline or None,
        credentials_secret=found.credentials_secret,
        notices=again.notices if again else None,
        secret_versions=dict(found.secret_versions) or None,
        evidence=Evidence.SENDING,
        name_taken_time=again.name_taken_time if again else None,
    )
    submission = noted(submission, found.notices)
    return said(status.but(submission=submission), Reason.SUBMITTING, "the submission is on its way")


def taken(
    status: JobStatus,
    handle: Handle,
    evidence: Evidence,
    result: dict[str, Any],
    why: tuple[Reason, str],
    *,
    credentials_stored: bool = False,
) -> JobStatus:
    """The cloud has the job, and this is what it knows it by."""
    submission = (status.submission or Submission()).but(
        handle=handle, evidence=evidence, look_since=None, absent_since=None
    )
    if submission.credentials_secret:
        submission = submission.but(credentials_stored=credentials_stored)
        result = {**result, "credentialsSecretName": submission.credentials_secret}
    retry = status.retry
    if retry and retry.outcome is Outcome.ACCEPTED:
        retry = retry.but(outcome=Outcome.COMPLETED, message=f"the cloud took attempt {attempt_of(status).number}")
    return said(
        status.but(
            submission=submission,
            job_id=handle.get("jobId") or None,
            result={**(status.result or {}), **result} or None,
            retry=retry,
        ),
        *why,
    )


def not_taken(status: JobStatus, evidence: Evidence, sends: int) -> JobStatus:
    """Proven: the cloud does not have it. Without any open send the record goes, and the spec may be edited again."""
    if status.submission is None or sends == 0:
        return status.but(submission=None)
    return status.but(
        submission=status.submission.but(evidence=evidence, sends=sends, look_since=None, absent_since=None)
    )


def ended(
    s: Snapshot,
    status: JobStatus,
    state: State,
    reason: Reason,
    message: str,
    now: datetime,
    *,
    end: datetime | None = None,
) -> JobStatus:
    """The end of what is at work: of the job, or of one step of several; then the next step's turn comes.

    `end`: when it ended by the cloud's clock; `now` where the cloud does not tell.
    """
    if not is_composed(s, status) or (
        not status.steps and status.submission is None and state is not State.SUCCESSFUL
    ):
        return _closed(status, End(state, str(reason), message, end or now), now)
    status = with_row(s, status, End(state, str(reason), message, end or now), now)
    if is_over(s, status):
        return _closed(status.but(job_id=last_job_id(s, status)), verdict(s, status, now), now)
    status = status.but(
        state=State.IN_PROGRESS,
        submission=None,
        job_id=None,
        cloud_status=None,
        progress_percent=overall(s, status, 0),
        last_progress_time=now,
    )
    following = next_step(s, status)
    word = Reason.CLEANING_UP if following == s.traits.cleanup else Reason.WAITING
    return with_attempt(said(status, word, f"step {following} follows"))


def _closed(status: JobStatus, end: End, now: datetime) -> JobStatus:
    """The job's end as the object will keep it; a request that still waits learns that it came too late."""
    state, reason, message = end.state, end.reason, end.message
    cancel = status.cancel
    if cancel and cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED):
        if state is State.CANCELED:
            cancel = cancel.but(
                outcome=Outcome.COMPLETED, reason=str(Reason.CANCELED), message="the job is cancelled", time=now
            )
        else:
            cancel = cancel.but(
                outcome=Outcome.REFUSED,
                reason=str(Reason.ALREADY_FINISHED),
                message=f"the job ended before it could be cancelled: {state}",
                time=now,
            )
    retry = status.retry
    if retry and retry.outcome is Outcome.ACCEPTED:
        retry = retry.but(outcome=Outcome.FAILED, reason=reason, message=shortened(message, MAX_MESSAGE), time=now)
    decision = status.resolution
    if decision and decision.outcome is Outcome.REQUESTED:
        late = f"the job ended before its submission could be decided: {state}"
        decision = decision.but(outcome=Outcome.REFUSED, reason=str(Reason.ALREADY_FINISHED), message=late, time=now)
    requests = {"cancel": cancel, "retry": retry, "resolution": decision}
    done = said(status.but(state=state, completion_time=end.time, **requests), reason, message)
    if state is State.SUCCESSFUL:
        done = done.but(progress_percent=100)
    return with_attempt(done.but(estimated_completion_time=None))


def failed(
    s: Snapshot, status: JobStatus, reason: Reason, message: str, now: datetime, *, end: datetime | None = None
) -> JobStatus:
    """The attempt failed: the job's end, or the next attempt where retryPolicy has one left."""
    done = ended(s, status, State.FAILED, reason, message, now, end=end)
    if not is_retried(s, status, reason):
        return done
    used = attempt_of(status).automatic or 0
    due = now + timedelta(seconds=ceil(before_attempt(used + 1, s.policy, s.jitter)))
    # A retry that a person asked for is not over yet: the next attempt may still carry it out.
    following = next_attempt(done.but(retry=status.retry), automatic=used + 1, not_before=due)
    return said(
        following,
        Reason.RETRY_SCHEDULED,
        f"attempt {attempt_of(status).number} failed: {message}; retry {used + 1} of {s.policy.limit} follows",
    )


def is_retried(s: Snapshot, status: JobStatus, reason: Reason) -> bool:
    """Whether retryPolicy has an attempt left for one that fails for this reason."""
    used = attempt_of(status).automatic or 0
    stopped = status.cancel and status.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
    wanted = used < (s.policy.limit or 0) and reason not in NEVER_RETRIED_BY_POLICY and not stopped
    return wanted and s.may_retry and s.has_source and not s.deleting_since


def next_attempt(status: JobStatus, *, automatic: int = 0, not_before: datetime | None = None) -> JobStatus:
    """A fresh row of the table: nothing sent, nothing known; the past stays in `attempts`. Of a job of several steps
    only the one at work begins anew, unless the job had ended: then all of them do."""
    half_way = has_begun(status)
    attempts = with_attempt(status).attempts or []
    if tokens := _spent_tokens(status):
        attempts = [*attempts[:-1], attempts[-1].but(tokens=tokens)]
    new = Attempt(
        number=attempt_of(status).number + 1,
        automatic=automatic or None,
        not_before=not_before,
        unresolved_since=unresolved_since(status, given_up=True),
    )
    again = status.but(
        state=State.IN_PROGRESS if half_way else State.PENDING,
        attempts=[*attempts, new][-MAX_ATTEMPTS:],
        submission=None,
        job_id=None,
        cloud_status=None,
        completion_time=None,
        result_pending=None,
    )
    if half_way:
        return again
    return again.but(
        steps=None, progress_percent=None, last_progress_time=None, start_time=None, created_by=None, result=None
    )


def _spent_tokens(status: JobStatus) -> list[str]:
    """Of a job of several steps: by which its attempt that is over marked what it made, as far as no row of a step
    goes on telling that."""
    over = [] if has_begun(status) else [row.submission for row in status.steps or []]
    records = [*over, status.submission] if status.steps else []
    return [*dict.fromkeys(one.token for one in records if one and one.token)]


def with_attempt(status: JobStatus) -> JobStatus:
    """`attempts[-1]` brought in line with what the status says of the current attempt."""
    current = attempt_of(status)
    ended_already = status.state is not None and status.state.finished
    row = current.but(
        job_id=status.job_id,
        state=status.state,
        start_time=status.start_time,
        completion_time=status.completion_time,
        unresolved_since=unresolved_since(status),
        secret_versions=status.submission.secret_versions if status.submission else current.secret_versions,
        not_before=None if ended_already or handle_of(status) else current.not_before,
        reason=status.reason if ended_already else None,
        message=status.message if ended_already else None,
    )
    return status.but(attempts=[*(status.attempts or [])[:-1], row])
