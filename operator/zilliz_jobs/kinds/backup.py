"""BackupJob: POST backups/create, follow the job, and read what it made.

A backup has no name or mark of our choosing (documented), and a cluster makes one manual backup at a time. So a lost
submission is found by inference: the one manual backup that was not there before.
"""

from __future__ import annotations

from typing import Any, ClassVar

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupJobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.api.model import format_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.effects import Taken
from zilliz_jobs.cloud.errors import CloudError, NotFound
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import JobType, state_of
from zilliz_jobs.core.observation import Absent, Accepted, Found, Look, Seen, SubmitAnswer, Undecided, Waits
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Claimable, Draft, JobKind, Order, Ready
from zilliz_jobs.kinds.joblist import SLACK, new_jobs

CREATING = "CREATING"
MAX_BASELINE = 200
SLOT_SECONDS = 10.0


class BackupKind(JobKind[BackupJobSpec]):
    resource: ClassVar[Resource] = BACKUP_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=True, retry=RetryRule.RESUBMIT)
    job_types: ClassVar[frozenset[str]] = frozenset({JobType.BACKUP})

    def target(self, spec: BackupJobSpec) -> str:
        if not spec.collections:
            return spec.cluster_id
        return f"{spec.cluster_id}/{spec.database or 'default'}/{','.join(spec.collections)}"

    def description(self, spec: BackupJobSpec) -> str:
        what = f"{len(spec.collections)} collection(s) of cluster" if spec.collections else "cluster"
        return f"Back up {what} {spec.cluster_id}"

    def scope(self, spec: BackupJobSpec, step: str = SUBMIT_STEP) -> str:
        return f"backup/{spec.cluster_id}"

    async def baseline(self, account: Account, spec: BackupJobSpec, draft: Draft) -> Ready | Waits:
        await account.session.clusters.describe(spec.cluster_id)
        backups = await account.session.backups.list(cluster_id=spec.cluster_id, creation_method="MANUAL")
        if busy := [b.backup_id for b in backups if b.status == CREATING]:
            message = f"the cluster is making backup {busy[0]}; it makes one manual backup at a time"
            return Waits(Reason.BACKUP_SLOT_BUSY, message, SLOT_SECONDS)
        newest = sorted(backups, key=lambda b: b.create_time.timestamp() if b.create_time else 0.0, reverse=True)
        return Ready({"backups": sorted(b.backup_id for b in newest[:MAX_BASELINE])})

    async def submit(self, account: Account, spec: BackupJobSpec, order: Order) -> SubmitAnswer:
        reply = await account.session.backups.create(
            spec.cluster_id,
            database=spec.database or "default",
            collections=tuple(spec.collections or ()),
            token=order.token,
            fence=order.fence,
        )
        answer = answers.submitted(reply, ("jobId", "backupId"), busy=Reason.BACKUP_SLOT_BUSY)
        if isinstance(answer, Accepted) and isinstance(reply, Taken):
            made = {name: reply.text(name) for name in ("backupId", "backupName") if reply.text(name)}
            return Accepted(answer.handle, made)
        return answer

    async def find(self, account: Account, spec: BackupJobSpec, submission: Submission, free: Claimable) -> Look:
        async def fetch() -> list[Backup]:
            return await account.session.backups.list(cluster_id=spec.cluster_id, creation_method="MANUAL")

        listing = f"list backups of {spec.cluster_id}"
        backups = await stable(fetch, key=lambda b: b.backup_id, listing=listing)
        baseline = submission.baseline or {}
        if "backups" not in baseline:
            return Undecided("the record does not say which backups there were before; compare by hand")
        known = set(baseline["backups"])
        new = [b for b in backups if b.backup_id not in known and free(b.backup_id) and _is_later(b, submission)]
        matching = [b for b in new if await _is_wanted(account, spec, b)]
        if len(matching) > 1:
            return Undecided(
                f"{len(matching)} new backups could be it: {', '.join(b.backup_id for b in matching[:5])}"
            )
        rows = await new_jobs(account, JobType.BACKUP, spec.cluster_id, submission, free)
        if not matching:
            # A backup that failed at once may be on no list; what the console shows beside the listed ones may be it.
            listed = {b.backup_id for b in await account.session.backups.list(cluster_id=spec.cluster_id)}
            if odd := [row.job_id for row in rows if row.backup_id not in listed]:
                return Undecided(f"the console shows backup jobs that no backup is listed for: {', '.join(odd[:5])}")
            return Absent()
        backup_id = matching[0].backup_id
        jobs = [row.job_id for row in rows if row.backup_id in ("", backup_id)]
        return Found({"backupId": backup_id} | ({"jobId": jobs[0]} if len(jobs) == 1 else {}), Evidence.INFERRED)

    async def observe(self, account: Account, spec: BackupJobSpec, status: JobStatus) -> Seen:
        handle = (status.submission.handle if status.submission else None) or {}
        job_id, backup_id = handle.get("jobId"), handle.get("backupId")
        if job_id and (job := await _job(account, job_id, or_none=bool(backup_id))):
            ended = job.state is not None and job.state.finished
            return Seen(
                state=job.state,
                cloud_status=job.cloud_status,
                job_id=job_id,
                progress=job.progress,
                start_time=job.start_time,
                end_time=job.end_time,
                estimated_end=answers.estimate(job.start_time, account.cloud_time, job.progress),
                message=job.message,
                result=await _made(account, spec, backup_id) if backup_id and ended else {},
            )
        backup = await account.session.backups.describe(spec.cluster_id, backup_id or "")
        return Seen(
            state=state_of(backup.status),
            cloud_status=backup.status,
            job_id=job_id or "",
            start_time=backup.create_time,
            result=_result(backup),
        )


def _is_later(backup: Backup, submission: Submission) -> bool:
    """Both times are the cloud's. A backup without one is not ruled out by it."""
    if backup.create_time is None or submission.cloud_time is None:
        return True
    return backup.create_time >= submission.cloud_time - SLACK


async def _is_wanted(account: Account, spec: BackupJobSpec, backup: Backup) -> bool:
    if backup.backup_type != ("COLLECTION" if spec.collections else "CLUSTER"):
        return False
    if not spec.collections:
        return True
    described = await account.session.backups.describe(spec.cluster_id, backup.backup_id)
    nested = [c for database in described.db_collections for c in database.collections]
    names = {c.collection_name for c in (*described.collections, *nested) if c.collection_name}
    return not names or names == set(spec.collections)


async def _job(account: Account, job_id: str, *, or_none: bool) -> answers.Basic | None:
    """Jobs are forgotten some day. Raises CloudError; with `or_none` an unknown job is None instead."""
    try:
        return await answers.describe(account.session, job_id)
    except NotFound:
        if or_none:
            return None
        raise


async def _made(account: Account, spec: BackupJobSpec, backup_id: str) -> dict[str, Any]:
    """What the backup became; a job that ended is not held up by a failing read of its product."""
    try:
        return _result(await account.session.backups.describe(spec.cluster_id, backup_id))
    except CloudError:
        return {"backupId": backup_id}


def _result(backup: Backup) -> dict[str, Any]:
    facts = {
        "backupId": backup.backup_id,
        "backupName": backup.backup_name or None,
        "sizeBytes": backup.size,
        "expireTime": format_time(backup.expire_time) if backup.expire_time else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
