"""What a JobSchedule wants, as a value. Its defaults are filled in, its rules were checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class ConcurrencyPolicy(StrEnum):
    """What happens at a due time while another run of the schedule is active."""

    FORBID = "Forbid"  # the due time is missed
    ALLOW = "Allow"  # both run
    REPLACE = "Replace"  # the active run is cancelled; the new one starts when that has ended


@dataclass(frozen=True)
class Template:
    """One entry of `spec.jobs`. `spec` is that of the kind as it is stored, with `$(RUN)` in it."""

    name: str
    kind: str
    spec: Mapping[str, Any]
    after: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """`created`: its creationTimestamp. `run_requested`: the token of its annotation, None where there is none.
    `deleting`: it has a deletionTimestamp."""

    name: str
    uid: str
    generation: int
    created: datetime
    expressions: tuple[str, ...]
    templates: tuple[Template, ...]
    time_zone: str = "UTC"
    suspend: bool = False
    concurrency: ConcurrencyPolicy = ConcurrencyPolicy.FORBID
    starting_deadline: timedelta = timedelta(hours=1)
    successful_limit: int = 3
    failed_limit: int = 3
    keep_backups: int | None = None
    run_requested: str | None = None
    deleting: bool = False
