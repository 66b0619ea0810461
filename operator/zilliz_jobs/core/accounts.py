"""Whether a job is in the account that its connection has now. Pure.

A connection that was deleted and made anew, or whose Secret got the key of somebody else, leads to another account:
that knows none of the jobs, which proves nothing of them. An account is told by the projects that its key sees, not
by the key: one that was rotated sees the same. They are recorded with each submission, for the next process too.
"""

from __future__ import annotations

from dataclasses import replace

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.core.snapshot import Snapshot, is_finished, is_unsent

MAX_PROJECTS = 20


def in_its_account(s: Snapshot) -> Snapshot:
    """The snapshot; where the job is in another account the cloud cannot be asked for it, and that is the problem of
    its link."""
    if s.link.problem is not None or not is_elsewhere(s):
        return s
    message = (
        f"the ZillizConnection is another account now: its key sees none of the projects that this job was submitted "
        f"in ({first_of(_recorded(s.status), 3)}); give the connection a key of that account"
    )
    return replace(s, link=replace(s.link, problem=Blocked(Reason.ANOTHER_ACCOUNT, message)))


def is_elsewhere(s: Snapshot) -> bool:
    """Whether what the status tells of is in an account that shares no project with the one of the connection. No
    projects tell nothing."""
    known, here = _recorded(s.status), s.link.projects
    if is_finished(s.status) and not s.status.result_pending:
        return False
    return bool(known and here) and here.isdisjoint(known)


def with_account(s: Snapshot, status: JobStatus) -> JobStatus:
    """The status, whose submission names the account that it went to, or that its job was seen in."""
    submission = status.submission
    if submission is None or submission.projects or s.link.problem is not None or not s.link.projects:
        return status
    return status.but(submission=submission.but(projects=sorted(s.link.projects)[:MAX_PROJECTS]))


def _recorded(status: JobStatus) -> list[str]:
    """Of the submission at work; between two steps, of the last step."""
    if status.submission is not None and not (is_unsent(status) and not status.steps):
        return status.submission.projects or []
    if status.steps and (last := status.steps[-1].submission) is not None:
        return last.projects or []
    return []
