"""Readings of lists: what their rows say about followed jobs, and whole lists for callers that wait for one."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from zilliz_jobs.cloud.errors import CloudError, Transient
from zilliz_jobs.cloud.listing import Met, Page, PagedList, sweep
from zilliz_jobs.cloud.lists import ListId, paged
from zilliz_jobs.cloud.words import says_nothing
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.polling.health import Health
from zilliz_jobs.polling.jobreader import JobReader
from zilliz_jobs.polling.lists import Listing, Row
from zilliz_jobs.polling.pollindex import PollIndex
from zilliz_jobs.polling.pollplan import ListState
from zilliz_jobs.polling.tracked import TrackedJob, facts

PROGRESS_WRITES = 50.0  # a second, for all jobs together

log = logging.getLogger(__name__)


@dataclass
class _Reading:
    """One reading of a list, and what was met so far. `missing`: the jobs that it should find and did not yet; `met`:
    by the id of the row, the row itself where it is kept."""

    asked_at: float
    missing: set[Key]
    met: dict[str, Row | None] = field(default_factory=dict)
    unreadable: int = 0


class ListReader:
    """Reads lists with one API key. `progress_interval`: seconds between two news of mere progress of one job.
    `ended`: called after each reading."""

    def __init__(
        self,
        index: PollIndex,
        jobs: JobReader,
        health: Health,
        *,
        progress_interval: float,
        ended: Callable[[], None],
    ) -> None:
        self._index, self._jobs, self._health = index, jobs, health
        self._progress_interval, self._ended = progress_interval, ended
        self.readings: set[asyncio.Task[None]] = set()
        self._waiting: defaultdict[ListId, list[asyncio.Future[Listing]]] = defaultdict(list)

    @property
    def is_awaited(self) -> bool:
        """Whether a reading runs, or a caller waits for one."""
        return bool(self.readings) or any(self._waiting.values())

    def give_up(self) -> None:
        """Answer all waiting callers with an error: no list is read any more."""
        for waiters in self._waiting.values():
            _answer(waiters, Transient("cannot read the list: nobody uses the key any more"))
        self._waiting.clear()

    def wait_for(self, list_state: ListState) -> asyncio.Future[Listing]:
        """A future for the whole list: the next reading that begins will go to the list's end."""
        waiter: asyncio.Future[Listing] = asyncio.get_running_loop().create_future()
        list_state.wanted = True
        self._waiting[list_state.list_id].append(waiter)
        return waiter

    def begin(self, list_state: ListState) -> None:
        """Start a reading of the list as a task."""
        list_state.running, list_state.wanted = True, False
        task = asyncio.create_task(self._read(list_state, self._waiting.pop(list_state.list_id, [])))
        self.readings.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.readings.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the reading of a list failed, which should not happen", exc_info=error)

    async def _read(self, list_state: ListState, waiters: list[asyncio.Future[Listing]]) -> None:
        reading, keep = _Reading(_now(), self._expected_on(list_state)), bool(waiters)
        try:
            source = paged(self._index.readers[list_state.list_id].low_priority.session, list_state.list_id)
            pages, complete = await sweep(
                source,
                expect=max(list_state.pages, list_state.length) if keep else list_state.pages,
                take=lambda page: self._take(source, list_state, page, reading, keep=keep),
                enough=lambda: not reading.missing and not keep,
            )
            list_state.read(reading.asked_at, pages, complete=complete, whole=keep)
            self._health.note(None)
            rows = tuple(row for row in reading.met.values() if row)
            listing = Listing(rows, reading.asked_at, pages, reading.unreadable)
            _answer(waiters, listing)
        except CloudError as error:
            self._failed(list_state, error)
            _answer(waiters, error)
        finally:
            list_state.running = False
            _answer(waiters, Transient("cannot read the list: the reading was broken off"))
            self._index.tidy(list_state)
            self._ended()

    def _expected_on(self, list_state: ListState) -> set[Key]:
        """The jobs that a reading should find. Not those that the last one did not find, or each reading would go on
        to the end of the list."""
        looks = (self._index.followed[key].look for key in list_state.members)
        return {look.key for look in looks if max(look.since, look.listed_at) >= list_state.passed_at}

    def _failed(self, list_state: ListState, error: CloudError) -> None:
        list_state.failed(_now(), error.retry_after if isinstance(error, Transient) else None)
        failure = Unreadable(error.reason, error.message)
        self._health.note(failure)
        if error.reason is Reason.KEY_REJECTED and (first := next(iter(list_state.members), None)):
            self._jobs.tell(
                self._index.followed[first], failure
            )  # its pass has the connection's key checked, for all jobs

    def _take(
        self, source: PagedList[Any], list_state: ListState, page: Page[Any], reading: _Reading, *, keep: bool
    ) -> Met:
        """Tell what the rows of the page show of followed jobs. A row that is as it was understood last says nothing
        new, and is not read."""
        before, unreadable, followed = len(reading.met), 0, self._index.on_rows(list_state.list_id)
        for raw in page.raws:
            name = raw.get(source.id_name) if isinstance(raw, dict) else None
            entry = followed.get(name) if isinstance(name, str) else None
            value = None
            if entry is None or entry.row != raw:
                if (value := page.read(raw)) is None:
                    unreadable += 1
                    continue
                name = source.key(value)
                entry = followed.get(name)
            row_id = str(name)
            reading.met[row_id] = Row(row_id, raw, page.read) if keep else None
            if entry is None:
                self._jobs.ports.stranger(row_id, value)
                continue
            reading.missing.discard(entry.look.key)
            if reading.asked_at >= entry.look.since:
                entry.look.listed_at = reading.asked_at
                if value is not None and raw != entry.row and self._is_free(entry):
                    self._compare(entry, value, raw)
        reading.unreadable += unreadable
        return Met(len(reading.met) - before, unreadable)

    def _is_free(self, entry: TrackedJob) -> bool:
        """Whether news of the job can be told: earlier news is recorded. A read for mere progress that still waits
        for the budget would delay this news, so it is cancelled; it is planned again later."""
        if entry.look.busy and not entry.ended and self._jobs.call_off(entry):
            entry.look.busy = False
        return not entry.look.busy

    def _compare(self, entry: TrackedJob, value: Any, raw: Any) -> None:
        """The row of the job differs from the last one that was understood: tell what is new in it."""
        look, now = entry.look, _now()
        subject = self._jobs.ports.subject(look.key)
        if subject is None or subject.stamp != entry.stamp:
            return
        seen = subject.kind.shown(value, subject.spec, subject.status)
        if seen is not None and seen.state is None and says_nothing(seen.cloud_status):
            seen = None  # the row does not say how the job is; the job itself may
        look.blind = seen is None
        if seen is None:
            entry.row, look.due = raw, now
            return
        look.tells_progress = seen.progress is not None
        if seen.state is not None and seen.state.finished:
            if entry.ended and entry.known == facts(seen):
                return  # told already; its result is owed
            entry.ended = look.owes = True
            look.due = now
            self._jobs.end_shown(entry, seen)
            return
        is_new = seen.created_by and seen.created_by != subject.status.created_by
        if entry.known == facts(seen) and not is_new:
            if not look.tells_progress:
                entry.row = raw
                return
            if now - entry.told_at < self._between_progress():
                return
        if not is_new:  # else it is told again until it is stored: what comes soon after another write is not
            entry.row = raw
        entry.complained = False
        self._jobs.tell(entry, seen)

    def _between_progress(self) -> float:
        """Longer the more jobs are followed, and the later news of any sort is recorded."""
        usual = max(self._progress_interval, len(self._index.followed) / PROGRESS_WRITES)
        return usual * (1.0 + self._jobs.ports.behind())


def _answer(waiters: list[asyncio.Future[Listing]], answer: Listing | CloudError) -> None:
    """Answer those that have no answer yet. Never by cancelling the future: that would end the waiting worker."""
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(answer) if isinstance(answer, CloudError) else waiter.set_result(answer)


def _now() -> float:
    return asyncio.get_running_loop().time()
