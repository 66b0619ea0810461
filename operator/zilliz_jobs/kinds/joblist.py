"""The console's list of jobs, where a connection may use it: the one place that names a lost submission's job id."""

from __future__ import annotations

from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.kinds.base import Account, Claimable

SLACK = timedelta(seconds=60)  # between the cloud's clock at our read and the times it writes to its jobs


async def jobs_of(account: Account, job_type: JobType, cluster_id: str) -> list[ConsoleJob]:
    """The cluster's jobs of the type, as two passes agree on them; none without the console. Raises CloudError."""
    console = account.session.console
    if console is None:
        return []

    async def fetch() -> list[ConsoleJob]:
        return await console.list(type=job_type, cluster_id=cluster_id)

    return await stable(fetch, key=lambda row: row.job_id, listing=f"list {job_type} jobs of {cluster_id}")


async def new_jobs(
    account: Account, job_type: JobType, cluster_id: str, submission: Submission, free: Claimable
) -> list[ConsoleJob]:
    """Those that began after the submission was about to be sent and belong to no object. `cluster_id`: the cluster
    they work on. Raises CloudError."""
    rows = await jobs_of(account, job_type, cluster_id)
    after = submission.cloud_time

    def began(row: ConsoleJob) -> datetime | None:
        return row.start_time or row.create_time

    return [r for r in rows if free(r.job_id) and (after is None or (began(r) or after) >= after - SLACK)]
