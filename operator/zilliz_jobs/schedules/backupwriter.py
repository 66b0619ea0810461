"""Carries out what was decided about the backups of a schedule: looks, deletes, and marks their BackupJobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupMark
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.control.backupuse import intents_in
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.objects import Body, Key, raw_status
from zilliz_jobs.core.observation import BackupGone, BackupStays, DeletionAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.backupmarks import BackupMarks
from zilliz_jobs.kinds.base import BackupSource
from zilliz_jobs.schedules.backups import BackupsSeen
from zilliz_jobs.schedules.plan import BackupAnswer, EndBackup, LookAtBackups
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.retention import BackupLook, TrackedBackup

AGAIN_SECONDS, UNCLEAR_SECONDS, REFUSED_SECONDS = 300.0, 30.0, 3600.0
"""Between two looks for one schedule: usually; while a deletion is under way; after one was refused."""


class BackupWriter:
    """`now`: the API server's time. One for all schedules; knows of each when it looked last."""

    def __init__(self, deletion: BackupDeletion, marks: BackupMarks, now: Callable[[], datetime]) -> None:
        self._deletion, self._marks, self._now = deletion, marks, now
        self._next_look: dict[str, tuple[float, frozenset[str]]] = {}

    def on_upsert(self, body: Body) -> None:
        """A schedule was made or changed: readers of what it is deleting are to be refused. Idempotent."""
        self._deletion.use.intended(body["metadata"]["uid"], intents_in(raw_status(body)))

    def on_delete(self, uid: str) -> None:
        """A schedule is gone; none of its backups is deleted any more. Idempotent."""
        self._deletion.use.dropped(uid)
        self._next_look.pop(uid, None)

    def intends(self, uid: str, record: Record) -> Fence:
        """The record is about to be stored. The fence is for the deletions that it intends."""
        if ids := _deleting(record):
            self._deletion.use.hold(uid, ids)
        return self._deletion.fence()

    def settle(self, uid: str, record: Record | None) -> None:
        """A pass is over. `record`: as stored; None where that is not known."""
        self._deletion.use.release(uid, None if record is None else _deleting(record))

    def look_in(self, uid: str, record: Record) -> float:
        """Seconds until the next look, 0 where it is due: at once where a backup is new."""
        due, known = self._next_look.get(uid, (0.0, frozenset[str]()))
        new = {row.backup_id for row in record.backups} - known
        return 0.0 if new else max(0.0, due - asyncio.get_running_loop().time())

    async def look(self, schedule: Body, action: LookAtBackups, record: Record) -> BackupsSeen:
        """What the cloud and the objects show of the backups. Changes nothing. Raises nothing."""
        meta = schedule["metadata"]
        known = frozenset(row.backup_id for row in record.backups)
        self._looks_again(meta["uid"], UNCLEAR_SECONDS if _deleting(record) else AGAIN_SECONDS, known)
        looks, read = {}, dict[str, str]()
        for place, ids in action.places.items():
            connection = Key(ZILLIZ_CONNECTION.kind, meta["namespace"], place.connection)
            found = await self._deletion.look(connection, place.cluster_id, ids)
            looks[place] = BackupLook(found.available, found.gone, found.problem)
            read |= found.read
        for row in record.backups:
            if who := self._deletion.use.reader_of(row.backup_id, _job(meta["namespace"], row)):
                read[row.backup_id] = who
        return BackupsSeen(looks, read)

    async def end(self, schedule: Body, action: EndBackup, fence: Fence) -> BackupAnswer:
        """Delete the backup, whose intent is stored, and have its BackupJob say so. Raises KubeError before anything
        was sent, or where its BackupJob cannot be marked."""
        meta, row = schedule["metadata"], action.backup
        job = _job(meta["namespace"], row)
        answer: DeletionAnswer
        if action.known is not None:
            answer = action.known
        elif who := self._deletion.use.reader_of(row.backup_id, job):
            answer = BackupStays(Reason.BACKUP_IN_USE, f"{who} reads it, or waits for it", sent=False)
        else:
            await self._marks.write(job, row.backup_id, BackupMark.DELETING, self._now())
            connection = Key(ZILLIZ_CONNECTION.kind, meta["namespace"], row.connection)
            source = BackupSource(row.scope.cluster_id, row.backup_id)
            answer = await self._deletion.delete(connection, source, job, fence)
        if isinstance(answer, BackupGone):
            await self._marks.write(job, row.backup_id, BackupMark.DELETED, self._now())
        elif isinstance(answer, BackupStays) and not action.again:
            await self._marks.write(job, row.backup_id, None, self._now())
        refused = isinstance(answer, BackupStays) and answer.sent and action.known is None
        again = REFUSED_SECONDS if refused else AGAIN_SECONDS if isinstance(answer, BackupGone) else UNCLEAR_SECONDS
        # What came to the record since the look is still to be looked at.
        _, known = self._next_look.get(meta["uid"], (0.0, frozenset[str]()))
        self._looks_again(meta["uid"], again, known)
        return BackupAnswer(action, answer)

    def _looks_again(self, uid: str, seconds: float, known: frozenset[str]) -> None:
        self._next_look[uid] = asyncio.get_running_loop().time() + seconds, known


def _deleting(record: Record) -> list[str]:
    return [row.backup_id for row in record.backups if row.deleting]


def _job(namespace: str, row: TrackedBackup) -> Key:
    return Key(BACKUP_JOB.kind, namespace, row.job)
