"""What the cloud shows of a job, as its status keeps it; what it does not tell stays as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Evidence, JobStatus, State, Submission
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.notices import noted
from zilliz_jobs.core.observation import Observation
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.core.snapshot import Snapshot
from zilliz_jobs.core.steps import is_composed, overall

RUNNING = (State.PENDING, State.IN_PROGRESS)


def facts(s: Snapshot, status: JobStatus, seen: seen_.Seen, now: datetime) -> JobStatus:
    """The status with what was seen, whatever the state."""
    submission = noted((status.submission or Submission()).but(missing_since=None), seen.notices)
    if seen.job_id and "jobId" not in (submission.handle or {}):
        submission = submission.but(handle={**(submission.handle or {}), "jobId": seen.job_id})
    progress = overall(s, status, seen.progress)
    progress = progress if progress is not None else status.progress_percent
    moved = (progress, seen.cloud_status or None) != (status.progress_percent, status.cloud_status)
    return status.but(
        submission=submission,
        job_id=seen.job_id or status.job_id,
        cloud_status=seen.cloud_status or None,
        progress_percent=progress,
        last_progress_time=now if moved else status.last_progress_time,
        start_time=_start(status, seen),
        estimated_completion_time=_estimate(s, status, seen),
        created_by=seen.created_by or status.created_by,
        result={**(status.result or {}), **seen.result} or None,
    )


def _start(status: JobStatus, seen: seen_.Seen) -> datetime | None:
    """The cloud's. Of a job to which the cloud gives no id, and of one that has ended without a word of its start,
    the submission's; an adopted one was submitted by somebody else."""
    if status.steps:
        return status.start_time  # the first one's
    record, named = status.submission, seen.job_id or status.job_id
    over = seen.whole and seen.state is not None and seen.state.finished
    ours = record.intent_time if record and record.evidence is not Evidence.ADOPTED and (over or not named) else None
    return seen.start_time or status.start_time or ours


def _estimate(s: Snapshot, status: JobStatus, seen: seen_.Seen) -> datetime | None:
    """A step's is not the job's; and a list that tells none does not take back what a read told."""
    if is_composed(s, status):
        return None
    return seen.estimated_end if seen.whole else seen.estimated_end or status.estimated_completion_time


def completed(status: JobStatus, seen: Observation) -> JobStatus:
    """What became known of a job after its end: the result, where the end was seen on a list, and how its copies are.
    The end itself stands, whatever else is told by now."""
    match seen:
        case seen_.Seen(whole=True) if seen.state is status.state and status.result_pending:
            return status.but(
                result_pending=None,
                result={**(status.result or {}), **seen.result} or None,
                start_time=seen.start_time or status.start_time,
                completion_time=seen.end_time or status.completion_time,
                message=shortened(seen.message, MAX_MESSAGE) or status.message,
            )
        case seen_.Seen(whole=True) if seen.state is status.state and "copies" in seen.result:
            return status.but(result={**(status.result or {}), "copies": seen.result["copies"]})
        case seen_.Missing():
            return status.but(result_pending=None, result=_forgotten(status.result))
        case _:
            return status


def copies_run(result: object) -> bool:
    """Whether a result, as it is stored, tells of copies that have not ended. They outlive the job that made them."""
    return any(row.get("state") in RUNNING for row in _copies(result))


def _forgotten(result: dict[str, Any] | None) -> dict[str, Any] | None:
    if not copies_run(result):
        return result
    rows = [row | ({"state": str(State.UNKNOWN)} if row.get("state") in RUNNING else {}) for row in _copies(result)]
    return {**(result or {}), "copies": rows}


def _copies(result: object) -> list[dict[str, Any]]:
    rows = result.get("copies") if isinstance(result, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
