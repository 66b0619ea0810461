"""When the backups of a schedule are looked at again. If these fail, a backup that is too many costs for longer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.core.observation import BackupGone, DeletionAnswer
from zilliz_jobs.jobs.backupdeletion import Looked
from zilliz_jobs.schedules.backupwriter import AGAIN_SECONDS, BackupWriter
from zilliz_jobs.schedules.plan import EndBackup, LookAtBackups
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.retention import BackupState, Place, Scope, TrackedBackup

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULE = {"metadata": {"name": "nightly", "namespace": "ns", "uid": "u"}}
MOVIES = Scope("in01-movies")


class Deletion:
    """Every backup is there, until it is deleted."""

    def __init__(self) -> None:
        self.use = BackupUse()

    async def look(self, connection: object, cluster_id: str, ids: frozenset[str]) -> Looked:
        return Looked(ids)

    async def delete(self, *asked: object) -> DeletionAnswer:
        return BackupGone()


class Marks:
    async def write(self, *asked: object) -> None:
        """The BackupJobs are gone."""


def record(*names: str) -> Record:
    rows = [TrackedBackup(name, "backup", MOVIES, NOW) for name in names]
    return Record(due_after=NOW).but(backups=tuple(rows))


@pytest.mark.looptime
async def test_a_backup_that_came_while_others_were_deleted_is_looked_at_at_once() -> None:
    """A run ends between the look and the answer of a deletion; the next look of all would be minutes later."""
    writer = BackupWriter(cast("Any", Deletion()), cast("Any", Marks()), lambda: NOW)
    known = record("one", "two", "three")
    place = Place("default", MOVIES.cluster_id)
    await writer.look(SCHEDULE, LookAtBackups({place: frozenset({"one", "two", "three"})}), known)
    going = TrackedBackup("one", "backup", MOVIES, NOW, state=BackupState.DELETING, asked=NOW)
    await writer.end(SCHEDULE, EndBackup(going), Fence(60.0))
    assert writer.look_in("u", record("two", "three")) == pytest.approx(AGAIN_SECONDS, abs=1)
    assert writer.look_in("u", record("two", "three", "four")) == 0.0
