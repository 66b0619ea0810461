"""The proof that nothing falls out of sight: every unfinished object has a time at which it is looked at again.

It is in the queue, or at work, or polled. That is so by construction everywhere else, so whatever is found here is a
fault: it is woken, counted and said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from zilliz_jobs.control.controller import Controller
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.telemetry.metrics import Metrics

WOKEN = "%d objects had no time for their next pass, which should not happen: %s"

log = logging.getLogger(__name__)


class Sweep:
    """`interval`: seconds; 0: never, for tests that show that it is not needed."""

    def __init__(
        self,
        controllers: Sequence[Controller],
        queue: WorkQueue[Key],
        leadership: Leadership,
        metrics: Metrics,
        *,
        interval: float,
    ) -> None:
        self._controllers, self._queue = controllers, queue
        self._leadership, self._metrics, self._interval = leadership, metrics, interval

    async def run(self) -> None:
        """For ever, while this process works: one that stands by looks at nothing."""
        while True:
            await asyncio.sleep(self._interval or 3600.0)
            if self._interval and self._leadership.works:
                try:
                    self.sweep()
                except Exception:
                    log.exception("the sweep failed, which should not happen")

    def lost(self) -> list[Key]:
        """The unfinished objects that nothing would ever look at again. No time passes meanwhile, so none of them is
        just on its way from one hand to another."""
        return [
            key
            for controller in self._controllers
            for key in controller.unfinished()
            if not self._queue.holds(key) and not controller.is_polled(key)
        ]

    def sweep(self) -> None:
        lost = self.lost()
        for key in lost:
            self._metrics.swept.labels(key.kind).inc()
            self._queue.add(key)
        if lost:
            shown = first_of(map(str, lost))
            log.error(WOKEN, len(lost), shown)
