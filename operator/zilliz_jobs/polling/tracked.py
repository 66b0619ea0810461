"""A followed job, and the news of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from math import inf
from typing import Any

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.workqueue import PROGRESS, STATE
from zilliz_jobs.core.observation import Reading, Seen
from zilliz_jobs.core.snapshot import handle_of
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.polling.pollplan import PollState

Stamp = tuple[str, tuple[tuple[str, str], ...], str]


def stamp_of(status: JobStatus) -> Stamp:
    """Which submission a status is about, and how its cancel stands. What was seen of one submission must
    never be recorded for another: a job that is retried in place keeps its id. And what was read before a cancel was
    stored must not count after it: that something is gone means another thing then."""
    token = status.submission.token if status.submission else ""
    asked = str(status.cancel.outcome) if status.cancel else ""
    by_itself = "canceled" if status.submission and status.submission.cancel_time else ""
    return token, tuple(sorted(handle_of(status).items())), f"{asked} {by_itself}"


@dataclass(frozen=True)
class Subject:
    """A job object as it is stored."""

    kind: AnyKind
    spec: JobSpec
    status: JobStatus
    connection: Key

    @property
    def stamp(self) -> Stamp:
        """The submission that its status is about; see `stamp_of`."""
        return stamp_of(self.status)


@dataclass(frozen=True)
class JobNews:
    """What was seen of a job. `stamp`: the submission that it is about; `certain`: to be shown in the status at once,
    though it is a failure that would count only when repeated; `patience`: for how many seconds others go first
    where not all can be done at once."""

    seen: Reading
    stamp: Stamp
    certain: bool = False
    patience: float = 0.0


@dataclass(slots=True, eq=False)
class TrackedJob:
    """One followed job. `look`: what the plan knows of it; `known`: the state that was told last; `told_at`: when;
    `row`: the last row that was understood; `ended`: a row showed an end, and the job itself was not read since;
    `end`: that end, until it is told; `read`: the read of the job in flight, or one that waits for the budget;
    `complained`: that the cloud is out of reach was told; `stored`: the digest of what a read saw of the job at work
    and the status tells whole, else empty."""

    look: PollState
    stamp: Stamp
    connection: Key
    row_id: str = ""
    known: tuple[Any, ...] = ()
    row: Any = None
    ended: bool = False
    end: Seen | None = None
    read: asyncio.Task[None] | None = None
    told_at: float = -inf
    complained: bool = False
    stored: bytes = b""


def patience_with(entry: TrackedJob, seen: Reading) -> float:
    """How long what was seen of the job may wait for others: an end not at all, mere progress longest. Pure."""
    if not isinstance(seen, Seen):
        return STATE
    if seen.state is not None and seen.state.finished:
        return 0.0
    return PROGRESS if entry.known == facts(seen) else STATE


def digest_of(seen: Reading) -> bytes:
    """The same bytes for the same view of a job at work; another estimate of its end alone is not stored, so it is no
    other view. Empty for a view from a list, of an end, or of no known state. Pure."""
    if not isinstance(seen, Seen) or not seen.whole or seen.state is None or seen.state.finished:
        return b""
    return blake2b(repr(vars(seen) | {"estimated_end": None}).encode(), digest_size=16).digest()


def facts(seen: Seen) -> tuple[Any, ...]:
    """The part of an observation whose change is told at once, not only at the interval of progress."""
    return (seen.state, seen.cloud_status if seen.state is None else "", seen.canceling)
