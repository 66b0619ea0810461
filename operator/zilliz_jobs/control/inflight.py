"""Requests that change something in the cloud: each is asked for by a fence, and finished once it was begun."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from zilliz_jobs.control.fence import Fence

R = TypeVar("R")

log = logging.getLogger(__name__)


class RequestsInFlight:
    """`leads`: whether this process will still lead in so many seconds."""

    def __init__(self, leads: Callable[[float], bool] = lambda _seconds: True) -> None:
        self._leads = leads
        self.tasks: set[asyncio.Task[Any]] = set()
        """What is not finished yet."""

    def fence(self, seconds: float) -> Fence:
        """A fence for one request that is asked for now: it closes after so many seconds, or when the lead may be
        lost."""
        return Fence(float(seconds), self._leads).start()

    async def shielded(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` to its end even if the caller is cancelled; `drain` waits for it."""
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Start `work` as a task that `drain` waits for."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def settled(self) -> None:
        """Wait for the requests that are in flight now, and their records, whatever becomes of them."""
        if self.tasks:
            await asyncio.wait([*self.tasks])

    async def drain(self, seconds: float) -> None:
        """Wait at most so long for the requests in flight and their records. For the end of the process."""
        if not self.tasks:
            return
        done, left = await asyncio.wait(self.tasks, timeout=seconds)
        for task in done:
            if not task.cancelled() and (error := task.exception()):
                log.error("a request in flight ended badly: %s", error)
        if left:
            log.error("%d requests are not recorded yet; the next process looks for them", len(left))
