"""The backup that a job works on: from the spec or from a BackupJob, looked at before the submission, and written
into its record, which is all that the later verbs know it by."""

from __future__ import annotations

from zilliz_jobs.api.backupref import BackupRef
from zilliz_jobs.api.jobstatus import State, Submission
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.core.observation import Baseline, Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.answers import NO_CLUSTER_CODES
from zilliz_jobs.kinds.base import Account, BackupSource

READY_SECONDS = 10.0
_KEY = "backup"


def job_of(ref: BackupRef | None) -> str | None:
    """The BackupJob that the spec names."""
    return ref.backup_job_ref.name if ref and ref.backup_job_ref else None


def named(ref: BackupRef | None) -> BackupSource | None:
    """The backup that the spec names by its id."""
    return BackupSource(ref.cluster_id, ref.backup_id) if ref and ref.cluster_id and ref.backup_id else None


def words(ref: BackupRef | None) -> str:
    """The backup in a few words, for people."""
    if ref is None:
        return "a backup"
    return f"backup {ref.backup_id}" if ref.backup_id else f"the backup of backupjob/{job_of(ref)}"


def place(ref: BackupRef | None) -> str:
    """Where the backup comes from, by the spec alone."""
    return (ref.cluster_id if ref else None) or f"backupjob/{job_of(ref)}"


async def ready(account: Account, ref: BackupRef | None, made: BackupSource | None) -> BackupSource | Blocked:
    """The backup, once the cloud has it complete. `made`: what the BackupJob made. Raises CloudError."""
    source = named(ref) or made
    if source is None:
        return Blocked(Reason.BACKUP_NOT_READY, f"{words(ref)} is not known yet")
    try:
        backup = await account.session.backups.describe(source.cluster_id, source.backup_id)
    except NotFound as error:
        if error.code in NO_CLUSTER_CODES:
            raise
        return Blocked(Reason.BACKUP_NOT_FOUND, error.message)
    match state_of(backup.status):
        case State.SUCCESSFUL | None:  # a word that nobody knows: the cloud judges
            return source
        case State.PENDING | State.IN_PROGRESS:
            message = f"backup {source.backup_id} is {backup.status}; this job follows it"
            return Blocked(Reason.BACKUP_NOT_READY, message, READY_SECONDS)
        case _:
            message = f"backup {source.backup_id} is {backup.status} and cannot be used; name another"
            return Blocked(Reason.BACKUP_NOT_FOUND, message)


def record(source: BackupSource) -> Baseline:
    """What the submission's record says of the backup."""
    return {_KEY: [source.cluster_id, source.backup_id]}


def recorded(submission: Submission | None) -> BackupSource | None:
    """The backup by the record; None where somebody took that out of it."""
    facts = ((submission.baseline if submission else None) or {}).get(_KEY, [])
    return BackupSource(*facts) if len(facts) == 2 else None
