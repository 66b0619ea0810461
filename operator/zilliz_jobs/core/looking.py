"""The look-up of a submission whose answer was lost: when it counts as found, as absent, and as unknown.

Absent takes two looks that agree, the second after the time that a late request may still take. Found needs no wait;
Elsewhere needs it, since the request may still bring about what is wanted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.attempts import ended, failed, next_attempt, not_taken, said, taken, with_attempt
from zilliz_jobs.core.backoff import before_attempt
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot, attempt_of, counted, is_requested


def looked(
    s: Snapshot,
    status: JobStatus,
    seen: seen_.Found | seen_.Absent | seen_.Elsewhere | seen_.Undecided,
    now: datetime,
) -> JobStatus:
    """The status after a complete look for its open submission."""
    submission = status.submission
    if submission is None:
        return status
    since = counted(s, submission.look_since, now)
    if since == now:
        submission = submission.but(absent_since=None)  # of a time that cannot be compared with now
    settled = now - since >= s.settle
    submission = submission.but(look_since=since)
    match seen:
        case seen_.Found(handle, evidence, result):
            why, stored = (Reason.FOUND, "the submission was found again in the cloud"), seen.credentials_stored
            return with_attempt(taken(status, handle, evidence, result, why, credentials_stored=stored))
        case seen_.Absent() if submission.absent_since is None or not settled:
            first = submission.absent_since or now
            return looking(status.but(submission=submission.but(absent_since=first)), "not found so far")
        case seen_.Absent() if submission.evidence is Evidence.REFUSED:
            status = status.but(submission=None)
            return failed(s, status, Reason.REJECTED, status.message or "the cloud refused the job", now)
        case seen_.Absent() if submission.sends >= s.rules.max_sends:
            message = f"sent {submission.sends} times, and the cloud took none of them"
            return failed(s, status.but(submission=None), Reason.SUBMISSION_FAILED, message, now)
        case seen_.Absent():
            status = not_taken(status, Evidence.ABSENT, submission.sends)
            return said(status, Reason.WAITING, "the cloud did not take the submission; it is sent again")
        case seen_.Elsewhere(message) if not settled:
            return looking(status.but(submission=submission.but(absent_since=None)), message)
        case seen_.Elsewhere(message, reason):
            return failed(s, status, reason, message, now)
        case seen_.Undecided(message):
            status = status.but(submission=submission.but(absent_since=None))
            return _unknown(s, status, message, now) if settled else looking(status, message)


def looking(status: JobStatus, message: str) -> JobStatus:
    """The look-up goes on; `message` says how it stands."""
    # Kept: the words of a refusal, the verdict if the look-up finds nothing; and the advice to a person.
    if status.submission and status.submission.evidence in (Evidence.REFUSED, Evidence.UNKNOWN):
        return status
    return said(status, Reason.LOOKING_FOR_SUBMISSION, f"the submission is being looked up in the cloud: {message}")


def _unknown(s: Snapshot, status: JobStatus, message: str, now: datetime) -> JobStatus:
    submission = status.submission
    assert submission is not None  # noqa: S101 - callers hold an open submission
    told = (
        f"{message}; decide with the annotation jobs.zilliz.com/resolve-submission: "
        f"{submission.token}=adopt:<jobId>, {submission.token}=resubmit or {submission.token}=abandon"
    )
    # A person's decision comes before the policy; and what a person wants cancelled is not submitted again.
    again = s.on_unknown is OnSubmissionUnknown.RESUBMIT
    ending = is_requested(status.cancel) or s.deleting_since is not None
    held = is_requested(status.resolution) or (again and (ending or not s.has_source))
    used, limit = attempt_of(status).automatic or 0, s.resubmissions
    if again and not held and used >= limit:
        held, told = True, f"{told}; {_spent(s)}"
    match OnSubmissionUnknown.WAIT if held else s.on_unknown:
        case OnSubmissionUnknown.WAIT:
            status = status.but(submission=submission.but(evidence=Evidence.UNKNOWN))
            return said(status, Reason.SUBMISSION_UNKNOWN, told)
        case OnSubmissionUnknown.FAIL:
            return ended(s, status, State.FAILED, Reason.SUBMISSION_UNKNOWN, message, now)
        case OnSubmissionUnknown.RESUBMIT:
            # What cannot be looked up may be in the cloud each time, so these attempts are counted, and spaced.
            due = now + timedelta(seconds=ceil(before_attempt(used + 1, s.policy, s.jitter)))
            told = f"{message}; submitted again ({used + 1} of {limit}), as retryPolicy.onSubmissionUnknown says"
            return resubmitted(status, told, automatic=used + 1, not_before=due)


def _spent(s: Snapshot) -> str:
    """Why the policy does not submit again, and what would change that."""
    limit = s.policy.limit
    if limit is None:
        return "onSubmissionUnknown is Resubmit, which without retryPolicy.limit submits again once; that was done"
    told = "allows no other submission" if limit == 0 else "is used up"
    return f"onSubmissionUnknown is Resubmit, but retryPolicy.limit {limit} {told}"


def resubmitted(
    status: JobStatus, message: str, *, automatic: int = 0, not_before: datetime | None = None
) -> JobStatus:
    """Another attempt, although the last one may run in the cloud; a person or the policy said so."""
    given_up = said(status.but(state=State.UNKNOWN), Reason.SUBMISSION_UNKNOWN, message)
    return said(next_attempt(given_up, automatic=automatic, not_before=not_before), Reason.WAITING, message)
