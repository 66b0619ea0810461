"""From the cloud's errors and answers to the observations of the core: one table for all kinds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from zilliz_jobs.api.jobstatus import JobStatus, State
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.envelope import PERMISSION_CODE
from zilliz_jobs.cloud.errors import (
    CloudError,
    NoPermission,
    NotFound,
    ProtocolMismatch,
    Rejected,
    Transient,
    Unauthorised,
)
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.words import is_canceling, says_nothing, state_of
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    CancelAccepted,
    CancelAnswer,
    CancelRefused,
    CancelUnclear,
    EffectUnknown,
    Missing,
    NotSent,
    Refused,
    Seen,
    SubmitAnswer,
    Unreadable,
)
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import step_of

CLUSTER_BUSY_CODE = 40003  # documented: action not available in the present cluster status
IMPORTING_CODE = 47053  # documented: the cluster is importing
CLUSTER_NAME_CODE = 40013  # recorded: a cluster has the name already
TAKEN_WORDS = "already exist"  # of a collection; no page names a code for that
THROTTLED_STATUS = 429
LONGEST_ESTIMATE = timedelta(days=366)
NO_CLUSTER_CODES = frozenset({40021, 40022, 80020, 90117})  # documented: cluster missing, or no access to it
KEY_CODES = frozenset({21119, 80001, 80002, 1800})  # documented and recorded: the key is not accepted
PERMISSION_CODES = frozenset({PERMISSION_CODE, 40022})  # documented: the second is also "no such cluster"

A = TypeVar("A")


def unreadable(error: CloudError) -> Unreadable:
    """A failed read as one that says nothing of the job, also where the cloud answered NotFound. Pure."""
    return Unreadable(error.reason, error.message, error.retry_after if isinstance(error, Transient) else None)


def reading(error: CloudError) -> Missing | Unreadable:
    """A failed read of the job itself: Missing where the cloud answered that it does not know it. Pure."""
    return Missing() if isinstance(error, NotFound) else unreadable(error)


def waiting(error: CloudError) -> Blocked:
    """Why a submission cannot be prepared. What the cloud does not know before a submission is its target. Pure."""
    if isinstance(error, NotFound) or (isinstance(error, Rejected) and error.code in NO_CLUSTER_CODES):
        return Blocked(Reason.CLUSTER_NOT_FOUND, error.message)
    return Blocked(error.reason, error.message, error.retry_after if isinstance(error, Transient) else None)


def submitted(
    reply: effects.EffectReply,
    names: tuple[str, ...],
    *,
    busy: Reason = Reason.CLUSTER_BUSY,
    makes_named: bool = False,
) -> SubmitAnswer:
    """The four answers of a POST. `names`: the ids that make the handle. `busy`: what 40003 means for this kind.

    `makes_named`: the job makes something under a name, and the name can be taken. That heals: whoever has it may
    remove it; or it is the job's own, from a send whose answer was lost, and a look-up finds it.
    """
    match reply:
        case effects.Taken():
            return Accepted({name: reply.text(name) for name in names if reply.text(name)})
        case effects.NotSent(reason, message, retry_after):
            return NotSent(reason, message, retry_after)
        case effects.Uncertain(message):
            return EffectUnknown(message)
        case effects.Refused():
            return refused(reply, busy=busy, makes_named=makes_named)


def refused(reply: effects.Refused, *, busy: Reason = Reason.CLUSTER_BUSY, makes_named: bool = False) -> Refused:
    """What a refusal means; see `submitted`. Pure."""
    reason = _refusal(reply.code, reply.http_status, busy)
    if makes_named and reason is Reason.REJECTED and _is_taken(reply.code, reply.message):
        reason = Reason.NAME_TAKEN
    return Refused(reason, reply.message, heals=reason is not Reason.REJECTED, retry_after=reply.retry_after)


def _refusal(code: int | None, http_status: int, busy: Reason) -> Reason:
    if http_status == THROTTLED_STATUS:
        return Reason.RATE_LIMITED
    if http_status == 403 or code == PERMISSION_CODE:
        return Reason.NO_PERMISSION
    if code in KEY_CODES or http_status == 401:
        return Reason.KEY_REJECTED  # or the right to do this is missing: `accepts_key` tells
    if code in NO_CLUSTER_CODES:
        return Reason.CLUSTER_NOT_FOUND
    if code in (CLUSTER_BUSY_CODE, IMPORTING_CODE):
        return busy
    return Reason.REJECTED


def _is_taken(code: int | None, message: str) -> bool:
    return code == CLUSTER_NAME_CODE or TAKEN_WORDS in message.lower()


async def cancel(session: CloudSession, job_id: str, token: str, fence: Callable[[], None]) -> CancelAnswer:
    """Cancel through the console API; whether a refusal means "too late" is asked of the job itself. Raises no
    CloudError. May be repeated: a cancel of a job that is being cancelled changes nothing (inferred)."""
    if session.console is None:
        return CancelRefused(Reason.NO_PUBLIC_API, Reason.NO_PUBLIC_API.help)
    reply = await session.console.cancel(job_id, token=token, fence=fence)
    match reply:
        case effects.Taken():
            return CancelAccepted()
        case effects.NotSent(_, message, retry_after):
            return CancelUnclear(message, retry_after)
        case effects.Uncertain(message):
            return CancelUnclear(message)
        case effects.Refused(code, http_status, message, retry_after):
            if http_status == THROTTLED_STATUS:
                return CancelUnclear(message, retry_after)
            if code in PERMISSION_CODES or http_status == 403:
                return CancelRefused(Reason.NO_PERMISSION, message)
            if code in KEY_CODES or http_status == 401:
                return await _key_or_right(session, message, retry_after)
            return await _why_refused(session, job_id, message)


async def _key_or_right(session: CloudSession, message: str, retry_after: float | None) -> CancelAnswer:
    match await accepts_key(session):
        case True:
            return CancelRefused(Reason.NO_PERMISSION, message)
        case False:
            return CancelUnclear(message, retry_after, Reason.KEY_REJECTED)
        case None:
            return CancelUnclear(message, retry_after)


async def key_or_right(session: CloudSession, said: A) -> A:
    """What the cloud said of the key may be meant of what was asked only: then a right is missing, not a key. Reads
    once more where the key was rejected, and raises no CloudError."""
    if isinstance(said, Refused | Blocked) and said.reason is Reason.KEY_REJECTED and await accepts_key(session):
        return replace(said, reason=Reason.NO_PERMISSION)
    return said


async def accepts_key(session: CloudSession) -> bool | None:
    """Whether the cloud takes the key at all; None where it cannot be asked. One code of the cloud says both "unknown
    token" and "not authorised" (documented: 80002), so another read has to tell. Raises nothing."""
    try:
        await session.projects.list()
    except Unauthorised:
        return False
    except NoPermission:
        return True  # it is known, and may not see the projects
    except CloudError:
        return None
    return True


async def _why_refused(session: CloudSession, job_id: str, message: str) -> CancelAnswer:
    try:
        state = state_of((await session.jobs.describe(job_id)).status)
    except CloudError as error:
        return CancelUnclear(error.message)
    if state is not None and state.finished:
        return CancelRefused(Reason.ALREADY_FINISHED, f"the job had ended already: {state}")
    return CancelRefused(Reason.CANCEL_REFUSED, message)


@dataclass(frozen=True)
class Basic:
    """What Describe Job tells of a job of any type. `state` None: a word that nobody knows. `progress`: percent.
    Times are the cloud's."""

    state: State | None
    cloud_status: str
    progress: int | None
    start_time: datetime | None
    end_time: datetime | None
    message: str


async def describe(session: CloudSession, job_id: str) -> Basic:
    """The job as Describe Job tells it; where that answer cannot be read, or does not say how the job is, as the
    console shows it, if that may be asked. Raises CloudError, NotFound among them."""
    job: Job | ConsoleJob
    try:
        job = await session.jobs.describe(job_id)
    except ProtocolMismatch:
        row = await _on_console(session, job_id)
        if row is None:
            raise
        job = row
    else:
        if says_nothing(job.status):
            job = await _on_console(session, job_id) or job
    return Basic(state_of(job.status), job.status, job.progress, job.start_time, job.end_time, job.reason)


async def _on_console(session: CloudSession, job_id: str) -> ConsoleJob | None:
    """The job there, if it says how it is."""
    if session.console is None:
        return None
    with suppress(CloudError):
        row = await session.console.describe(job_id)
        return row if state_of(row.status) is not None else None
    return None


async def follow(session: CloudSession, job_id: str) -> Seen | None:
    """The job as Describe Job shows it; None where the cloud does not know it. Raises CloudError."""
    try:
        job = await describe(session, job_id)
    except NotFound:
        return None
    return Seen(
        state=job.state,
        cloud_status=job.cloud_status,
        job_id=job_id,
        progress=job.progress,
        start_time=job.start_time,
        end_time=job.end_time,
        estimated_end=estimate(job.start_time, session.transport.cloud_time, job.progress),
        message=job.message,
    )


def estimate(start: datetime | None, now: datetime | None, progress: int | None) -> datetime | None:
    """When a job ends that goes on as it began, to the minute; both times are the cloud's. None also where that is
    more than a year away: then one of the times is wrong."""
    if start is None or now is None or progress is None or not 0 < progress < 100 or now <= start:
        return None
    seconds = (now - start).total_seconds() * (100 - progress) / progress
    if seconds > LONGEST_ESTIMATE.total_seconds() or now.year >= datetime.max.year - 1:
        return None
    end = now + timedelta(seconds=seconds)
    return (end + timedelta(seconds=30)).replace(second=0, microsecond=0)


def on_console(row: ConsoleJob, status: JobStatus) -> Seen | None:
    """The job as the console's list shows it. None: the end that a retry in place was asked for, perhaps."""
    state = state_of(row.status)
    if state is State.FAILED and step_of(status) == RETRY_STEP:
        return None
    return Seen(
        state=state,
        cloud_status=same_word(state, row.status, status),
        job_id=row.job_id,
        progress=row.progress,
        start_time=row.start_time,
        end_time=row.end_time,
        message=row.reason if state is State.FAILED else "",
        created_by=row.created_by,
        canceling=is_canceling(row.status),
        whole=False,
    )


def same_word(state: State | None, word: str, status: JobStatus) -> str:
    """The word to keep: lists and reads say one state in different words, and a status should not flutter."""
    known = status.cloud_status or ""
    same = state is not None and state_of(known) is state and is_canceling(known) == is_canceling(word)
    return known if same else word


def not_sent(error: CloudError) -> NotSent:
    """What had to be read first could not be, so nothing was sent. Pure."""
    return NotSent(error.reason, error.message, error.retry_after if isinstance(error, Transient) else None)


def console_is_off() -> NotSent:
    """Only the console has the call, and the connection may not use it; it was switched off since this was prepared.
    Pure."""
    return NotSent(Reason.NO_PUBLIC_API, Reason.NO_PUBLIC_API.help)
