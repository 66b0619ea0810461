"""Which backups of a schedule may end (`spec.keepBackups`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

MAX_DELETIONS = 10
"""In one pass."""


@dataclass(frozen=True)
class Scope:
    """What a backup holds: a cluster, or collections of one of its databases."""

    cluster_id: str
    database: str = ""
    collections: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TrackedBackup:
    """A row of `status.backups`. `proven`: the cloud's own answer named its id to us (not Inferred, not adopted).
    `completed`: when its job ended well; None before, or where it did not. `ended`: a deletion of it is recorded."""

    backup_id: str
    entry: str
    scope: Scope
    proven: bool
    completed: datetime | None
    deleted: bool = False


@dataclass(frozen=True)
class ListedBackup:
    """A row of the cloud's list. `available`: its status is AVAILABLE."""

    cluster_id: str
    backup_id: str
    available: bool


@dataclass(frozen=True)
class Retention:
    """`keep` and `delete`: backup ids, newest first. `left`: entries and scopes that the spec has no more, whose
    backups stay; to be told once each. `blocked`: why nothing is deleted, or empty."""

    keep: tuple[str, ...]
    delete: tuple[str, ...]
    left: tuple[tuple[str, Scope], ...]
    blocked: str = ""


def choose(
    keep: int,
    tracked: tuple[TrackedBackup, ...],
    listed: Mapping[str, tuple[ListedBackup, ...]],
    wanted: frozenset[tuple[str, Scope]],
    referred: frozenset[str],
    *,
    overflow: bool = False,
) -> Retention:
    """`keep`: 1 to 100, for each entry and scope. `listed`: by clusterId, the whole list of one pass; a cluster whose
    list could not be read, or contradicts itself, is absent. `wanted`: entries and scopes of the spec. `referred`:
    ids that an unfinished object, a waiting one, or one of the console's lists refers to. `overflow`: an id of a
    backup could not be tracked (`BackupsNotTracked`)."""
    raise NotImplementedError
