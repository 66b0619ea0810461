"""Reads of single jobs, and the news that reads and lists bring for the controller of the jobs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Reading, Seen, Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.health import Health
from zilliz_jobs.polling.pollindex import PollIndex
from zilliz_jobs.polling.tracked import JobNews, Subject, TrackedJob, digest_of, facts, patience_with

RESULTS_AHEAD = 2.5  # seconds of reads of results that may be queued; further ends are told before their results
STALE_SECONDS = 60.0  # a job that was not read for so long, while the cloud is out of reach, says so in its status

SAME_READS = 4
"""After so many intervals a read starts a pass though it shows nothing new: the interval itself changes with the age
of the job."""

_HIDES = frozenset({Reason.PROTOCOL_MISMATCH, Reason.CLOUD_UNREACHABLE})
"""Reasons why a read of a job may fail while a list of the same cloud can be read."""

log = logging.getLogger(__name__)


class Ports(Protocol):
    """What the poll plan needs of the rest of the operator."""

    def subject(self, key: Key) -> Subject | None:
        """The job as it is stored; None where it is not followed any more, or its spec or status cannot be read."""

    async def account(self, connection: Key) -> Account | None:
        """The account of a connection; None where it cannot be used."""

    def tell(self, key: Key, news: JobNews) -> None:
        """Receives what was seen of a followed job."""

    def behind(self) -> float:
        """For how many seconds news waits at the moment before it is recorded."""

    def stranger(self, row_id: str, row: Any) -> None:
        """Receives a row of a list whose job no object follows, and its id."""


class JobReader:
    """Reads of single jobs with one API key. `least`: seconds until a read is tried again for which the job or its
    account was not at hand; `wake`: called with the time (of the loop) of a next read."""

    def __init__(
        self,
        limiter: Limiter,
        ports: Ports,
        index: PollIndex,
        health: Health,
        *,
        least: float,
        wake: Callable[[float], None],
    ) -> None:
        self.ports, self.in_flight, self._wake = ports, Counter[str](), wake
        self._limiter, self._index, self._health, self._least = limiter, index, health, least
        self.reads: set[asyncio.Task[None]] = set()
        """The tasks of the reads in flight."""
        self._owing: dict[str, dict[TrackedJob, None]] = {}
        """By budget (calls that share one): jobs whose end a list showed and whose results are still to be
        read."""

    def call_off(self, entry: TrackedJob) -> bool:
        """Cancel the read of the job: its result is not needed any more. A request that has not left yet costs no
        budget. Returns whether there was a read. Idempotent."""
        read, entry.read = entry.read, None
        if read is not None:
            read.cancel()
        return read is not None

    def read_soon(self, entry: TrackedJob) -> None:
        """Read the job as soon as the budget allows, and tell what was seen."""
        look = entry.look
        look.busy = True
        self.in_flight[look.budget] += 1
        task = entry.read = asyncio.create_task(self._read(entry))
        self.reads.add(task)
        task.add_done_callback(lambda done: self._done(entry, done))

    def end_shown(self, entry: TrackedJob, seen: Seen) -> None:
        """A list showed the end of a job. Its result is read first, so that end and result are told together; where
        too many jobs end at once for that, all ends are told as shown, and the results follow."""
        owing = self._owing.setdefault(entry.look.budget, {})
        owing[entry], entry.end = None, seen
        if len(owing) <= max(1.0, self._limiter.pace * RESULTS_AHEAD) and not self._health.is_bad:
            self.read_soon(entry)
            return
        for one in list(owing):
            if (shown := _take_end(one)) is not None:
                self.call_off(one)
                self.tell(one, shown)

    def forget_end(self, entry: TrackedJob) -> None:
        """The job was read, or is not followed any more. Idempotent."""
        entry.end = None
        self._owing.get(entry.look.budget, {}).pop(entry, None)

    def _done(self, entry: TrackedJob, task: asyncio.Task[None]) -> None:
        self.in_flight[entry.look.budget] -= 1
        self.reads.discard(task)
        if entry.read is task:
            entry.read = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: the look at it failed, which should not happen", entry.look.key, exc_info=error)

    async def _read(self, entry: TrackedJob) -> None:
        look = entry.look
        try:
            subject, account = self.ports.subject(look.key), await self.ports.account(entry.connection)
            if subject is None or account is None or subject.stamp != entry.stamp:
                look.busy, look.due = False, _now() + max(self._least, 1.0)  # its controller hears of that too
                return
            asked_at = _now()
            chosen = account if look.owes else account.low_priority
            seen = await subject.kind.read(chosen, subject.spec, subject.status)
        except BaseException:
            if entry.read is asyncio.current_task():  # else it was called off for something better
                look.busy, look.due = False, _now() + 1.0
            raise
        self._health.note(seen if isinstance(seen, Unreadable) else None)
        look.read_at = asked_at
        if self._shows_nothing_new(entry, seen):
            self._index.recorded(entry, look.interval, asked_at + look.interval)
            self._wake(look.due)
            return
        if not isinstance(seen, Unreadable):
            entry.ended = entry.complained = look.owes = False
            self.forget_end(entry)
        elif seen.reason in _HIDES and (shown := _take_end(entry)) is not None:
            self.tell(entry, shown)  # the end must not hang on its result, which is still owed
            return
        self.tell(entry, seen)

    def _shows_nothing_new(self, entry: TrackedJob, seen: Reading) -> bool:
        """Whether the job is at work as an earlier read saw it, and the stored status tells all of that. Then no pass
        is needed: it would write nothing, and read the job again after the same time."""
        if (
            not entry.stored
            or entry.ended
            or entry.look.owes
            or entry.complained
            or not self._index.is_current(entry)
        ):
            return False
        return entry.stored == digest_of(seen) and _now() - entry.told_at < SAME_READS * entry.look.interval

    def tell(self, entry: TrackedJob, seen: Reading, *, certain: bool = False) -> None:
        """Pass what was seen to the controller. The job counts as busy until the controller has recorded it."""
        if not self._index.is_current(entry):
            return
        entry.look.busy, entry.told_at, entry.stored = True, _now(), b""
        patience = patience_with(entry, seen)
        entry.known = facts(seen) if isinstance(seen, Seen) else ()
        if not isinstance(seen, Seen):
            entry.row = None  # whatever the list shows next is news again
        self.ports.tell(entry.look.key, JobNews(seen, entry.stamp, certain, patience))

    def complain(self, entries: Iterable[TrackedJob], now: float) -> None:
        """The cloud is out of reach, so statuses may be old: tell that once for each job that was not read lately."""
        for entry in entries:
            if now - entry.look.seen_at > STALE_SECONDS and not entry.look.busy and not entry.complained:
                entry.complained = True
                self.tell(entry, self._health.last, certain=True)


def _take_end(entry: TrackedJob) -> Seen | None:
    """The end that a list showed and that was not told yet; given once."""
    end, entry.end = entry.end, None
    return end


def _now() -> float:
    return asyncio.get_running_loop().time()
