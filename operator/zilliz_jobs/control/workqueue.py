"""The work queue: keys with a time, each taken by one worker at a time, and the back-off of those that fail.

A key that is added while a worker has it comes back when the worker is done. A later time never delays an earlier
one; an event makes a key due at once. Where more is due than workers can do, what has less patience goes first. Of
the workers that wait one is woken for each key. The queue is lost in a crash, which does no harm: the first lists of
the next process add every key.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Hashable
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from zilliz_jobs.core.backoff import exponential

K = TypeVar("K", bound=Hashable)
SPARE = 64  # superseded times, and times of forgotten keys, that may stay in the heap
SUBMISSION, STATE, PROGRESS = 1.0, 2.0, 15.0  # seconds of patience; ends, and what people ask for, have none
CLOCK_STEP = 0.001  # what is due within it is due now: a wait that is shorter than a step of the clock ends before it


class Turn(NamedTuple):
    """Since when a key is due, and until when it lets others go first."""

    due: float
    until: float


class WorkQueue(Generic[K]):
    """Times are seconds of the running loop's clock. `cap`: the longest wait before a key that failed is tried again,
    in seconds."""

    def __init__(self, cap: float = 60.0) -> None:
        self._cap = cap
        self._failures: dict[K, int] = {}
        self._due: dict[K, Turn] = {}
        self._heap: list[tuple[float, int, K, Turn]] = []
        """By the time from which they are due."""
        self._ready: list[tuple[float, int, K, Turn]] = []
        """Those that are due, by the end of their patience."""
        self.behind = 0.0
        """For how many seconds the key was due that was taken last."""
        self._busy: set[K] = set()
        self._order = count()
        self._waiting: deque[asyncio.Future[None]] = deque()
        """A worker each, which waits for a key."""
        self._alarm: asyncio.TimerHandle | None = None
        """Wakes one of them when the next key is due."""
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._due)

    @property
    def ready(self) -> int:
        """How many keys are due and not with a worker. Any thread may ask."""
        return sum(1 for late in self._late() if late >= 0)

    @property
    def lateness(self) -> float:
        """For how many seconds the key that waits longest is due. Any thread may ask."""
        return max(0.0, max(self._late(), default=0.0))

    def _late(self) -> list[float]:
        known = self._due.copy()  # in one step, so that the loop's thread may go on changing it
        now = self._now() if known else 0.0
        return [now - turn.due for key, turn in known.items() if key not in self._busy]

    def add(self, key: K, delay: float = 0.0, *, patience: float = 0.0) -> None:
        """Make `key` due in `delay` seconds, or earlier if it has an earlier time. `patience`: for so many seconds
        more others that are due go first, where not all can be done at once. May be repeated."""
        due, known = self._now() + max(0.0, delay), self._due.get(key)
        turn = Turn(due, due + patience)
        if known is not None:
            turn = Turn(min(due, known.due), min(turn.until, known.until))
        if turn == known:
            return
        self._due[key] = turn
        self._put(key)
        self._tidy()

    def _put(self, key: K) -> None:
        turn = self._due[key]
        heapq.heappush(self._heap, (turn.due, next(self._order), key, turn))
        self._wake_at(turn.due)

    def holds(self, key: K) -> bool:
        """Whether the key has a time, or is with a worker."""
        return key in self._due or key in self._busy

    def forget(self, key: K) -> None:
        """Take the key's time away, and count its failures from zero; a worker that has it keeps it. Idempotent."""
        self._due.pop(key, None)
        self._failures.pop(key, None)
        self._tidy()

    def failures(self, key: K) -> int:
        """How many passes in a row achieved nothing."""
        return self._failures.get(key, 0)

    def failed(self, key: K) -> int:
        """A pass achieved nothing: count it; returns how many there were before."""
        before = self.failures(key)
        self._failures[key] = before + 1
        return before

    def succeeded(self, key: K) -> None:
        """A pass achieved something, or no pass is owed: count from zero."""
        self._failures.pop(key, None)

    def add_failed(self, key: K, *, base: float = 1.0, least: float = 0.0) -> None:
        """Count a failure, and make the key due by back-off: in `base` seconds, doubled with each, with jitter; in
        `least` seconds at the earliest."""
        wait = exponential(self.failed(key), base=base, cap=self._cap, jitter=0.5)
        self.add(key, max(wait, least))

    def _tidy(self) -> None:
        """Superseded times are taken out now and then, so that they never outnumber those that hold."""
        if len(self._heap) + len(self._ready) > 2 * len(self._due) + SPARE:
            self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[3]]
            self._ready = [entry for entry in self._ready if self._due.get(entry[2]) == entry[3]]
            heapq.heapify(self._heap)
            heapq.heapify(self._ready)

    async def get(self) -> K:
        """Wait for the next due key. The caller must call `done` with it. Raises CancelledError once closed."""
        while True:
            if self._closed:
                raise asyncio.CancelledError("the queue is closed")
            taken = self._take_due()
            if self._ready:
                self._wake()
            elif self._heap:
                self._wake_at(self._heap[0][0])
            if taken is not None:
                return taken[0]
            await self._woken()

    async def _woken(self) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(woken)
        try:
            await woken
        except asyncio.CancelledError:
            if not woken.cancelled():
                self._wake()  # the next one, as this worker ends
            with contextlib.suppress(ValueError):
                self._waiting.remove(woken)
            raise

    def _wake(self) -> None:
        """One of the workers that wait, if any does."""
        while self._waiting:
            if not (woken := self._waiting.popleft()).done():
                woken.set_result(None)
                return

    def _wake_at(self, due: float) -> None:
        """One of the workers that wait then."""
        if due <= self._now() + CLOCK_STEP:
            self._wake()
        elif self._alarm is None or due < self._alarm.when():
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = asyncio.get_running_loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def done(self, key: K) -> None:
        """The worker is done with the key; if it was added meanwhile, it comes again."""
        self._busy.discard(key)
        if key in self._due:
            self._put(key)

    def close(self) -> None:
        """Give out no more keys; all waiting workers get CancelledError. Idempotent."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        while self._waiting:
            self._wake()

    def _take_due(self) -> tuple[K] | None:
        """A due key, wrapped; None where none is. The first of those that are not due is one that counts."""
        now = self._now()
        while self._heap and self._heap[0][0] <= now + CLOCK_STEP:
            _, number, key, turn = heapq.heappop(self._heap)
            heapq.heappush(self._ready, (turn.until, number, key, turn))
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][3]:
            heapq.heappop(self._heap)  # superseded
        while self._ready:
            _, _, key, turn = heapq.heappop(self._ready)
            if self._due.get(key) != turn or key in self._busy:
                continue  # superseded, or comes back with `done`
            del self._due[key]
            self._busy.add(key)
            self.behind = max(0.0, now - turn.due)
            return (key,)
        return None

    def _now(self) -> float:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop.time()
