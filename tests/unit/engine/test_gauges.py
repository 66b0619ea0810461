"""What a scrape is told. If these fail, a replica that stands by wakes people, or a stuck one does not."""

from __future__ import annotations

import asyncio
import sys
import threading
from datetime import timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.engine.fakes import backup, entry

from zilliz_jobs.control.clock import ServerClock, machine_time
from zilliz_jobs.control.objects import Key, key_of
from zilliz_jobs.control.watchhealth import WatchHealth
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.engine.gauges import MAX_CONNECTIONS, GaugeCollector, ScheduleGauges
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.inventory import Inventory
from zilliz_jobs.schedules.controller import ScheduleFigures
from zilliz_jobs.telemetry import catalogue
from zilliz_jobs.telemetry.metrics import MAX_ROUTES, Metrics

KEY = Key("BackupJob", "ns", "one")


class Lead:
    works = True


class Known:
    def __init__(self) -> None:
        self.ready: dict[Key, bool] = {}

    def readiness(self) -> dict[Key, bool]:
        return self.ready


SHARDS = {catalogue.NO_SUCH_SHARD}
SCHEDULES = {catalogue.SCHEDULE_LAST_SUCCESS, catalogue.SCHEDULE_NEXT, catalogue.SCHEDULE_FAILED}


class Bench:
    def __init__(self) -> None:
        self.lead, self.known, self.inventory = Lead(), Known(), Inventory(["BackupJob"], 5)
        self.queue: WorkQueue[Key] = WorkQueue()
        self.time = 0.0
        self.watch_health = WatchHealth(60.0, clock=lambda: self.time)
        self.clock = ServerClock(machine_time, lambda: self.time)
        others: Any = (self.known, self.lead, self.clock)
        self.figures = GaugeCollector(self.inventory, self.queue, self.watch_health, *others, ["BackupJob"])

    def __getitem__(self, family: catalogue.Family) -> Any:
        return self.figures.read()[family]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.looptime
async def test_a_replica_that_stands_by_tells_of_no_object_no_queue_and_no_connection(bench: Bench) -> None:
    """Its queue is overdue as a whole, and what it knows of a connection is what it knew when it led."""
    bench.inventory.on_upsert(entry(), backup())
    bench.known.ready = {Key("ZillizConnection", "ns", "default"): False}
    bench.queue.add(KEY)
    assert {
        family for family in catalogue.LIVE if family.by_leader
    } - SCHEDULES - SHARDS <= bench.figures.read().keys()
    bench.lead.works = False
    own = {catalogue.LEADER, catalogue.WATCH_SILENT, catalogue.KIND_WATCHED, catalogue.CLOCK_SKEW}
    assert bench.figures.read().keys() == own
    assert bench[catalogue.LEADER] == [((), 0.0)]


@pytest.mark.looptime
async def test_the_queue_ages_while_nobody_works_on_it(bench: Bench) -> None:
    bench.queue.add(KEY)
    bench.queue.add(Key("BackupJob", "ns", "two"), 100.0)
    await asyncio.sleep(7)
    assert bench[catalogue.QUEUE_OLDEST] == [((), 7.0)]
    assert (bench[catalogue.QUEUE_READY], bench[catalogue.QUEUE_DEPTH]) == ([((), 1.0)], [((), 2.0)])


async def test_another_thread_can_ask_while_the_loop_goes_on(bench: Bench) -> None:
    """A scrape that fails now and then makes holes in every graph, and resets every alert."""
    wrong: list[BaseException] = []
    over = threading.Event()

    def scrape() -> None:
        try:
            while not over.is_set():
                bench.figures.read()
        except Exception as error:
            wrong.append(error)

    sys.setswitchinterval(1e-6)  # the threads change places as often as they can
    thread = threading.Thread(target=scrape)
    thread.start()
    words = [str(reason) for reason in Reason]
    entries: list[JobEntry] = []
    for n in range(4000):
        status = {"target": f"in{n}", "state": "Successful", "completionTime": "2026-03-01T13:00:00Z"}
        if n % 2:
            status = {"state": "InProgress", "reason": words[n % len(words)]}
        body = backup(f"o{n}", uid=f"u{n}", status=status)
        entries.append(entry(body))
        bench.inventory.on_upsert(entries[-1], body)
        bench.queue.add(key_of(body))
        bench.watch_health.wrote({**body, "kind": f"Kind{n}"})
        if n % 300 == 299:  # in bursts, so that the tables shrink and grow while they are read
            for gone in entries[n - 299 : n]:
                bench.inventory.forget(gone)
                bench.queue.forget(gone.key)
    over.set()
    await asyncio.to_thread(thread.join)
    sys.setswitchinterval(0.005)
    assert wrong == []


def test_a_watch_that_owes_an_echo_tells_for_how_long(bench: Bench) -> None:
    assert bench[catalogue.WATCH_SILENT] == [(("BackupJob",), 0.0)]
    bench.watch_health.wrote(backup(version=5))
    bench.time = 50.0
    bench.watch_health.wrote(backup(version=6))
    assert bench[catalogue.WATCH_SILENT] == [(("BackupJob",), 50.0)]
    bench.watch_health.heard(backup(version=6))
    assert bench[catalogue.WATCH_SILENT] == [(("BackupJob",), 0.0)]


def test_of_very_many_connections_those_that_are_not_ready_are_told(bench: Bench) -> None:
    bench.known.ready = {Key("ZillizConnection", "ns", f"c{n}"): True for n in range(MAX_CONNECTIONS + 5)}
    bench.known.ready[Key("ZillizConnection", "ns", "bad")] = False
    told = bench[catalogue.CONNECTION_READY]
    assert (len(told), told[0]) == (MAX_CONNECTIONS, (("ns", "bad"), 0.0))


def test_the_path_of_the_console_which_anybody_can_set_makes_no_end_of_series() -> None:
    metrics = Metrics()
    for n in range(MAX_ROUTES + 100):
        metrics.called(f"GET /mine/{n}/jobs", "ok", "200", 0.1)
    (family,) = [f for f in metrics.registry.collect() if f.name == "zilliz_jobs_cloud_requests"]
    routes = {s.labels["route"] for s in family.samples}
    assert (len(routes), "other" in routes) == (MAX_ROUTES + 1, True)


def test_each_replica_tells_how_far_its_machine_is_from_the_api_server(bench: Bench) -> None:
    """The one that stands by too: it is the next to work."""
    bench.lead.works = False
    assert bench[catalogue.CLOCK_SKEW] == [((), 0.0)]
    late = machine_time() - timedelta(hours=1)
    bench.clock.hear(format_datetime(late, usegmt=True), 0.01)
    assert bench[catalogue.CLOCK_SKEW] == [((), pytest.approx(3600, abs=3))]


def test_only_the_process_that_works_tells_of_schedules() -> None:
    """Else a schedule that failed counts once for each replica, and one that stands by tells what it knew last."""
    lead: Any = Lead()
    told: Any = SimpleNamespace(figures=lambda: [ScheduleFigures("ns", "nightly", 5.0, None, failed=True)])
    gauges = ScheduleGauges(told, lead)
    lead.works = True
    assert gauges.read() == {
        catalogue.SCHEDULE_LAST_SUCCESS: [(("ns", "nightly"), 5.0)],
        catalogue.SCHEDULE_NEXT: [],
        catalogue.SCHEDULE_FAILED: [(("ns", "nightly"), 1.0)],
    }
    lead.works = False
    assert gauges.read() == {}
