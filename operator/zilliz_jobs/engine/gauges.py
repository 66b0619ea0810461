"""The gauges of /metrics, read when the metrics are scraped.

Only the process that leads reports objects: all others know them too, and a sum over the processes would count them
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.watchhealth import WatchHealth
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobs.inventory import Inventory
from zilliz_jobs.schedules.controller import JobScheduleController
from zilliz_jobs.telemetry import catalogue
from zilliz_jobs.telemetry.live import Reading, Sample

MAX_CONNECTIONS = 1_000


class GaugeCollector:
    """`read` may be called by any thread."""

    def __init__(
        self,
        inventory: Inventory,
        queue: WorkQueue[Key],
        watch_health: WatchHealth,
        connections: Connections,
        leadership: Leadership,
        clock: ServerClock,
        watched: Sequence[str],
        unwatched: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`watched`: the kinds that should be; `unwatched`: those that are not, at the moment."""
        self._inventory, self._queue, self._watch_health = inventory, queue, watch_health
        self._connections, self._leadership, self._watched = connections, leadership, watched
        self._unwatched, self._clock = unwatched, clock

    def read(self) -> Reading:
        """The samples of all gauges, by family; those of objects only while this process leads."""
        works, silent, unwatched = self._leadership.works, self._watch_health.waiting, self._unwatched()
        own: dict[catalogue.Family, list[Sample]] = {
            catalogue.LEADER: [((), float(works))],
            catalogue.CLOCK_SKEW: [((), self._clock.skew)],
            catalogue.WATCH_SILENT: [((kind,), silent.get(kind, 0.0)) for kind in self._watched],
            catalogue.KIND_WATCHED: [((kind,), float(kind not in unwatched)) for kind in self._watched],
        }
        return {**own, **self._of_the_leader()} if works else own

    def _of_the_leader(self) -> dict[catalogue.Family, list[Sample]]:
        groups = list(self._inventory.unfinished())
        return {
            catalogue.OBJECTS: [(row, float(count)) for row, count in self._inventory.objects().items()],
            catalogue.UNFINISHED: [(group, float(count)) for group, count, _ in groups],
            catalogue.OLDEST: [(group, since) for group, _, since in groups],
            catalogue.LAST_SUCCESS: [(place, moment) for place, moment in self._inventory.successes().items()],
            catalogue.HIDDEN_TARGETS: [((), float(self._inventory.hidden))],
            catalogue.QUEUE_DEPTH: [((), float(len(self._queue)))],
            catalogue.QUEUE_READY: [((), float(self._queue.ready))],
            catalogue.QUEUE_OLDEST: [((), self._queue.lateness)],
            catalogue.CONNECTION_READY: self._ready(),
        }

    def _ready(self) -> list[Sample]:
        known = self._connections.readiness()
        shown = sorted(known, key=known.__getitem__)[:MAX_CONNECTIONS]  # connections that are not ready first
        return [((key.namespace, key.name), float(known[key])) for key in shown]


class ScheduleGauges:
    """The same of JobSchedules, read after all others."""

    def __init__(self, schedules: JobScheduleController, leadership: Leadership) -> None:
        self._schedules, self._leadership = schedules, leadership

    def read(self) -> Reading:
        """The samples of the gauges of schedules; none while another process leads. May be called by any thread."""
        if not self._leadership.works:
            return {}
        known = [((one.namespace, one.name), one) for one in self._schedules.figures()]
        return {
            catalogue.SCHEDULE_LAST_SUCCESS: [(at, one.last_success) for at, one in known if one.last_success],
            catalogue.SCHEDULE_NEXT: [(at, one.next_due) for at, one in known if one.next_due],
            catalogue.SCHEDULE_FAILED: [(at, float(one.failed)) for at, one in known],
        }
