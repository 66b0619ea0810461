"""`status.backups` of a schedule, both ways. Pure. A row that cannot be read is left out: its backup then stays."""

from __future__ import annotations

from collections.abc import Sequence

from zilliz_jobs.api.jobschedule import ScheduledBackup
from zilliz_jobs.api.jobstatus import MAX_MESSAGE
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.schedules.retention import BackupState, Scope, TrackedBackup, newest_first


def backups_of(rows: Sequence[ScheduledBackup] | None) -> tuple[TrackedBackup, ...]:
    """The rows that can be read, each id once."""
    found: dict[str, TrackedBackup] = {}
    for row in rows or ():
        if row.backup_id and row.entry and row.cluster_id and row.completion_time is not None:
            found.setdefault(row.backup_id, _row(row, row.backup_id))
    return tuple(newest_first(list(found.values())))


def _row(stored: ScheduledBackup, backup_id: str) -> TrackedBackup:
    assert stored.completion_time is not None  # noqa: S101 - the caller saw it
    return TrackedBackup(
        backup_id=backup_id,
        entry=stored.entry or "",
        scope=Scope(stored.cluster_id or "", stored.database or "", tuple(stored.collections or ())),
        completed=stored.completion_time,
        job=stored.job or "",
        connection=stored.connection or "default",
        copies=bool(stored.copies),
        state=BackupState.DELETING if stored.state == BackupState.DELETING else BackupState.AVAILABLE,
        asked=stored.deletion_time,
        reason=stored.reason or "",
        message=stored.message or "",
    )


def stored_backups(backups: Sequence[TrackedBackup]) -> list[ScheduledBackup]:
    return [
        ScheduledBackup(
            backup_id=row.backup_id,
            entry=row.entry,
            job=row.job or None,
            connection=row.connection,
            cluster_id=row.scope.cluster_id,
            database=row.scope.database or None,
            collections=list(row.scope.collections) or None,
            copies=row.copies or None,
            completion_time=row.completed,
            state=row.state.value,
            deletion_time=row.asked,
            reason=row.reason or None,
            message=shortened(row.message, MAX_MESSAGE // 4) or None,
        )
        for row in backups
    ]
