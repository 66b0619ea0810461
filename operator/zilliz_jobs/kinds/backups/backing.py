"""One manual backup of a cluster or of collections: start it, find it again, follow it. For all kinds that make one.

A backup has no name or mark of our choosing (documented), and a cluster makes one manual backup at a time. So a lost
submission is found by inference: the one manual backup that was not there before. Its copies in other regions are
jobs of their own: they begin when it has ended well, and the answer does not name them (documented).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from zilliz_jobs.api.backupjob import BackupJobSpec
from zilliz_jobs.api.collectionjobs import CloneCollectionJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, State, Submission
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.effects import Taken
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch
from zilliz_jobs.cloud.listing import stable
from zilliz_jobs.cloud.words import JobType, says_nothing, state_of
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Baseline,
    Blocked,
    Found,
    Handle,
    Look,
    Seen,
    SubmitAnswer,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.backups import backupresult
from zilliz_jobs.kinds.backups.backupcopies import Wanted, shown
from zilliz_jobs.kinds.base import Account, Baselined, Claimable, SubmitRequest
from zilliz_jobs.kinds.joblist import new_jobs
from zilliz_jobs.kinds.regions import is_same_region
from zilliz_jobs.kinds.spelling import is_same, is_unclear

CREATING = "CREATING"
MAX_BASELINE = 200
SLOT_SECONDS = 10.0


def could_be_alike(one: JobSpec, other: JobSpec) -> bool:
    """Whether the backups that both specs lead to may look the same. Pure."""
    covered = _covered(one), _covered(other)
    return None in covered or covered[0] == covered[1]


def _covered(spec: JobSpec) -> tuple[str, frozenset[str]] | None:
    """Database and collections of the backup; None for what makes no backup."""
    match spec:
        case BackupJobSpec(collections=names) if names:
            return spec.database or "default", frozenset(names)
        case BackupJobSpec():
            return "", frozenset()
        case CloneCollectionJobSpec():
            return spec.database or "default", frozenset({spec.collection} if spec.collection else ())
        case _:
            return None


async def baseline(account: Account, cluster_id: str) -> Baselined | Blocked:
    """The manual backups that there are; or that the cluster is making one. Raises CloudError."""
    cluster = await account.session.clusters.describe(cluster_id)
    backups = await account.session.backups.list(cluster_id=cluster_id)
    here = [b for b in backups if is_same(b.cluster_id, cluster_id) is not False]
    for backup in [b for b in here if b.status.upper() == CREATING or says_nothing(b.status)]:
        if _is_manual(backup) is False:
            continue
        told = await _described(account, cluster_id, backup)
        if is_same_region(told.region_id, cluster.region_id) is False:
            continue  # a copy
        if says_nothing(told.status):
            what = f"the state of backup {backup.backup_id} is unreadable"
            message = f"cannot tell whether the cluster makes a backup: {what}"
            return Blocked(Reason.PROTOCOL_MISMATCH, message, SLOT_SECONDS)
        if told.status.upper() == CREATING:
            message = f"the cluster is making backup {backup.backup_id}; it makes one manual backup at a time"
            return Blocked(Reason.BACKUP_SLOT_BUSY, message, SLOT_SECONDS)
    # Those without a time first: nothing else could tell later that they are older.
    newest = sorted(here, key=lambda b: b.create_time.timestamp() if b.create_time else math.inf, reverse=True)
    known: Baseline = {"backups": sorted(b.backup_id for b in newest[:MAX_BASELINE])}
    return Baselined(known)


async def submit(
    account: Account,
    cluster_id: str,
    *,
    database: str | None,
    collections: Sequence[str],
    copy_regions: Sequence[str] = (),
    request: SubmitRequest,
) -> SubmitAnswer:
    """Send the one request; without `collections` for the whole cluster. The handle is {jobId, backupId}."""
    reply = await account.session.backups.create(
        cluster_id,
        database=database or "default",
        collections=tuple(collections),
        copy_regions=tuple(copy_regions),
        token=request.token,
        fence=request.fence,
    )
    answer = answers.submitted(reply, ("jobId", "backupId"), busy=Reason.BACKUP_SLOT_BUSY)
    if isinstance(answer, Accepted) and isinstance(reply, Taken):
        made = {name: reply.text(name) for name in ("backupId", "backupName") if reply.text(name)}
        return Accepted(answer.handle, made)
    return answer


async def find(
    account: Account,
    cluster_id: str,
    *,
    database: str | None,
    collections: Sequence[str],
    submission: Submission,
    free: Claimable,
) -> Look:
    """Look for an open submission by the baseline in it. Found: {backupId}, and jobId where the console names it.
    Raises CloudError."""

    async def fetch() -> list[Backup]:
        return await account.session.backups.list(cluster_id=cluster_id)

    backups = await stable(fetch, key=lambda b: b.backup_id, listing=f"list backups of {cluster_id}")
    before = submission.baseline or {}
    if "backups" not in before:
        return Undecided("the record does not say which backups there were before; compare by hand")
    known = set(before["backups"])

    def older(backup: Backup) -> bool:
        return account.clocks.is_older(backup.create_time, submission)

    new = [b for b in backups if b.backup_id not in known and free(b.backup_id) and not older(b)]
    region = (await account.session.clusters.describe(cluster_id)).region_id if new else ""
    sure: list[str] = []
    vague: list[str] = []
    for backup in new:
        told = await _described(account, cluster_id, backup)
        fits = _fits(told, cluster_id, region, database or "default", collections)
        if len(known) >= MAX_BASELINE and backup.create_time is None:
            fits = fits and None  # it may be one that the record had no room for
        if fits is not False:
            (sure if fits else vague).append(backup.backup_id)
    rows = await new_jobs(account, JobType.BACKUP, cluster_id, submission, free)
    if len(sure) == 1 and not vague:
        backup_id = sure[0]
        row = rows.of(lambda row: row.backup_id in ("", backup_id)).only
        return Found({"backupId": backup_id} | ({"jobId": row.job_id} if row else {}), Evidence.INFERRED)
    if sure or vague:
        ids = first_of([*sure, *vague])
        how = f"{len(sure)} new backups" if not vague else "new backups, not all of which tell what they are of,"
        return Undecided(f"{how} could be it: {ids}", tuple({"backupId": name} for name in sure))
    # A backup that failed at once may be on no list; what the console shows beside the listed ones may be it.
    listed = {b.backup_id for b in backups}
    odd = rows.of(lambda row: row.backup_id not in listed)
    return Undecided(f"the console shows backup jobs that no backup is listed for: {odd.ids}") if odd else Absent()


async def observe(account: Account, cluster_id: str, handle: Handle, copies: Wanted | None = None) -> Seen:
    """How the backup is, and when it has ended what it became. It ends when the backup itself does: the copies are
    shown as they are then, and not waited for. Raises CloudError."""
    job_id, backup_id = handle.get("jobId"), handle.get("backupId")
    try:
        job = await _job(account, job_id, or_none=bool(backup_id)) if job_id else None
        unreadable = None
    except ProtocolMismatch as error:
        if not backup_id:
            raise
        job, unreadable = None, error
    if job_id and job:
        result: dict[str, Any] = {}
        whole = True
        if not backup_id and job.state is State.SUCCESSFUL:
            backup_id, whole = await backupresult.named_by_console(account, job_id, job.end_time)
        if backup_id and job.state is not None and job.state.finished:
            result, whole = await backupresult.made(account, cluster_id, backup_id)
        if job.state is State.SUCCESSFUL:
            result |= await shown(account, copies, job.end_time)
        return Seen(
            state=job.state,
            cloud_status=job.cloud_status,
            job_id=job_id,
            progress=job.progress,
            start_time=job.start_time,
            end_time=job.end_time,
            estimated_end=answers.estimate(job.start_time, account.cloud_time, job.progress),
            message=job.message,
            result=result,
            whole=whole,
        )
    try:
        backup = await account.session.backups.describe(cluster_id, backup_id or "")
    except NotFound:
        named = "" if job_id or not backup_id else await backupresult.job_of(account, cluster_id, backup_id)
        if named:  # the backup failed at once, and no list shows such a one
            return await observe(account, cluster_id, {**handle, "jobId": named}, copies)
        raise unreadable or NotFound(f"cannot read backup {backup_id}: the cloud does not know it") from None
    state, result = state_of(backup.status), backupresult.result_of(backup)
    if state is State.SUCCESSFUL:
        result |= await shown(account, copies, None)
    return Seen(
        state=state,
        cloud_status=backup.status,
        job_id=job_id or "",
        start_time=backup.create_time,
        result=result,
    )


# -- which backup is it?


def _fits(backup: Backup, cluster_id: str, region: str, database: str, collections: Sequence[str]) -> bool | None:
    """Whether it is a manual backup of just this, made here; None where it does not tell. No filter is trusted."""
    wanted = "COLLECTION" if collections else "CLUSTER"
    of = {wanted: True, "COLLECTION": wanted == "COLLECTION", "CLUSTER": wanted == "CLUSTER"}
    answers_ = (
        _is_manual(backup),
        is_same(backup.cluster_id, cluster_id),
        of.get(backup.backup_type.upper()),
        # One that lies in another region than its cluster is a copy, perhaps of somebody else's.
        is_same_region(backup.region_id, region),
        _holds(backup, database, collections) if collections else True,
    )
    return False if False in answers_ else None if None in answers_ else True


def _is_manual(backup: Backup) -> bool | None:
    return {"MANUAL": True, "AUTO": False}.get(backup.creation_method.upper())


def _holds(backup: Backup, database: str, collections: Sequence[str]) -> bool | None:
    """Whether the backup is of just these collections; None where it does not tell."""
    nested = {(db.db_name, c.collection_name) for db in backup.db_collections for c in db.collections}
    told = {(db, name) for db, name in nested | {("", c.collection_name) for c in backup.collections} if name}
    names = {name for _, name in told}
    if told and names == set(collections) and {db for db, _ in told} <= {"", database}:
        return True
    if any(all(is_same(name, one) is False for one in collections) for name in names):
        return False
    if any(db and is_same(db, database) is False for db, _ in told):
        return False
    exact = names <= set(collections) and all(not is_unclear(name) for name in names)
    return False if told and exact and len(names) < len(set(collections)) else None


async def _described(account: Account, cluster_id: str, backup: Backup) -> Backup:
    """With region and collections, which lists leave out. What is listed may be unknown to the other read."""
    with suppress(NotFound):
        told = await account.session.backups.describe(cluster_id, backup.backup_id)
        lacks = [name for name in ("cluster_id", "backup_type", "creation_method") if not getattr(told, name)]
        return told.model_copy(update={name: getattr(backup, name) for name in lacks})
    return backup


# -- what became of it?


async def _job(account: Account, job_id: str, *, or_none: bool) -> answers.Basic | None:
    """Jobs are forgotten some day. Raises CloudError; with `or_none` an unknown job is None instead."""
    try:
        return await answers.describe(account.session, job_id)
    except NotFound:
        if or_none:
            return None
        raise
