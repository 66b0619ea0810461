"""What people ask by annotation: cancel, retry, resolve-submission. Judged here, carried out by `choose`.

An annotation's value is a token: a new value is a new request. Each is mirrored once into the status, also when it is
refused. A cancel comes before a retry; the retry is then judged on the result.

A job may have two objects that take requests, its own and its row in a JobCenter. Of each the last token is kept, so
that the one's request is never taken for a new one of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Evidence, JobStatus, Outcome, RequestStatus, State
from zilliz_jobs.core.attempts import ended, next_attempt, said
from zilliz_jobs.core.looking import resubmitted
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.resolution import adoption, parse_resolution, resolved
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import RetryRule, Snapshot, handle_of, is_finished, is_open
from zilliz_jobs.core.steps import is_addressable, is_between, left_behind

MAX_TOKEN = 256
UNKNOWN_ENDS = frozenset({Reason.JOB_LOST, Reason.OUTCOME_UNKNOWN, Reason.SUBMISSION_UNKNOWN})
"""Ends after which the job may still run in the cloud."""

Verdict = tuple[Outcome, Reason, str]


def heed(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    """The status after every request that is new or still waits."""
    status = _heed_cancel(s, status, now)
    status = _heed_resolution(s, status, now)
    return _heed_retry(s, status, now)


@dataclass(frozen=True)
class Asked:
    """A request that is to be judged, and the token that stands at the other place and was judged before."""

    token: str
    annotation: str | None = None
    elsewhere: str | None = None


def mirrored(asked: Asked | str, verdict: Verdict, now: datetime) -> RequestStatus:
    """The request with this verdict, as a status holds it."""
    asked = Asked(asked) if isinstance(asked, str) else asked
    token = asked.token
    outcome, reason, message = verdict
    if len(token) > MAX_TOKEN:
        outcome, reason = Outcome.REFUSED, Reason.TOKEN_TOO_LONG
        message = f"the token has {len(token)} characters; at most {MAX_TOKEN} are allowed"
    return RequestStatus(
        token=token[:MAX_TOKEN],
        annotation=asked.annotation,
        elsewhere=asked.elsewhere,
        time=now,
        outcome=outcome,
        reason=str(reason),
        message=shortened(message, MAX_MESSAGE),
    )


def is_new(token: str | None, known: RequestStatus | None) -> bool:
    """Whether the object's own annotation asks for something that was not judged yet."""
    if not token:
        return False
    return known is None or token[:MAX_TOKEN] not in (known.token, known.annotation)


def is_new_elsewhere(token: str | None, known: RequestStatus | None) -> bool:
    """The same of a token that stands at the other object."""
    if not token:
        return False
    return known is None or token[:MAX_TOKEN] not in (known.token, known.elsewhere)


def newest(own: str | None, other: str | None, known: RequestStatus | None) -> Asked | None:
    """The request to judge now, the object's own first; None where both were judged."""
    if own and is_new(own, known):
        came_from_there = known is not None and known.annotation is not None
        return Asked(own, elsewhere=(known.token if came_from_there else known.elsewhere) if known else None)
    if other and is_new_elsewhere(other, known):
        return Asked(other, annotation=(own or "")[:MAX_TOKEN])
    return None


# -- cancel ----------------------------------------------------------------------------------------------------------


def _heed_cancel(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    known = status.cancel
    new = newest(s.cancel_token, s.cancel_asked, known)
    asked = new or (again(known) if known and _still_waits(status, known) else None)
    if asked is None:
        return status
    verdict = judge_cancel(s, status)
    request = mirrored(asked, verdict, now)
    if known and new is None and known.outcome is request.outcome:
        return status
    status = status.but(cancel=request)
    if request.outcome is Outcome.COMPLETED:
        status = status.but(submission=None)
        return ended(s, status, State.CANCELED, verdict[1], verdict[2], now)
    return status


def _still_waits(status: JobStatus, known: RequestStatus) -> bool:
    """Whether a cancel is to be judged once more: it waits for the cloud, or the cloud took it and the step ended
    well all the same, so that no other step may follow."""
    if known.outcome is Outcome.REQUESTED:
        return True
    return known.outcome is Outcome.ACCEPTED and is_between(status)


def again(known: RequestStatus) -> Asked:
    """A request that waits, to be judged once more."""
    return Asked(known.token, known.annotation, known.elsewhere)


def judge_cancel(s: Snapshot, status: JobStatus) -> Verdict:
    """Requested means: may be asked of the cloud, now or as soon as the open submission is found."""
    if is_finished(status):
        return Outcome.REFUSED, Reason.ALREADY_FINISHED, f"the job has ended already: {status.state}"
    if is_open(status):
        return Outcome.REQUESTED, Reason.CANCEL_REQUESTED, "waits until the open submission is found"
    if not handle_of(status):
        if adoption(s, status) is not None:
            return Outcome.REQUESTED, Reason.CANCEL_REQUESTED, "waits until the job to adopt is found"
        if not status.steps:
            told = "cancelled before anything was sent to the cloud"
            return Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION, told
        if s.traits.can_cancel:
            behind = left_behind(s.traits, status)
            return (
                Outcome.COMPLETED,
                Reason.CANCELED,
                "; ".join(filter(None, ("cancelled between two steps", behind))),
            )
        return Outcome.REFUSED, s.traits.why_no_cancel, s.traits.why_no_cancel.help
    if not s.traits.can_cancel:
        return Outcome.REFUSED, s.traits.why_no_cancel, s.traits.why_no_cancel.help
    if s.link.problem:
        return Outcome.REQUESTED, Reason.CANCEL_REQUESTED, f"waits for the connection: {s.link.problem.message}"
    if s.traits.cancel_needs_console and not s.link.console:
        way_out = (
            "the cloud's public API has no cancel; cancel the job in the web console (the object follows it), "
            "or set consoleApi.enabled on the connection and ask again with a new token"
        )
        return Outcome.REFUSED, Reason.NO_PUBLIC_API, way_out
    if not is_addressable(s, status):
        return Outcome.REFUSED, Reason.JOB_ID_UNKNOWN, Reason.JOB_ID_UNKNOWN.help
    return Outcome.REQUESTED, Reason.CANCEL_REQUESTED, "the cloud is asked to cancel the job"


# -- resolve-submission ----------------------------------------------------------------------------------------------


def _heed_resolution(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    known = status.resolution
    new = s.resolve_token if is_new(s.resolve_token, known) else None
    token = new or (known.token if known and known.outcome is Outcome.REQUESTED else None)
    if token is None:
        return status
    decision = parse_resolution(token)
    if decision is None:
        return status.but(
            resolution=mirrored(token, (Outcome.REFUSED, Reason.BAD_RESOLUTION, Reason.BAD_RESOLUTION.help), now)
        )
    submission = status.submission
    if is_finished(status) or not is_open(status) or not submission or submission.token != decision.submission_token:
        return status.but(
            resolution=mirrored(token, (Outcome.REFUSED, Reason.STALE_TOKEN, Reason.STALE_TOKEN.help), now)
        )
    if new:
        note = "is carried out as soon as the look-up has given up"
        request = mirrored(token, (Outcome.REQUESTED, Reason.LOOKING_FOR_SUBMISSION, note), now)
        status = status.but(resolution=request)
        if request.outcome is not Outcome.REQUESTED:
            return status
    if submission.evidence is not Evidence.UNKNOWN or decision.verb == "adopt":
        return status  # still being looked up; or adopted by reading the job first
    if decision.verb == "resubmit" and not s.has_source:
        return resolved(status, Outcome.REFUSED, Reason.NO_SOURCE, Reason.NO_SOURCE.help, now)
    status = resolved(status, Outcome.COMPLETED, Reason.RESOLVED, f"decided by annotation: {decision.verb}", now)
    if decision.verb == "resubmit":
        return resubmitted(status, "submitted again, as the annotation said", not_before=now)
    message = "given up by annotation; what became of the submission in the cloud is unknown"
    return ended(s, status, State.FAILED, Reason.SUBMISSION_UNKNOWN, message, now)


# -- retry -----------------------------------------------------------------------------------------------------------


def _heed_retry(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    asked = newest(s.retry_token, s.retry_asked, status.retry)
    if asked is None:
        return status
    if not is_finished(status) and status.cancel and status.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED):
        return status  # judged on what the cancel leads to
    request = mirrored(asked, judge_retry(s, status), now)
    if request.outcome is Outcome.ACCEPTED:
        status = said(next_attempt(status, not_before=now), Reason.WAITING, "a retry was requested")
    return status.but(retry=request)


def judge_retry(s: Snapshot, status: JobStatus) -> Verdict:
    """Accepted means: a new attempt begins with this very status write."""
    if s.deleting_since:
        return Outcome.REFUSED, Reason.NOT_FAILED, "the object is being deleted"
    if not is_finished(status):
        if is_open(status):
            return Outcome.REFUSED, Reason.NOT_FAILED, "the submission is open; use resolve-submission to decide it"
        return Outcome.REFUSED, Reason.NOT_FAILED, f"the job has not ended: {status.state}"
    if status.state not in (State.FAILED, State.UNKNOWN):
        return Outcome.REFUSED, Reason.NOT_FAILED, f"only a failed job can be retried; this one is {status.state}"
    doubt = next((reason for reason in UNKNOWN_ENDS if reason == status.reason), None)
    if doubt and not is_finished(s.status):
        # Asked for while the job was thought to run: a second one beside it needs a decision that knows of the doubt.
        message = "what became of the job was not known when the retry was asked for; ask again with a new token"
        return Outcome.REFUSED, doubt, message
    if s.traits.retry is RetryRule.NEVER:
        return Outcome.REFUSED, Reason.KIND_HAS_NO_RETRY, Reason.KIND_HAS_NO_RETRY.help
    if not s.may_retry:
        return Outcome.REFUSED, Reason.RESUBMIT_NOT_ALLOWED, Reason.RESUBMIT_NOT_ALLOWED.help
    in_place = s.traits.retry is RetryRule.FREELY and s.link.console and status.job_id
    if s.traits.only_in_place:
        return _judge_in_place(s, status)
    if not s.has_source and not in_place:
        return Outcome.REFUSED, Reason.NO_SOURCE, Reason.NO_SOURCE.help
    return Outcome.ACCEPTED, Reason.RETRY_STARTED, Reason.RETRY_STARTED.help


def _judge_in_place(s: Snapshot, status: JobStatus) -> Verdict:
    """While the connection has a problem, what it allows may not be known; then the retry waits for it."""
    if s.link.problem is None and not s.link.console:
        way_out = (
            "the cloud's public API has no retry; retry the import in the web console, submit it again by an "
            "ImportJob, or set consoleApi.enabled on the connection and ask again with a new token"
        )
        return Outcome.REFUSED, Reason.NO_PUBLIC_API, way_out
    if not status.job_id:
        return Outcome.REFUSED, Reason.JOB_ID_UNKNOWN, Reason.JOB_ID_UNKNOWN.help
    return Outcome.ACCEPTED, Reason.RETRY_STARTED, Reason.RETRY_STARTED.help


def cancel_wanted(s: Snapshot, status: JobStatus) -> bool:
    """A person's cancel waits for the cloud, and may be asked of it now."""
    asked = status.cancel is not None and status.cancel.outcome is Outcome.REQUESTED
    return asked and bool(handle_of(status)) and judge_cancel(s, status)[0] is Outcome.REQUESTED
