"""A job object that a schedule made, as it is seen now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.retention import Scope


class Cancelling(StrEnum):
    """Whether the job can be cancelled for a newer run."""

    POSSIBLE = "Possible"  # not submitted yet, or its kind, its connection and its evidence allow it
    ASKED = "Asked"  # it was asked, and the answer is awaited
    IMPOSSIBLE = "Impossible"  # no cancel, evidence Inferred, no console API, or the cloud refused


@dataclass(frozen=True)
class MadeBackup:
    """The backup of a BackupJob that ended well. `backup_id`: only where the cloud's own answer to the submission
    named it; empty where it was inferred, or adopted, so that it is not proven to be the job's."""

    backup_id: str
    scope: Scope
    connection: str = "default"
    copies: bool = False


@dataclass(frozen=True)
class Child:
    """`owned`: its controller is the schedule's uid. `state`: None where it has no status yet. `referred`: an
    unfinished object names it as its backup (BackupJob)."""

    name: str
    kind: str
    uid: str
    owned: bool
    created: datetime
    state: State | None = None
    reason: str = ""
    message: str = ""
    completed: datetime | None = None
    cancelling: Cancelling = Cancelling.IMPOSSIBLE
    referred: bool = False
    backup: MadeBackup | None = None

    @property
    def finished(self) -> bool:
        return self.state is not None and self.state.finished
