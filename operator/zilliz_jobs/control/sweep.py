"""A regular check that no unfinished object is forgotten: each is in the queue, with a worker, or polled.

All other code keeps that true, so an object found here is the sign of a bug: its key is put into the queue, counted
(metric) and logged.
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
    """`interval`: seconds between two checks; 0: none, for tests that show that it is not needed."""

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
        """Check at intervals, for ever; not while another process leads."""
        while True:
            await asyncio.sleep(self._interval or 3600.0)
            if self._interval and self._leadership.works:
                try:
                    self.sweep()
                except Exception:
                    log.exception("the sweep failed, which should not happen")

    def lost(self) -> list[Key]:
        """The unfinished objects that no pass is planned for. Nothing else runs during the call, so an object that is
        just being moved from the poll plan to the queue is not among them."""
        return [
            key
            for controller in self._controllers
            for key in controller.unfinished()
            if not self._queue.holds(key) and not controller.is_polled(key)
        ]

    def sweep(self) -> None:
        """Put the keys of forgotten objects into the queue, count and log them. May be repeated."""
        lost = self.lost()
        for key in lost:
            self._metrics.swept.labels(key.kind).inc()
            self._queue.add(key)
        if lost:
            shown = first_of(map(str, lost))
            log.error(WOKEN, len(lost), shown)
