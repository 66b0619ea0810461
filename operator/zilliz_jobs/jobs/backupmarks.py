"""Writes down at a BackupJob what becomes of its backup, so that who refers to it is told so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupMark
from zilliz_jobs.api.model import format_time
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, Key, raw_status
from zilliz_jobs.core.backupttl import FIELDS
from zilliz_jobs.kube.errors import KubeError, NotFound, NotServed
from zilliz_jobs.kube.persist import AT_ONCE, persist

TRIES = 5


class BackupMarks:
    """Each write has the version that was read as its precondition, and begins anew where somebody was faster."""

    def __init__(self, access: ObjectAccess) -> None:
        self._access = access

    async def write(self, job: Key, backup_id: str, mark: BackupMark | None, now: datetime) -> None:
        """Have `result` of this BackupJob say that its backup is being deleted, is deleted, or (None) stays; nothing
        where it is gone, or is another one that made another backup. Idempotent. Raises KubeError."""
        await persist(_MarkWrite(self._access, job, backup_id, mark, now), AT_ONCE)


class _MarkWrite:
    def __init__(
        self, access: ObjectAccess, job: Key, backup_id: str, mark: BackupMark | None, now: datetime
    ) -> None:
        self._access, self._job, self._backup_id, self._mark, self._now = access, job, backup_id, mark, now

    async def once(self) -> None:
        try:
            body = await self._access.objects.get(BACKUP_JOB, self._job.namespace, self._job.name)
        except NotServed:
            raise  # says nothing of the object
        except NotFound:
            return
        result: Any = raw_status(body).get("result")
        if not isinstance(result, dict) or result.get("backupId") != self._backup_id:
            return
        status = {**raw_status(body), "result": marked(result, self._mark, self._now)}
        try:
            await self._access.statuses.write(BACKUP_JOB, {**body, "kind": BACKUP_JOB.kind}, status)
        except NotServed:
            raise
        except NotFound:
            return

    def again(self, error: KubeError, tries: int) -> None:
        if tries >= TRIES:
            raise error


def marked(result: Body, mark: BackupMark | None, now: datetime) -> Body:
    """The result with this mark, or with none. Pure."""
    rest = {name: value for name, value in result.items() if name not in FIELDS}
    if mark is None:
        return rest
    # The time of a deletion that is under way is only there for the job's own; a schedule has it in its record.
    time = {"deletionTime": format_time(now)} if mark is BackupMark.DELETED else {}
    return {**rest, "backupState": str(mark), **time}
