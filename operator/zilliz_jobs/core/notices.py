"""What a person should know of a submission although it goes on: kept in its record, told by event and condition."""

from __future__ import annotations

from collections.abc import Iterable

from zilliz_jobs.api.jobstatus import MAX_MESSAGE, MAX_NOTICES, JobStatus, Submission
from zilliz_jobs.api.jobstatus import Notice as Row
from zilliz_jobs.core.observation import Notice


def noted(submission: Submission, notices: Iterable[Notice]) -> Submission:
    """The record with these notices; the same one stands in it once."""
    known = submission.notices or []
    told = [Row(reason=str(notice.reason), message=notice.message[:MAX_MESSAGE]) for notice in notices]
    new = [row for row in told if row not in known]
    return submission.but(notices=[*known, *new][:MAX_NOTICES] or None)


def notices_of(status: JobStatus) -> list[Row]:
    """The notices of the submissions that the status records: of steps that ended, and of what is at work."""
    records = [*(row.submission for row in status.steps or []), status.submission]
    every = [notice for record in records if record for notice in record.notices or []]
    return [notice for number, notice in enumerate(every) if notice not in every[:number]]
