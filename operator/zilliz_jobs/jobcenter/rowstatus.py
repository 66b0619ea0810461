"""The status of a ProjectJob, made from its row. Pure.

Three parts do not come from the row and are kept: the details of a failed import, the requests of people with the
record of a retry, and how many lists lacked the job.
"""

from __future__ import annotations

from datetime import datetime

from zilliz_jobs.api.importjob import ImportFile
from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Outcome, RequestStatus, State
from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.core.conditions import dated, readiness
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.jobcenter.jobrow import JobRow

MAX_TEXT = 256
_PARTS = (
    "description",
    "cloud_status",
    "job_id",
    "progress_percent",
    "cluster_id",
    "project_id",
    "region_id",
    "target",
    "created_by",
    "create_time",
    "start_time",
    "completion_time",
    "owner",
    "cloud",
)
"""Fields that stay as they were where a list that told them before could not be read."""


def of_row(row: JobRow, sources: tuple[str, ...] = ()) -> ProjectJobStatus:
    """The status as far as the row tells it."""
    state, reason, message = row.state, row.reason, row.message
    if state is None:
        reason = str(Reason.UNKNOWN_CLOUD_STATUS)
        message = f"the cloud reports the unknown status {row.cloud_status!r}" if row.cloud_status else message
    return ProjectJobStatus(
        type=row.type or None,
        description=shortened(row.description, MAX_TEXT) or None,
        state=state,
        cloud_status=shortened(row.cloud_status, MAX_TEXT) or None,
        job_id=row.job_id or None,
        progress_percent=row.progress,
        cluster_id=row.cluster_id or None,
        project_id=row.project_id or None,
        region_id=row.region_id or None,
        target=shortened(row.target, MAX_TEXT) or None,
        created_by=shortened(row.created_by, MAX_TEXT) or None,
        create_time=row.create_time,
        start_time=row.start_time,
        completion_time=row.end_time,
        reason=reason or (str(_REASONS[state]) if state in _REASONS else None),
        message=shortened(message, MAX_MESSAGE) or None,
        owner=row.owner,
        sources=list(sources) or None,
        cloud=dict(row.raw) or None,
    )


def row_of(status: ProjectJobStatus, row_id: str) -> JobRow:
    """The row that a stored status shows; the reverse of `of_row`."""
    return JobRow(
        type=status.type or "",
        id=row_id,
        job_id=status.job_id or "",
        description=status.description or "",
        state=status.state,
        cloud_status=status.cloud_status or "",
        progress=status.progress_percent,
        cluster_id=status.cluster_id or "",
        project_id=status.project_id or "",
        region_id=status.region_id or "",
        target=status.target or "",
        created_by=status.created_by or "",
        create_time=status.create_time,
        start_time=status.start_time,
        end_time=status.completion_time,
        reason=status.reason or "",
        message=status.message or "",
        owner=status.owner,
        raw=status.cloud or {},
    )


_REASONS = {
    State.PENDING: Reason.PENDING,
    State.IN_PROGRESS: Reason.IN_PROGRESS,
    State.SUCCESSFUL: Reason.SUCCESSFUL,
    State.FAILED: Reason.JOB_FAILED,
    State.CANCELED: Reason.CANCELED,
    State.UNKNOWN: Reason.OUTCOME_UNKNOWN,
}


def shown(
    told: ProjectJobStatus, old: ProjectJobStatus, generation: int, now: datetime, *, partial: bool = False
) -> ProjectJobStatus:
    """The new status of a row. `told`: what the lists tell; `old`: as it is stored; `partial`: one of its lists could
    not be read, so empty fields are unknown."""
    new = told
    if partial:
        new = new.but(**{name: getattr(old, name) for name in _PARTS if getattr(new, name) is None})
    if new.state is None:  # an unknown word is neither an end nor an error
        new = new.but(state=old.state)
    new = _with_details(new, old)
    new = new.but(
        seen_time=old.seen_time if old.state is new.state and old.seen_time else now,
        cancel=old.cancel if new.owner else settled(old.cancel, new.state, now),
        retry=old.retry,
        submission=old.submission,
    )
    return mirrored(new, Reason.MIRRORED, Reason.MIRRORED.help, old, generation, now)


def detailed(
    status: ProjectJobStatus, files: list[ImportFile], message: str, end: datetime | None
) -> ProjectJobStatus:
    """The status with the details from a read of the failed import."""
    text = shortened(message, MAX_MESSAGE) if message and status.owner is None else status.message
    return status.but(files=files or None, message=text, completion_time=status.completion_time or end)


def without(old: ProjectJobStatus, generation: int, now: datetime) -> ProjectJobStatus:
    """The status of a row that a complete list lacked for the first time."""
    text = "the last complete list lacked the job; with the next one that does, this row goes"
    return mirrored(old.but(lists_without=1), Reason.JOB_NOT_SEEN, text, old, generation, now)


def made_by_hand(old: ProjectJobStatus, generation: int, now: datetime) -> ProjectJobStatus:
    """The status of an object that no JobCenter made."""
    text = Reason.NOT_A_ROW.help
    rows = readiness(Reason.NOT_A_ROW, text, ready=False, needs_a_person=True)
    conditions = dated(rows, old.conditions, generation, now)
    return old.but(message=text, conditions=conditions, observed_generation=generation)


def mirrored(
    status: ProjectJobStatus,
    reason: Reason,
    message: str,
    old: ProjectJobStatus,
    generation: int,
    now: datetime,
) -> ProjectJobStatus:
    """The status with its one condition."""
    rows = {"Ready": ("True", str(reason), message)}
    return status.but(conditions=dated(rows, old.conditions, generation, now), observed_generation=generation)


def settled(request: RequestStatus | None, state: State | None, now: datetime) -> RequestStatus | None:
    """A cancel that waits for the job's end: once the job has ended it was carried out, or came too late."""
    if request is None or state is None or not state.finished:
        return request
    if request.outcome not in (Outcome.REQUESTED, Outcome.ACCEPTED):
        return request
    if state is State.CANCELED:
        return request.but(
            outcome=Outcome.COMPLETED, reason=str(Reason.CANCELED), message="the job is cancelled", time=now
        )
    message = f"the job ended before it could be cancelled: {state}"
    return request.but(outcome=Outcome.REFUSED, reason=str(Reason.ALREADY_FINISHED), message=message, time=now)


def _with_details(new: ProjectJobStatus, old: ProjectJobStatus) -> ProjectJobStatus:
    """Keep the details that were read of this end of the job; the lists do not have them."""
    if new.state is not State.FAILED or old.state is not State.FAILED or old.files is None:
        return new
    if new.completion_time and old.completion_time and new.completion_time != old.completion_time:
        return new  # failed again
    end = new.completion_time or old.completion_time
    return new.but(files=old.files, completion_time=end, message=new.message if new.owner else old.message)
