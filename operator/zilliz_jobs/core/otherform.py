"""A request that the cloud refused for its form alone is sent once more in another form, which the record names."""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Evidence, JobStatus
from zilliz_jobs.core.attempts import not_taken, said
from zilliz_jobs.core.notices import noted
from zilliz_jobs.core.observation import Notice, Refused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Snapshot


def in_other_form(s: Snapshot, status: JobStatus, seen: Refused) -> JobStatus | None:
    """The status before the other send; None where the refusal names no other form, or one that was sent already.

    The refused send began nothing, so it is proven not to be in the cloud, and counts as one send.
    """
    submission, facts = status.submission, seen.instead
    if submission is None or not facts or submission.sends >= s.rules.max_sends:
        return None
    if facts.keys() & (submission.baseline or {}).keys():
        return None
    refusal = Notice(Reason.SENT_IN_OTHER_WORDS, f"send {submission.sends} was refused: {seen.message}")
    record = noted(submission.but(baseline={**(submission.baseline or {}), **facts}), [refusal])
    again = not_taken(status.but(submission=record), Evidence.ABSENT, submission.sends)
    return said(again, Reason.WAITING, Reason.SENT_IN_OTHER_WORDS.phrase)
