"""The console's list of jobs, where a connection may use it: the one place that names a lost submission's job id."""

from __future__ import annotations

from datetime import datetime

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch, Rejected
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.observation import Baseline
from zilliz_jobs.kinds.base import Account, Claimable

JOBS = "jobs"
MAX_KNOWN = 100


async def jobs_of(account: Account, job_type: JobType, cluster_id: str) -> list[ConsoleJob]:
    """The cluster's jobs of the type, as two passes agree on them; none without the console. Raises CloudError."""
    console = account.session.console
    if console is None:
        return []

    async def fetch() -> list[ConsoleJob]:
        return await console.list(type=job_type, cluster_id=cluster_id)

    return await stable(fetch, key=lambda row: row.job_id, listing=f"list {job_type} jobs of {cluster_id}")


async def known(account: Account, job_type: JobType, cluster_id: str) -> Baseline:
    """For a baseline: the jobs that began so shortly before that the cloud's clocks alone cannot tell them from one
    that is submitted now. Empty without the console. Raises CloudError."""
    console = account.session.console
    if console is None:
        return {}
    try:
        rows = await console.list(type=job_type, cluster_id=cluster_id)
    except (NotFound, Rejected, ProtocolMismatch):
        return {}  # no console is served there; what is sent by the public API needs none
    now = account.cloud_time
    young = [row.job_id for row in rows if now is None or (_began(row) or now) >= now - 2 * account.clocks.slack]
    return {JOBS: young[:MAX_KNOWN]} if young else {}


async def new_jobs(
    account: Account, job_type: JobType, cluster_id: str, submission: Submission, free: Claimable
) -> list[ConsoleJob]:
    """Those that began after the submission was about to be sent and belong to no object. `cluster_id`: the cluster
    they work on. Raises CloudError."""
    rows = await jobs_of(account, job_type, cluster_id)
    before = {*(submission.baseline or {}).get(JOBS, ())}
    return [
        row
        for row in rows
        if row.job_id not in before and free(row.job_id) and not account.clocks.is_older(_began(row), submission)
    ]


def _began(row: ConsoleJob) -> datetime | None:
    return row.start_time or row.create_time
