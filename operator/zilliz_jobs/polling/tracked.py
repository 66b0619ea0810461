"""A job that is followed, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Reading, Seen
from zilliz_jobs.core.snapshot import handle_of
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.polling.pollplan import PollState

Stamp = tuple[str, tuple[tuple[str, str], ...]]


def stamp_of(status: JobStatus) -> Stamp:
    """Which submission a status is about. What was seen of one must never be told of another: a job retried in place
    keeps its id."""
    token = status.submission.token if status.submission else ""
    return token, tuple(sorted(handle_of(status).items()))


@dataclass(frozen=True)
class Subject:
    """A job object as it is stored."""

    kind: AnyKind
    spec: JobSpec
    status: JobStatus
    connection: Key

    @property
    def stamp(self) -> Stamp:
        return stamp_of(self.status)


@dataclass(frozen=True)
class JobNews:
    """What was seen of a job. `certain`: told although a single failure would not be worth a word."""

    seen: Reading
    stamp: Stamp
    certain: bool = False


@dataclass(slots=True, eq=False)
class TrackedJob:
    """`look` is what the plan knows of it. `known`: the state that was told last; `row`: the last row that was
    understood; `ended`: a row showed an end, and the job itself was not read since."""

    look: PollState
    stamp: Stamp
    connection: Key
    row_id: str = ""
    known: tuple[Any, ...] = ()
    row: Any = None
    ended: bool = False
    told_at: float = -inf
    complained: bool = False


def facts(seen: Seen) -> tuple[Any, ...]:
    """What of a job on a list is worth telling at once."""
    return (seen.state, seen.cloud_status if seen.state is None else "", seen.canceling)
