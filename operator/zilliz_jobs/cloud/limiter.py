"""The request budgets of one API key at one endpoint of the cloud.

Documented: 20 requests a second per user and endpoint. So one `Limiter` per (endpoint, key), with one budget per
route (method and path template). Slots of a budget are spaced evenly and a little wider than asked: 21 requests have
to be squeezed by 60 ms on their way before any one-second window of the cloud holds too many. A burst would fill two
neighbouring windows. Delays of our own cannot squeeze them: a slot counts from the moment at which its request goes
out. Effects overtake reads that something waits for, and those overtake polls. 429 and Retry-After stop all budgets.

Virtual-time safe: only the event loop's clock is used.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

HEADROOM = 1.06
DEFAULT_PAUSE = 2.0  # seconds, for a 429 that names no time
MAX_CATCH_UP = 2.0  # intervals that a late slot may be made up for
LEAST_SPACING = 0.7  # of an interval, while it is
CLOCK_STEP = 1e-5  # seconds by which a timer may fire early


class Priority(IntEnum):
    """Who goes first."""

    EFFECT = 0
    NEED = 1  # a read that a person or a submission waits for
    POLL = 2


class Throttled(Exception):  # noqa: N818 - an answer, not a failure of the program
    """No slot within the time that the caller can wait. `retry_after`: seconds until one is likely."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"the request budget has no room for {retry_after:.1f} s")
        self.retry_after = retry_after


@dataclass(eq=False)
class _Slot:
    """`time`: when it was given out; then when its request went out."""

    time: float


@dataclass
class _Budget:
    next_slot: float = 0.0
    waiting: list[tuple[int, int, asyncio.Future[_Slot]]] = field(default_factory=list)
    given: deque[_Slot] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None

    def prune(self) -> None:
        while self.waiting and self.waiting[0][2].done():
            heapq.heappop(self.waiting)

    def ahead(self, priority: Priority) -> int:
        """How many wait that such a request does not overtake."""
        return sum(other <= priority and not future.done() for other, _, future in self.waiting)


class Limiter:
    """Hands out slots. `rate`: requests a second per route. One event loop, no thread safety."""

    def __init__(self, rate: float = 20.0) -> None:
        self._budgets: dict[str, _Budget] = {}
        self._order = count()
        self._branches: dict[str, Limiter] = {}
        self._paused_until = 0.0
        self._interval, self._burst = 0.0, 1
        self.set_rate(rate)

    @property
    def rate(self) -> float:
        """Requests a second and route that were asked for; `pace` is a little less."""
        return HEADROOM / self._interval

    @property
    def pace(self) -> float:
        """Requests a second that a route really gets."""
        return 1 / self._interval

    def set_rate(self, rate: float) -> None:
        """The new budget of each route, in requests a second; slots given out already stand.

        The caller passes the smallest of the connections that share the key. Raises ValueError if not positive.
        """
        if not rate > 0:
            raise ValueError(f"cannot set the request budget: {rate} requests a second")
        self._interval, self._burst = HEADROOM / rate, max(1, int(rate))
        for branch in self._branches.values():
            branch.set_rate(rate)

    def branch(self, host: str) -> Limiter:
        """The limiter of another host with the same key, at the same rate: its budgets and pauses are its own. The
        same one each time, so sessions that share this limiter share that one too."""
        if host not in self._branches:
            self._branches[host] = Limiter(self.rate)
        return self._branches[host]

    def pause(self, seconds: float | None = None) -> None:
        """No slot on any route for so long. A shorter pause never cuts a longer one short."""
        self._paused_until = max(self._paused_until, _now() + (DEFAULT_PAUSE if seconds is None else seconds))

    @property
    def paused_for(self) -> float:
        """Seconds until slots are given out again; 0 when they are."""
        return max(0.0, self._paused_until - _now())

    async def slot(self, route: str, *, priority: Priority = Priority.NEED, within: float = 30.0) -> None:
        """Wait for the route's next slot, at most `within` seconds; then the request must go out at once.

        Raises Throttled without waiting when the pause alone is longer, or when the requests ahead are too many.
        A cancelled or timed-out wait takes no slot.
        """
        budget = self._budgets.setdefault(route, _Budget())
        ahead = self._expected_wait(budget, priority)
        if ahead > within:
            raise Throttled(ahead)
        future: asyncio.Future[_Slot] = asyncio.get_running_loop().create_future()
        heapq.heappush(budget.waiting, (priority, next(self._order), future))
        self._serve(budget)
        if not future.done():
            try:
                async with asyncio.timeout(within):
                    await future
            except TimeoutError:
                raise Throttled(self._expected_wait(budget, priority)) from None
        future.result().time = _now()

    def _expected_wait(self, budget: _Budget, priority: Priority) -> float:
        return max(0.0, self._next(budget) - _now()) + budget.ahead(priority) * self._interval

    def _next(self, budget: _Budget) -> float:
        """When the budget's next slot is: after the last one, after the pause, and a whole second after the one that
        would fill the cloud's window with it."""
        while len(budget.given) > self._burst:
            budget.given.popleft()
        full = budget.given[0].time + self._burst * self._interval if len(budget.given) == self._burst else 0.0
        return max(budget.next_slot, self._paused_until, full)

    def _serve(self, budget: _Budget) -> None:
        if budget.timer is not None:
            budget.timer.cancel()
            budget.timer = None
        budget.prune()
        if not budget.waiting:
            return
        now, start = _now(), self._next(budget)
        if start <= now + CLOCK_STEP:
            slot = _Slot(now)
            budget.given.append(slot)
            heapq.heappop(budget.waiting)[2].set_result(slot)
            # Timers fire late on a busy machine; a slot that came late does not move all that follow.
            on_time = max(start, now - MAX_CATCH_UP * self._interval) + self._interval
            budget.next_slot = max(on_time, now + LEAST_SPACING * self._interval)
            budget.prune()
            start = self._next(budget)
        if budget.waiting:
            budget.timer = asyncio.get_running_loop().call_at(start, self._serve, budget)


def _now() -> float:
    return asyncio.get_running_loop().time()
