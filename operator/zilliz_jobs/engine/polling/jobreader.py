"""Single reads of jobs, and the news that come of them and of lists."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.core.observation import Reading, Seen, Unreadable
from zilliz_jobs.engine.bodies import Key
from zilliz_jobs.engine.polling.book import Book
from zilliz_jobs.engine.polling.follow import Followed, News, Subject, facts
from zilliz_jobs.engine.polling.health import Health
from zilliz_jobs.kinds.base import Account

RESULTS_AHEAD = 2.0  # seconds of reads of results that may wait; further ends are told before their results
STALE_SECONDS = 60.0  # without a look for so long, while the cloud is out of reach, a job says so

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ports:
    """The rest of the engine. `subject`: the job as stored, None when it is not followed any more; `account`: the
    account of a connection, None when it cannot be used; `tell`: takes news; `stranger`: takes the id of a row that
    nobody follows, and the row."""

    subject: Callable[[Key], Subject | None]
    account: Callable[[Key], Awaitable[Account | None]]
    tell: Callable[[Key, News], None]
    stranger: Callable[[str, Any], None]


class JobReader:
    def __init__(self, limiter: Limiter, ports: Ports, book: Book, health: Health, *, least: float) -> None:
        self.ports, self.in_flight = ports, Counter[str]()
        self._limiter, self._book, self._health, self._least = limiter, book, health, least
        self._urgent: Counter[str] = Counter()
        self._calls: dict[Key, asyncio.Task[None]] = {}

    @property
    def calls(self) -> list[asyncio.Task[None]]:
        return [*self._calls.values()]

    def call_off(self, key: Key) -> None:
        """Nobody wants to know any more; what has not left yet takes nothing of the budget."""
        if (call := self._calls.get(key)) is not None:
            call.cancel()

    def read_soon(self, entry: Followed) -> None:
        self._begin(entry, urgent=False)

    def read_result(self, entry: Followed) -> bool:
        """Read a job that has ended, before all that nothing waits for; False where too many others are being read
        like that."""
        lane = entry.look.lane
        if self._urgent[lane] >= max(1.0, self._limiter.pace * RESULTS_AHEAD) or self._health.is_bad:
            return False
        self._begin(entry, urgent=True)
        return True

    def _begin(self, entry: Followed, *, urgent: bool) -> None:
        look = entry.look
        look.busy = True
        self.in_flight[look.lane] += 1
        self._urgent[look.lane] += urgent
        task = self._calls[look.key] = asyncio.create_task(self._read(entry))
        task.add_done_callback(lambda done: self._done(entry, urgent, done))

    def _done(self, entry: Followed, urgent: int, task: asyncio.Task[None]) -> None:
        key, lane = entry.look.key, entry.look.lane
        self.in_flight[lane] -= 1
        self._urgent[lane] -= urgent
        if self._calls.get(key) is task:
            del self._calls[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: the look at it failed, which should not happen", key, exc_info=error)

    async def _read(self, entry: Followed) -> None:
        look = entry.look
        try:
            subject, account = self.ports.subject(look.key), await self.ports.account(entry.connection)
            if subject is None or account is None or subject.stamp != entry.stamp:
                look.busy, look.due = False, _now() + max(self._least, 1.0)  # its controller hears of that too
                return
            asked_at = _now()
            chosen = account if look.owes else account.patient
            seen = await subject.kind.read(chosen, subject.spec, subject.status)
        except BaseException:
            look.busy, look.due = False, _now() + 1.0
            raise
        self._health.note(seen if isinstance(seen, Unreadable) else None)
        look.read_at = asked_at
        if not isinstance(seen, Unreadable):
            entry.ended = entry.complained = look.owes = False
        self.tell(entry, seen)

    def tell(self, entry: Followed, seen: Reading, *, certain: bool = False) -> None:
        """The job is busy until its controller has recorded what was seen."""
        if not self._book.is_current(entry):
            return
        entry.look.busy, entry.told_at = True, _now()
        entry.known = facts(seen) if isinstance(seen, Seen) else ()
        if not isinstance(seen, Seen):
            entry.row = None  # whatever the list shows next is news again
        self.ports.tell(entry.look.key, News(seen, entry.stamp, certain))

    def complain(self, entries: Iterable[Followed], now: float) -> None:
        """While the cloud is out of reach what a status says may be old; a person should hear so, once."""
        for entry in entries:
            if now - entry.look.seen_at > STALE_SECONDS and not entry.look.busy and not entry.complained:
                entry.complained = True
                self.tell(entry, self._health.last, certain=True)


def _now() -> float:
    return asyncio.get_running_loop().time()
