"""A run: its name, its objects in their order, and when a job of it may be submitted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zilliz_jobs.schedules.record import Record, RunJob
from zilliz_jobs.schedules.schedule import Template

RUN_VARIABLE = "$(RUN)"


def scheduled_name(due: datetime) -> str:
    """The name of the run of a due time: its minute in UTC, 202611280300."""
    raise NotImplementedError


def requested_name(token: str) -> str:
    """The name of the run that was requested with this token: r and 8 hexadecimal digits of its hash."""
    raise NotImplementedError


def object_name(schedule: str, run: str, entry: str) -> str:
    return f"{schedule}-{run}-{entry}"


def run_of(schedule: str, name: str) -> str | None:
    """The run that an object of this name belongs to; None where no run of the schedule makes such a name."""
    raise NotImplementedError


def predecessors(template: Template, templates: Iterable[Template]) -> tuple[str, ...]:
    """The entries that must be Successful first: `after`, and the entry that its backupJobRef names."""
    raise NotImplementedError


def in_order(templates: Sequence[Template]) -> tuple[Template, ...]:
    """Each after those that it waits for; else as in the spec."""
    raise NotImplementedError


def run_jobs(schedule: str, run: str, templates: Sequence[Template]) -> tuple[RunJob, ...]:
    """The objects of a run, none of them made."""
    raise NotImplementedError


def child_spec(template: Template, schedule: str, run: str, templates: Sequence[Template]) -> Mapping[str, Any]:
    """The spec of the object: `$(RUN)` replaced where it may stand, and backupJobRef the object of this run."""
    raise NotImplementedError


@dataclass(frozen=True)
class Open:
    """Nothing of the run holds the job back."""


@dataclass(frozen=True)
class NotRecorded:
    """The run is open, but does not hold this object's uid yet. Wait; the schedule's next pass stores it."""


@dataclass(frozen=True)
class WaitingFor:
    """Pending `WaitingFor`: these entries must be Successful first."""

    entries: tuple[str, ...]


@dataclass(frozen=True)
class PredecessorFailed:
    """Canceled `RunFailed`: these entries were not successful."""

    entries: tuple[str, ...]


@dataclass(frozen=True)
class RunOver:
    """Canceled `RunOver` (`Replaced`): the run is not open, is being replaced, or has another object of this name."""

    reason: str


RunGate = Open | NotRecorded | WaitingFor | PredecessorFailed | RunOver


def run_gate(record: Record, run: str, name: str, uid: str) -> RunGate:
    """Whether the first submission of a job of this run may be prepared. Ask it of a record that is stored."""
    raise NotImplementedError
