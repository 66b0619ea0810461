"""Which backups of a schedule may end (`spec.keepBackups`).

A list that lacks rows makes fewer deletions, never more: what may go is older than the newest ones that it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.core.shortening import first_of

MAX_DELETIONS = 10
"""In one pass."""


@dataclass(frozen=True, order=True)
class Scope:
    """What a backup holds: a cluster, or collections of one of its databases. `collections`: sorted, each once."""

    cluster_id: str
    database: str = ""
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrackedBackup:
    """A row of `status.backups`. `proven`: the cloud's own answer, or a mark that only we set, named its id (not
    Inferred, not adopted). `completed`: when its job ended well; None before, or where it did not. `deleted`: its
    deletion is recorded, as intended or as done."""

    backup_id: str
    entry: str
    scope: Scope
    proven: bool
    completed: datetime | None
    deleted: bool = False


@dataclass(frozen=True)
class ListedBackup:
    """A row of the cloud's list. `available`: its status is AVAILABLE."""

    backup_id: str
    available: bool


@dataclass(frozen=True)
class Retention:
    """`keep`: ids, newest first. `delete`: ids, oldest first. `left`: entries and scopes that the spec has no more,
    whose backups stay; to be told once each. `blocked`: why something is not deleted, or empty."""

    keep: tuple[str, ...]
    delete: tuple[str, ...]
    left: tuple[tuple[str, Scope], ...]
    blocked: str = ""


Group = tuple[str, Scope]


def choose(
    keep: int,
    tracked: Sequence[TrackedBackup],
    listed: Mapping[str, Sequence[ListedBackup]],
    wanted: frozenset[Group],
    referred: frozenset[str],
    *,
    overflow: bool = False,
) -> Retention:
    """`keep`: 1 to 100, for each entry and scope. `listed`: by clusterId, the whole list of one pass; a cluster whose
    list could not be read is absent. `wanted`: entries and scopes of the spec. `referred`: ids that an unfinished
    object, a waiting one, or one of the console's lists refers to. `overflow`: the id of a backup could not be
    tracked (`BackupsNotTracked`), so that counting would be wrong."""
    groups: dict[Group, list[TrackedBackup]] = {}
    for backup in tracked:
        if not backup.deleted:
            groups.setdefault((backup.entry, backup.scope), []).append(backup)
    kept: list[TrackedBackup] = []
    surplus: list[TrackedBackup] = []
    unknown: set[str] = set()
    for group in sorted(groups.keys() & wanted):
        available = _available(listed.get(group[1].cluster_id))
        if available is None:
            unknown.add(group[1].cluster_id)
            continue
        ours = _newest_first([one for one in groups[group] if one.proven and one.backup_id in available])
        kept += ours[:keep]
        surplus += [one for one in ours[keep:] if one.backup_id not in referred]
    delete = [] if overflow or keep < 1 else _newest_first(surplus)[::-1][:MAX_DELETIONS]
    return Retention(
        keep=tuple(one.backup_id for one in _newest_first(kept)),
        delete=tuple(one.backup_id for one in delete),
        left=tuple(sorted(groups.keys() - wanted)),
        blocked=_blocked(unknown, overflow=overflow),
    )


def _available(rows: Sequence[ListedBackup] | None) -> frozenset[str] | None:
    """The ids that the list shows as available; None where it was not read, or says two things of one backup."""
    if rows is None:
        return None
    words: dict[str, bool] = {}
    if any(words.setdefault(row.backup_id, row.available) != row.available for row in rows):
        return None
    return frozenset(name for name, available in words.items() if available)


def _newest_first(backups: Sequence[TrackedBackup]) -> list[TrackedBackup]:
    """Those whose jobs ended well. What is not known to have ended well neither counts nor goes."""
    ended = [(one.completed, one.backup_id, one) for one in backups if one.completed is not None]
    return [one for _, _, one in sorted(ended, key=lambda row: row[:2], reverse=True)]


def _blocked(unknown: set[str], *, overflow: bool) -> str:
    if overflow:
        return "status.backups cannot hold the id of each backup, so none is deleted"
    if unknown:
        return f"the list of backups of {first_of(sorted(unknown))} cannot be used, so none of those is deleted"
    return ""
