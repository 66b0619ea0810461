"""Has a backup deleted in the cloud: looks, asks who reads it, and sends the one request.

Whoever calls it has stored the intent before, and holds the backup in `BackupUse`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.cloud.errors import CloudError, FenceClosed
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import (
    BackupGone,
    BackupMayEnd,
    BackupStays,
    BackupUnclear,
    DeletionAnswer,
    Unreadable,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import backupending
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.telemetry.metrics import Metrics

FENCE_SECONDS = 60.0
"""So long after its intent was sent a deletion may still leave: ten are stored in one write, and sent one by one."""

_OUTCOMES = {BackupGone: "gone", BackupStays: "stays", BackupUnclear: "unclear"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Looked:
    """What the cloud shows of backups of one cluster. `read`: by id, which job on the console's list reads the
    backup. `problem`: why nothing of this is known; empty where it is."""

    available: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    read: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class BackupDeletion:
    """`use`: who reads backups, and which are being deleted."""

    def __init__(
        self, connections: Connections, use: BackupUse, in_flight: RequestsInFlight, metrics: Metrics
    ) -> None:
        self._connections, self.use, self._in_flight, self._metrics = connections, use, in_flight, metrics

    def fence(self) -> Fence:
        """To be made just before the intent is sent."""
        return self._in_flight.fence(FENCE_SECONDS)

    async def look(self, connection: Key, cluster_id: str, backup_ids: Collection[str]) -> Looked:
        """Read what the cloud shows of the backups. Changes nothing. Raises nothing."""
        account, problem = await self._account(connection)
        if account is None:
            return Looked(problem=problem)
        account = account.low_priority
        try:
            shown = await backupending.shown(account, cluster_id, backup_ids)
            read = await backupending.readers(account, shown.available)
        except CloudError as error:
            return Looked(problem=error.message)
        return Looked(shown.available, shown.gone, read)

    async def check(
        self, connection: Key, backup: BackupSource, job: Key
    ) -> BackupMayEnd | BackupGone | BackupStays | Unreadable:
        """Whether this one may be deleted, or is gone. `job`: the BackupJob that made it. Changes nothing. Raises
        nothing."""
        name = backup.backup_id
        found = await self.look(connection, backup.cluster_id, {name})
        who = found.read.get(name) or self.use.reader_of(name, job)
        if found.problem:
            return Unreadable(Reason.CLOUD_UNREACHABLE, found.problem)
        if name in found.gone:
            return BackupGone()
        if who:
            return BackupStays(Reason.BACKUP_IN_USE, f"{who} reads it, or waits for it", sent=False)
        if name not in found.available:
            return Unreadable(Reason.CLOUD_UNREACHABLE, f"the list does not show backup {name} as available")
        return BackupMayEnd()

    async def delete(self, connection: Key, backup: BackupSource, job: Key | None, fence: Fence) -> DeletionAnswer:
        """Send the request unless something reads the backup, and look what came of it. `job`: the BackupJob that
        made it. May be repeated. Raises nothing for what the cloud does."""
        account, problem = await self._account(connection)
        if account is None:
            return BackupStays(Reason.CONNECTION_NOT_READY, problem, sent=False)
        check = _LastCheck(self.use, backup.backup_id, job, fence)
        try:
            answer = await self._in_flight.shielded(backupending.delete(account, backup, check))
        except Exception as error:  # whatever it was, the request may have left
            log.exception("the deletion of backup %s broke off", backup.backup_id)
            answer = BackupUnclear(f"the deletion broke off: {type(error).__name__}")
        if isinstance(answer, BackupStays) and check.reader:
            answer = BackupStays(Reason.BACKUP_IN_USE, f"{check.reader} reads it, or waits for it", sent=False)
        if getattr(answer, "reason", None) is Reason.KEY_REJECTED:
            self._connections.suspect(connection)
        self._metrics.backup_deletions.labels(_OUTCOMES[type(answer)]).inc()
        return answer

    async def _account(self, connection: Key) -> tuple[Account | None, str]:
        """The account, if something may be sent through the connection; else why not."""
        account = await self._connections.account(connection)
        link = self._connections.link(connection)
        if link.problem is not None:
            return None, link.problem.message
        if link.suspended:
            return None, f"ZillizConnection {connection.name} is suspended"
        return account, "" if account else f"ZillizConnection {connection.name} is not usable"


class _LastCheck:
    """Asked just before the first byte leaves. An object that refers to the backup may have been made meanwhile."""

    def __init__(self, use: BackupUse, backup_id: str, job: Key | None, fence: Callable[[], None]) -> None:
        self._use, self._backup_id, self._job, self._fence = use, backup_id, job, fence
        self.reader = ""

    def __call__(self) -> None:
        self._fence()
        self.reader = self._use.reader_of(self._backup_id, self._job)
        if self.reader:
            raise FenceClosed(f"{self.reader} refers to the backup")
