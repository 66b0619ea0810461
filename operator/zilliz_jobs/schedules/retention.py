"""Which backups of a schedule may end (`spec.keepBackups`).

A list that lacks rows makes fewer deletions, never more: what may go is older than the newest ones that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

MAX_BACKUPS = 200
"""Rows of `status.backups`."""
MAX_DELETIONS = 10
"""In one pass, so that a wrong figure in Git is noticed before everything is gone."""
DEFAULT_DATABASE = "default"


class BackupState(StrEnum):
    """`DELETING`: the intent to delete it is stored, so the request may have left."""

    AVAILABLE = "Available"
    DELETING = "Deleting"


@dataclass(frozen=True, order=True)
class Scope:
    """What a backup holds: a cluster, or collections of one of its databases. `collections`: sorted, each once."""

    cluster_id: str
    database: str = ""
    collections: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """That of a BackupJob's spec as it is stored."""
        names = spec.get("collections")
        found = tuple(sorted({str(name) for name in names})) if isinstance(names, list) else ()
        database = str(spec.get("database") or DEFAULT_DATABASE) if found else ""
        return cls(str(spec.get("clusterId") or ""), database, found)

    def __str__(self) -> str:
        return (
            f"{self.cluster_id}/{self.database}/{','.join(self.collections)}" if self.collections else self.cluster_id
        )


class Place(NamedTuple):
    """Where a list of backups is read: the ZillizConnection, and the cluster."""

    connection: str
    cluster_id: str


Group = tuple[str, Scope]
"""An entry of the schedule, and what it backs up. Backups are counted for each."""


@dataclass(frozen=True)
class TrackedBackup:
    """A row of `status.backups`: a backup that is proven ours, whose job ended well at `completed`. `job`: the name
    of its BackupJob, which may be gone. `asked`: when its deletion was last asked for. `reason`, `message`: why it
    stays although it may go, empty where it need not."""

    backup_id: str
    entry: str
    scope: Scope
    completed: datetime
    job: str = ""
    connection: str = "default"
    copies: bool = False
    state: BackupState = BackupState.AVAILABLE
    asked: datetime | None = None
    reason: str = ""
    message: str = ""

    @property
    def group(self) -> Group:
        return self.entry, self.scope

    @property
    def place(self) -> Place:
        return Place(self.connection, self.scope.cluster_id)

    @property
    def deleting(self) -> bool:
        return self.state is BackupState.DELETING


@dataclass(frozen=True)
class BackupLook:
    """What the cloud shows of the backups of one place. `available`: ids that the whole list shows so. `gone`: ids
    that are proven not to be there. `problem`: why nothing of this is known; empty where it is."""

    available: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True)
class Retention:
    """`keep`: ids, newest first. `delete`: oldest first, those first whose deletion is under way. `held`: those that
    would go, but something reads them."""

    keep: tuple[str, ...] = ()
    delete: tuple[TrackedBackup, ...] = ()
    held: tuple[TrackedBackup, ...] = ()
    more: bool = False
    """Whether further ones may go in a later pass."""


def choose(
    keep: int,
    tracked: Sequence[TrackedBackup],
    looks: Mapping[Place, BackupLook],
    wanted: frozenset[Group],
    read: frozenset[str] = frozenset(),
) -> Retention:
    """`keep`: 1 to 100, for each entry and scope. `looks`: of one pass; without a place that could not be read, or
    with its problem. `wanted`: entries and scopes of the spec. `read`: ids that an unfinished object, a waiting one,
    or a job on the console's list refers to."""
    if keep < 1 or not fits(keep, wanted):
        return Retention()
    kept, surplus = list[TrackedBackup](), list[TrackedBackup]()
    groups: dict[Group, list[TrackedBackup]] = {}
    for backup in tracked:
        look = looks.get(backup.place)
        if backup.group in wanted and look is not None and not look.problem and backup.backup_id in look.available:
            groups.setdefault(backup.group, []).append(backup)
    for rows in groups.values():
        # One that is being deleted may be gone at any moment: it counts for nothing.
        newest = newest_first([row for row in rows if not row.deleting])[:keep]
        kept += newest
        if len(newest) == keep:
            surplus += [row for row in rows if _age(row) < _age(newest[-1])]
    going = sorted(
        (row for row in surplus if row.backup_id not in read), key=lambda row: (not row.deleting, _age(row))
    )
    return Retention(
        keep=tuple(row.backup_id for row in newest_first(kept)),
        delete=tuple(going[:MAX_DELETIONS]),
        held=tuple(sorted((row for row in surplus if row.backup_id in read), key=_age)),
        more=len(going) > MAX_DELETIONS,
    )


def fits(keep: int, wanted: frozenset[Group]) -> bool:
    """Whether `status.backups` has room for as many of each group as are to be kept, and for one more that is new."""
    return (keep + 1) * len(wanted) <= MAX_BACKUPS


def with_surplus(keep: int, tracked: Sequence[TrackedBackup], wanted: frozenset[Group]) -> frozenset[Group]:
    """For which it is worth a read of the lists: some of them may go by the record alone."""
    counts: dict[Group, int] = {}
    for row in tracked:
        counts[row.group] = counts.get(row.group, 0) + 1
    return frozenset(group for group, count in counts.items() if count > keep and group in wanted)


def newest_first(backups: Sequence[TrackedBackup]) -> list[TrackedBackup]:
    return sorted(backups, key=_age, reverse=True)


def _age(backup: TrackedBackup) -> tuple[datetime, str]:
    return backup.completed, backup.backup_id
