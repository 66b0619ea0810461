"""What an observation does to a status. Decides nothing: `choose` does, from the status that results."""

from __future__ import annotations

from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Evidence, JobStatus, Outcome, State, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.core import backupttl
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.attempts import ended, failed, is_retried, next_attempt, not_taken, said, taken, with_attempt
from zilliz_jobs.core.facts import completed, copies_run, facts
from zilliz_jobs.core.lateeffects import looked_late
from zilliz_jobs.core.looking import looked, looking
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.core.otherform import in_other_form
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.resolution import adoption, resolved
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import (
    RetryRule,
    Snapshot,
    attempt_of,
    counted,
    handle_of,
    is_finished,
    is_open,
    is_unsent,
    step_of,
)
from zilliz_jobs.core.steps import is_composed


def absorb(s: Snapshot, status: JobStatus, seen: Observation, now: datetime) -> JobStatus:
    """The status after `seen`. What does not fit the status (an echo that came too late) changes nothing."""
    if isinstance(seen, seen_.Accepted) and (is_finished(status) or handle_of(status)):
        return _beside(status, seen)
    if isinstance(seen, seen_.LateLook):
        return looked_late(s, status, seen, now)
    if isinstance(seen, seen_.Revived):
        return _revived(s, status, seen.seen, now)
    if is_finished(status):
        status = backupttl.absorbed(s, status, seen, now)
        return completed(status, seen) if status.result_pending or copies_run(status.result) else status
    match seen:
        case seen_.Seen() | seen_.Missing() | seen_.Blocked() if (wanted := adoption(s, status)) is not None:
            return _adopting(s, status, wanted, seen, now)
        case seen_.Seen() | seen_.Missing() | seen_.Unreadable() if handle_of(status):
            return _read(s, status, seen, now)
        case seen_.Blocked(reason, message) if is_unsent(status):
            return said(status, reason, message)
        case seen_.AlreadyDone(message) if is_unsent(status):
            return _already(s, status, message, now)
        case seen_.Impossible(reason, message) if is_unsent(status):
            return failed(s, status.but(submission=None), reason, message, now)
        case seen_.Unreadable(reason, message) if s.tries >= 2:
            # Neither the job to adopt nor the open submission can be looked at: a person should hear why.
            return said(status, reason, message) if is_unsent(status) else looking(status, message)
        case seen_.Accepted() | seen_.NotSent() | seen_.Refused() | seen_.EffectUnknown():
            return _answered(s, status, seen, now)
        case seen_.Found() | seen_.Absent() | seen_.Elsewhere() | seen_.Undecided() if is_open(status):
            return looked(s, status, seen, now)
        case seen_.CancelAccepted() | seen_.CancelRefused() | seen_.CancelUnclear() if handle_of(status):
            return _cancel_answered(status, seen, now)
        case _:
            return status


def _beside(status: JobStatus, seen: seen_.Accepted) -> JobStatus:
    """The cloud named another job than the one that is followed, or named it too late: neither may be lost."""
    submission, names = status.submission, [name for name in seen.handle.values() if name]
    if submission is None or not names:
        return status
    name = seen.handle.get("jobId") or names[0]
    if name in handle_of(status).values():
        return status
    others = submission.other_handles or []
    return status if name in others else status.but(submission=submission.but(other_handles=[*others, name]))


def _revived(s: Snapshot, status: JobStatus, seen: seen_.Seen, now: datetime) -> JobStatus:
    """A new attempt that nobody here submitted: a failed import was retried in the console, and kept its id."""
    active, end = seen.state in (State.PENDING, State.IN_PROGRESS), status.completion_time
    if not active or status.state is not State.FAILED or end is None:
        return status
    if s.traits.retry is not RetryRule.FREELY or not status.job_id:
        return status
    keys = attempt_of(with_attempt(status)).secret_versions  # the console goes on with those that the job had
    handle, status = {"jobId": status.job_id}, next_attempt(status)
    record = Submission(
        attempt=attempt_of(status).number,
        step=RETRY_STEP,
        intent_time=now,
        baseline={"jobId": [handle["jobId"]], "endTime": [format_time(end)]},
        secret_versions=keys,
    )
    why = (Reason.RETRIED_ELSEWHERE, Reason.RETRIED_ELSEWHERE.phrase)
    status = taken(status.but(submission=record), handle, Evidence.ADOPTED, {}, why)
    return _read(s, status, seen, now)


def _already(s: Snapshot, status: JobStatus, message: str, now: datetime) -> JobStatus:
    """The end of what needs no submission; a retry that led here has done what it was for."""
    retry = status.retry
    if retry and retry.outcome is Outcome.ACCEPTED:
        retry = retry.but(outcome=Outcome.COMPLETED, message="there was nothing left to submit")
    # What was proven not to be there still says whether the job goes by steps.
    record = status.submission if is_composed(s, status) else None
    done = status.but(submission=record, retry=retry)
    return ended(s, done, State.SUCCESSFUL, Reason.ALREADY_IN_STATE, message, now)


def _adopting(
    s: Snapshot, status: JobStatus, job_id: str, seen: seen_.Seen | seen_.Missing | seen_.Blocked, now: datetime
) -> JobStatus:
    """The object follows this job from now on, or says why it cannot."""
    match seen:
        case seen_.Seen():
            record = status.submission or Submission(intent_time=now)
            why = (Reason.ADOPTED, f"follows job {job_id}, which was started elsewhere")
            status = taken(status.but(submission=record), {"jobId": job_id}, Evidence.ADOPTED, {}, why)
            return _read(s, resolved(status, Outcome.COMPLETED, *why, now), seen, now)
        case seen_.Missing():
            reason, message = Reason.ADOPT_NOT_FOUND, f"the cloud knows no job {job_id}"
        case seen_.Blocked(reason, message):
            pass
    if is_open(status):  # named by the annotation: the open submission stays as it is
        return resolved(status, Outcome.REFUSED, reason, message, now)
    return said(status, reason, message)


def _read(
    s: Snapshot, status: JobStatus, seen: seen_.Seen | seen_.Missing | seen_.Unreadable, now: datetime
) -> JobStatus:
    match seen:
        case seen_.Seen():
            if seen.state is None or not seen.state.finished:
                return _running(s, status, seen, now)
            if (
                not seen.whole
                and seen.state is State.FAILED
                and is_retried(s, status, seen.reason or Reason.JOB_FAILED)
            ):
                return status  # the attempt's row must say why; the read of the job follows
            return _ended(s, facts(s, status, seen, now), seen, now)
        case seen_.Missing():
            return _missing(s, status, now)
        case seen_.Unreadable(reason, message):
            # One failed read is no news; a row of them is.
            return said(status, reason, message) if s.tries >= 2 else status


def _running(s: Snapshot, status: JobStatus, seen: seen_.Seen, now: datetime) -> JobStatus:
    status = facts(s, status, seen, now)
    if seen.state is None:
        word = f"the unknown status {seen.cloud_status!r}" if seen.cloud_status else "no status"
        return said(status, Reason.UNKNOWN_CLOUD_STATUS, f"the cloud reports {word}")
    reason = Reason.IN_PROGRESS if seen.state is State.IN_PROGRESS else Reason.PENDING
    if seen.reason is not None:  # what keeps it from going on
        reason = seen.reason
    if seen.canceling:
        reason = Reason.CANCELING
    message = seen.message or reason.phrase
    if is_composed(s, status):
        message = f"step {step_of(status)}: {message}"
    state = State.IN_PROGRESS if status.steps else seen.state
    return with_attempt(said(status.but(state=state), reason, message))


def _ended(s: Snapshot, status: JobStatus, seen: seen_.Seen, now: datetime) -> JobStatus:
    end, status = seen.end_time, status.but(result_pending=None if seen.whole or is_composed(s, status) else True)
    match seen.state:
        case State.SUCCESSFUL:
            return ended(
                s, status, State.SUCCESSFUL, Reason.SUCCESSFUL, seen.message or "the job ended well", now, end=end
            )
        case State.CANCELED:
            by_person = status.cancel and status.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED)
            late = status.submission and status.submission.cancel_time and not by_person
            reason = Reason.DEADLINE_EXCEEDED if late else Reason.CANCELED
            message = seen.message or ("cancelled past its deadline" if late else "the job was cancelled")
            return ended(s, status, State.CANCELED, reason, message, now, end=end)
        case State.UNKNOWN:
            message = seen.message or "what the job made is gone from the cloud"
            return ended(s, status, State.UNKNOWN, Reason.OUTCOME_UNKNOWN, message, now, end=end)
        case _:
            message = seen.message or ("the cloud gave no reason" if seen.whole else "it failed; why is read next")
            return failed(s, status, seen.reason or Reason.JOB_FAILED, message, now, end=end)


def _missing(s: Snapshot, status: JobStatus, now: datetime) -> JobStatus:
    submission = status.submission
    if submission is None:
        return status
    since = counted(s, submission.missing_since, now)
    status = status.but(submission=submission.but(missing_since=since))
    if now - since < timedelta(seconds=s.rules.missing_grace):
        return said(status, Reason.JOB_NOT_SEEN, "the cloud does not show the job at the moment")
    if status.cloud_status is None:
        return ended(s, status, State.UNKNOWN, Reason.JOB_LOST, "the cloud named the job but never showed it", now)
    return ended(
        s, status, State.UNKNOWN, Reason.OUTCOME_UNKNOWN, "the cloud forgot the job before its end was seen", now
    )


def _answered(
    s: Snapshot,
    status: JobStatus,
    seen: seen_.Accepted | seen_.NotSent | seen_.Refused | seen_.EffectUnknown,
    now: datetime,
) -> JobStatus:
    submission = status.submission
    if submission is None:
        return status
    awaited = submission.evidence is Evidence.SENDING and submission.look_since is None
    match seen:
        case seen_.Accepted(handle, result):
            why, stored = (Reason.SUBMITTED, "the cloud took the job"), seen.credentials_stored
            return with_attempt(taken(status, handle, Evidence.ANSWERED, result, why, credentials_stored=stored))
        case _ if not awaited:
            return status  # an answer to an earlier send: it proves nothing about what is being looked for
        case seen_.NotSent(reason, message):
            return said(not_taken(status, Evidence.NOT_SENT, submission.sends - 1), reason, message)
        case seen_.Refused() if (again := in_other_form(s, status, seen)) is not None:
            return again
        case seen_.Refused(reason, message, heals) if submission.sends > 1 and heals:
            # Not now, says the cloud; perhaps because an earlier send took effect after all. Look, then send again.
            doubt = submission.but(sends=submission.sends - 1, look_since=now)
            if reason is Reason.NAME_TAKEN:
                doubt = doubt.but(name_taken_time=doubt.name_taken_time or now)
            return said(status.but(submission=doubt), reason, message)
        case seen_.Refused(reason, message) if submission.sends > 1:
            # A refusal of this send says nothing about the sends before it.
            doubt = submission.but(evidence=Evidence.REFUSED, look_since=now)
            return said(status.but(submission=doubt), reason, message)
        case seen_.Refused(reason, message, heals):
            status = status.but(submission=None)
            if heals:
                return said(status, reason, message)
            return failed(s, status, reason, message, now)
        case seen_.EffectUnknown(message):
            doubt = submission.but(look_since=now)
            return said(status.but(submission=doubt), Reason.LOOKING_FOR_SUBMISSION, message)


def _cancel_answered(
    status: JobStatus, seen: seen_.CancelAccepted | seen_.CancelRefused | seen_.CancelUnclear, now: datetime
) -> JobStatus:
    asked = status.cancel if status.cancel and status.cancel.outcome is Outcome.REQUESTED else None
    match seen:
        case seen_.CancelUnclear(message):
            return status.but(cancel=asked.but(message=shortened(message, MAX_MESSAGE))) if asked else status
        case seen_.CancelAccepted() if asked:
            note = "the cloud accepted the cancel"
            accepted = asked.but(outcome=Outcome.ACCEPTED, reason=str(Reason.CANCEL_ACCEPTED), message=note, time=now)
            return status.but(cancel=accepted)
        case seen_.CancelRefused(reason, message) if asked:
            return status.but(
                cancel=asked.but(
                    outcome=Outcome.REFUSED, reason=str(reason), message=shortened(message, MAX_MESSAGE), time=now
                )
            )
        case _:
            # Asked for by a deadline or a deletion: once is enough.
            assert status.submission is not None  # noqa: S101 - callers hold a handle
            return status.but(submission=status.submission.but(cancel_time=now))
