"""Deleting a backup: what must be known of it before, the one request, and the proof that it is gone.

A list that cannot be read whole, or that contradicts what is known of the backup, proves nothing: none is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.errors import CloudError, NotFound, ProtocolMismatch
from zilliz_jobs.cloud.listing import pages, stable
from zilliz_jobs.cloud.words import JobType, state_of, type_of
from zilliz_jobs.core.observation import BackupGone, BackupStays, BackupUnclear, DeletionAnswer
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.kinds.spelling import is_same

AVAILABLE = "AVAILABLE"
DELETED = "DELETED"
_READERS = frozenset({JobType.RESTORE, JobType.EXPORT})


@dataclass(frozen=True)
class BackupsShown:
    """Of the backups that were asked for: the ids that are `available`, and those that are proven to be `gone`. What
    is in neither is being made, being deleted, or in a state that nobody knows."""

    available: frozenset[str]
    gone: frozenset[str]


async def shown(account: Account, cluster_id: str, backup_ids: Collection[str]) -> BackupsShown:
    """Read the list of the cluster's backups until two passes agree, and each that it lacks by itself. Changes
    nothing. Raises CloudError: ProtocolMismatch where the list contradicts itself, or what is known of a backup."""
    paged = account.session.backups.paged(cluster_id=cluster_id)

    async def fetch() -> list[Backup]:
        return await pages(paged.fetch, key=_row, listing=paged.doing)

    listed: dict[str, Backup] = {}
    for row in await stable(fetch, key=_row, listing=paged.doing):
        if row.backup_id in backup_ids:
            _check(row, cluster_id, listed)
            listed[row.backup_id] = row
    gone = set[str]()
    for name in sorted(set(backup_ids) - listed.keys()):
        if await _is_unknown(account, BackupSource(cluster_id, name)):
            gone.add(name)
    gone |= {name for name, row in listed.items() if row.status.upper() == DELETED}
    available = {name for name, row in listed.items() if row.status.upper() == AVAILABLE}
    return BackupsShown(frozenset(available), frozenset(gone))


async def readers(account: Account, backup_ids: Collection[str]) -> dict[str, str]:
    """The backups that unfinished restores and exports on the console's list read, or may read, with the job in
    words; none where the console may not be used. Changes nothing. Raises CloudError."""
    console = account.session.console
    if console is None:
        return {}
    found: dict[str, str] = {}
    for row in await console.list(project_id=account.project_id or None):
        state, kind = state_of(row.status), type_of(row.type)
        if state is not None and state.finished:
            continue
        for name in backup_ids:
            # A restore that does not say of which backup may be of any; what is no known type is asked for its id.
            read = is_same(row.backup_id, name) is not False if row.backup_id else kind in _READERS
            if read and kind in (None, *_READERS):
                found[name] = f"job {row.job_id} of the console ({row.type or 'of no known type'})"
    return found


async def delete(account: Account, backup: BackupSource, fence: Callable[[], None]) -> DeletionAnswer:
    """Send the one request, and look what came of it. It may be repeated, once it is known that nothing reads the
    backup. Raises nothing for what the cloud does: a 404 is no proof, only the list is."""
    token = f"delete-{backup.backup_id}"
    reply = await account.session.backups.delete(backup.cluster_id, backup.backup_id, token=token, fence=fence)
    try:
        match reply:
            case effects.Uncertain(message):
                return BackupUnclear(message)
            case effects.NotSent(reason, message):
                return BackupStays(reason, message, sent=False)
            case effects.Refused() if not await _is_unknown(account, backup):
                answer = await answers.key_or_right(account.session, answers.refused(reply))
                return BackupStays(answer.reason, answer.message)
            case _:
                found = await shown(account, backup.cluster_id, {backup.backup_id})
    except CloudError as error:
        return BackupUnclear(error.message)
    if backup.backup_id in found.gone:
        return BackupGone()
    return BackupUnclear(f"the cloud took the deletion of backup {backup.backup_id}, and shows the backup still")


async def _is_unknown(account: Account, backup: BackupSource) -> bool:
    """Whether the cloud says of the backup itself that there is none. Raises CloudError."""
    try:
        found = await account.session.backups.describe(backup.cluster_id, backup.backup_id)
    except NotFound as error:
        if error.code in answers.NO_CLUSTER_CODES:
            raise
        return True
    return found.status.upper() == DELETED


def _check(row: Backup, cluster_id: str, listed: dict[str, Backup]) -> None:
    problem = ""
    if row.backup_id in listed:
        problem = "two states"
    elif is_same(row.cluster_id, cluster_id) is False:
        problem = f"cluster {row.cluster_id}"
    elif row.creation_method.upper() == "AUTO":
        problem = "that the cloud made it by itself"
    if problem:
        text = f"the list of backups of {cluster_id} says {problem} of backup {row.backup_id}, so none is deleted"
        raise ProtocolMismatch(text)


def _row(row: Backup) -> str:
    return f"{row.backup_id} {row.status} {row.cluster_id}"
