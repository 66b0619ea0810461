"""What a backup became, and which one it is where a job was started elsewhere.

An end is told at once. What cannot be read of its product meanwhile is read later, and not lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.errors import CloudError, NotFound, Rejected, Transient
from zilliz_jobs.cloud.words import JobType, type_of
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.joblist import jobs_of

NAMED = timedelta(hours=1)
"""For how long after the end of a backup the console is asked which one it was, while it says none (inferred)."""


async def named_by_console(account: Account, job_id: str, ended: datetime | None) -> tuple[str | None, bool]:
    """The backup that a job made which was started elsewhere, and whether that is all that will be known: only the
    console says so, and may do that a while after the end, or when it can be asked again. Raises nothing. `ended`: by
    the cloud's clock."""
    if account.session.console is None:
        return None, True
    try:
        named = (await account.session.console.describe(job_id)).backup_id
    except (NotFound, Rejected):
        return None, True
    except CloudError:
        return None, False
    now = account.cloud_time
    return named or None, bool(named) or ended is None or now is None or now - ended > NAMED


async def job_of(account: Account, cluster_id: str, backup_id: str) -> str:
    """The job that the console lists for a backup of which no job is known; "" where it lists none, or several.
    Raises CloudError."""
    rows = await jobs_of(account, None, cluster_id)
    ids = [row.job_id for row in rows if row.backup_id == backup_id and type_of(row.type) is JobType.BACKUP]
    return ids[0] if len(ids) == 1 else ""


async def made(account: Account, cluster_id: str, backup_id: str) -> tuple[dict[str, Any], bool]:
    """What the backup became, and whether that is all; a job that ended is not held up by a failing read of its
    product. Raises nothing: a read that may succeed later makes it not all, and any other failure ends the asking."""
    try:
        return result_of(await account.session.backups.describe(cluster_id, backup_id)), True
    except CloudError as error:
        return {"backupId": backup_id}, not isinstance(error, Transient)


def result_of(backup: Backup) -> dict[str, Any]:
    """The backup as `status.result` shows it, without what the cloud does not tell. `sizeBytes`: bytes. Pure."""
    facts = {
        "backupId": backup.backup_id,
        "backupName": backup.backup_name or None,
        "sizeBytes": backup.size,
        "expireTime": format_time(backup.expire_time) if backup.expire_time else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
