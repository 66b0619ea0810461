"""BackupJob: POST backups/create, follow the job, and read what it made. `backing` does the work."""

from __future__ import annotations

from typing import ClassVar

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.core.backupttl import proven_backup
from zilliz_jobs.core.observation import Blocked, Look, Seen, SubmitAnswer
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.snapshot import RetryRule, Traits, handle_of, is_finished
from zilliz_jobs.kinds.backups import backing, backupcopies
from zilliz_jobs.kinds.base import Account, BackupSource, Baselined, Claimable, JobKind, SubmitContext, SubmitRequest


class BackupKind(JobKind[BackupJobSpec]):
    """One manual backup for each job. The handle is {jobId, backupId}; of a lost submission that was found again
    {backupId}, and jobId where the console names it. The lock is the cluster's."""

    resource: ClassVar[Resource] = BACKUP_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=True, retry=RetryRule.RESUBMIT)
    job_type = JobType.BACKUP

    def target(self, spec: BackupJobSpec) -> str:
        if not spec.collections:
            return spec.cluster_id
        return f"{spec.cluster_id}/{spec.database or 'default'}/{','.join(spec.collections)}"

    def description(self, spec: BackupJobSpec) -> str:
        what = f"{len(spec.collections)} collection(s) of cluster" if spec.collections else "cluster"
        copies = f", with copies in {', '.join(_regions(spec))}" if spec.cross_region_copies else ""
        return f"Back up {what} {spec.cluster_id}{copies}"

    def submission_lock(self, spec: BackupJobSpec, step: str = SUBMIT_STEP) -> str:
        return f"backup/{spec.cluster_id}"

    def backup_made(self, spec: BackupJobSpec, status: JobStatus) -> BackupSource | None:
        name = proven_backup(status)
        return BackupSource(spec.cluster_id, name) if name else None

    def could_be_of(self, spec: BackupJobSpec, other: JobSpec, *, gone: bool) -> bool:
        return backing.could_be_alike(spec, other)

    async def baseline(self, account: Account, spec: BackupJobSpec, context: SubmitContext) -> Baselined | Blocked:
        return await backing.baseline(account, spec.cluster_id)

    async def submit(self, account: Account, spec: BackupJobSpec, request: SubmitRequest) -> SubmitAnswer:
        return await backing.submit(
            account,
            spec.cluster_id,
            database=spec.database,
            collections=spec.collections or (),
            copy_regions=_regions(spec),
            request=request,
        )

    async def find(self, account: Account, spec: BackupJobSpec, submission: Submission, free: Claimable) -> Look:
        return await backing.find(
            account,
            spec.cluster_id,
            database=spec.database,
            collections=spec.collections or (),
            submission=submission,
            free=free,
        )

    def listed(self, account: Account, spec: BackupJobSpec, status: JobStatus) -> tuple[ListId, str] | None:
        """Of one that has ended only the copies go on, of which its own row does not tell."""
        return None if is_finished(status) else super().listed(account, spec, status)

    async def observe(self, account: Account, spec: BackupJobSpec, status: JobStatus) -> Seen:
        copies = backupcopies.Wanted(spec.cluster_id, _regions(spec), backupcopies.known(status.result))
        return await backing.observe(account, spec.cluster_id, handle_of(status), copies)


def _regions(spec: BackupJobSpec) -> list[str]:
    return [copy.region_id for copy in spec.cross_region_copies or ()]
