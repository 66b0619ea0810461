"""What is to be done about one JobSchedule.

The order is the promise: the record is stored first, on condition that nobody changed the object (resourceVersion).
Only then the actions are carried out. What was stored without its actions is done by the next pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zilliz_jobs.api.model import format_time
from zilliz_jobs.core.conditions import Row
from zilliz_jobs.core.observation import BackupGone, BackupStays, DeletionAnswer
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.retention import Place, TrackedBackup

MAX_COUNTED = 1000
"""Missed due times that are counted one by one."""


@dataclass(frozen=True)
class CreateChild:
    """Create the object with fieldValidation=Strict and the schedule as its controller. Repeatable: an object of that
    name that the schedule owns is the answer `Created` too. Answer: ChildAnswer, or none where Kubernetes gave none.
    In a run, stop at the first that is not `Created`."""

    run: str
    entry: str
    kind: str
    name: str
    spec: Mapping[str, Any]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class CancelChild:
    """Cancel the job for a newer run, as the annotation cancel-requested would. Repeatable."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True)
class DeleteChild:
    """Delete the object (uid as precondition); its run is over and beyond the history limit. Repeatable."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True)
class LookUpChild:
    """Read the object from the API server: no event told of it. Answer: it is in the children of the next decision,
    or in its `gone`."""

    kind: str
    name: str


@dataclass(frozen=True)
class LookAtBackups:
    """Read what the cloud shows of these backups, by place. Changes nothing, and may wait. Answer: the looks of the
    next decision."""

    places: Mapping[Place, frozenset[str]]


@dataclass(frozen=True)
class EndBackup:
    """Delete the backup, as is recorded; or only write down at its BackupJob what became of it. Repeatable. Answer:
    BackupAnswer. `again`: it was asked for before, and that request may still be on its way."""

    backup: TrackedBackup
    again: bool = False
    known: BackupGone | BackupStays | None = None
    """What became of it, where that is known already: then nothing is sent."""


ScheduleAction = CreateChild | CancelChild | DeleteChild | LookUpChild | LookAtBackups | EndBackup


@dataclass(frozen=True)
class Created:
    """The object is there and the schedule's own."""

    name: str
    uid: str


@dataclass(frozen=True)
class NotCreated:
    """The object is not there, and a repetition would not help. `reason`: NameTaken, CRDOutdated,
    KubernetesRefused."""

    name: str
    reason: ScheduleReason
    message: str


ChildAnswer = Created | NotCreated


@dataclass(frozen=True)
class BackupAnswer:
    """What became of an EndBackup."""

    action: EndBackup
    answer: DeletionAnswer


@dataclass(frozen=True)
class News:
    """An event about the schedule, to be posted after the record is stored. `warning`: its type. `count`: how many
    due times of RunMissed; 1 elsewhere."""

    reason: ScheduleReason
    message: str
    warning: bool = False
    count: int = 1


def run_missed(oldest: datetime, number: int, why: str) -> News:
    """What is told of due times that passed without a run, from `oldest` on."""
    many = f" and {number - 1} later due times" if 1 < number < MAX_COUNTED else " and many later due times"
    text = f"{format_time(oldest)}{many if number > 1 else ''} passed without a run: {why}"
    return News(ScheduleReason.RUN_MISSED, text, warning=True, count=number)


@dataclass(frozen=True)
class Plan:
    """`conditions`: by type, see `core.conditions.dated`. `next_schedule_time`: None while no run is made by cron.
    `wake`: seconds until the next pass at the latest, always positive."""

    record: Record
    actions: tuple[ScheduleAction, ...]
    news: tuple[News, ...]
    conditions: Mapping[str, Row]
    next_schedule_time: datetime | None
    wake: float
