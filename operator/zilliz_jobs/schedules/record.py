"""What the status of a JobSchedule holds: the only store of what was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from zilliz_jobs.api.jobstatus import Outcome, State
from zilliz_jobs.schedules.retention import TrackedBackup

MAX_RUNS = 100
"""More than history limits and active runs need. Beyond it the oldest ended runs are forgotten."""


class RunState(StrEnum):
    ACTIVE = "Active"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"


@dataclass(frozen=True)
class RunJob:
    """One object of a run. `uid`: empty until the object is known to be made; nothing is submitted for it before.
    `state`: the last that was seen, None before that; an object that is not made ends Failed or Canceled too."""

    entry: str
    kind: str
    name: str
    after: tuple[str, ...] = ()
    uid: str = ""
    state: State | None = None
    reason: str = ""
    message: str = ""

    @property
    def finished(self) -> bool:
        return self.state is not None and self.state.finished

    def ended(self, state: State, reason: str, message: str) -> RunJob:
        return replace(self, state=state, reason=reason, message=message)


@dataclass(frozen=True)
class Run:
    """`name`: its minute in UTC, or r and a hash for one that was requested. `time`: when it was due, or requested.
    `generation`: that of the schedule when the run began. `replaced`: it is being cancelled for a newer run."""

    name: str
    time: datetime
    generation: int
    started: datetime
    jobs: tuple[RunJob, ...]
    state: RunState = RunState.ACTIVE
    requested: bool = False
    replaced: bool = False
    reason: str = ""
    message: str = ""
    completed: datetime | None = None

    @property
    def active(self) -> bool:
        return self.state is RunState.ACTIVE

    def but(self, **changes: Any) -> Self:
        return replace(self, **changes)


@dataclass(frozen=True)
class RunRequest:
    """What became of the annotation run-requested: `status.run`."""

    token: str
    time: datetime
    outcome: Outcome
    message: str


@dataclass(frozen=True)
class Record:
    """`due_after`: no due time at or before it is ever made, but for `waiting`; all of them were made, missed, or did
    not count. `times`: the zone and the expressions that it was counted by, as `DueTimes.key`. `suspended`: the spec
    said so at the last pass. `waiting`: a due time whose run is still to start: when the replaced one has ended, or
    after `runs`: newest first.
    `backups`: those that count for keepBackups, newest first."""

    due_after: datetime | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    times: str = ""
    suspended: bool = False
    waiting: datetime | None = None
    runs: tuple[Run, ...] = ()
    request: RunRequest | None = None
    backups: tuple[TrackedBackup, ...] = ()

    @property
    def active(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.active)

    def run(self, name: str) -> Run | None:
        return next((run for run in self.runs if run.name == name), None)

    def but(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def with_run(self, changed: Run) -> Self:
        """With this run in the place of the one of its name."""
        return self.but(runs=tuple(changed if run.name == changed.name else run for run in self.runs))
