"""The operator's metrics, one registry; `catalogue` names them. Alerts and dashboard use these only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, start_http_server

from zilliz_jobs.telemetry import catalogue
from zilliz_jobs.telemetry.catalogue import Family
from zilliz_jobs.telemetry.live import LiveGauges, Reading

MAX_ROUTES = 200
OTHER = "other"
ANSWERS = ("Accepted", "Refused", "NotSent", "EffectUnknown")
DEPARTURES = ("ended", "not_submitted", "canceled", "left_running", "left_behind", "unknown")
ENDS = ("Successful", "Failed", "Canceled", "Unknown")
REQUESTS = ("cancel", "retry", "resolve")
OUTCOMES = ("Requested", "Accepted", "Completed", "Refused", "Failed")
ASKERS = ("policy", "person", "elsewhere")
RUNS = ("started", "succeeded", "failed", "missed")
BACKUP_DELETIONS = ("gone", "stays", "unclear")
RANKS = ("effect", "need", "poll")

_without_created: Callable[[], None] = disable_created_metrics
_without_created()  # else each counter has a second series, which nobody reads


class Metrics:
    """What happens is counted here by whoever sees it happen; what *is*, is read at a scrape: `read_from`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._served = contextlib.ExitStack()
        self.finished = self._counter(catalogue.FINISHED)
        self.state_seconds = self._histogram(catalogue.STATE_SECONDS)
        self.deleted = self._counter(catalogue.DELETED)
        self.submissions = self._counter(catalogue.SUBMISSIONS)
        self.requests = self._counter(catalogue.REQUESTS)
        self.retries = self._counter(catalogue.RETRIES)
        self.passes = self._counter(catalogue.PASSES)
        self.status_writes = self._counter(catalogue.STATUS_WRITES)
        self.swept = self._counter(catalogue.SWEPT)
        self.schedule_runs = self._counter(catalogue.SCHEDULE_RUNS)
        self.backup_deletions = self._counter(catalogue.BACKUP_DELETIONS)
        crds = catalogue.CRD_OUTDATED
        self.crd_outdated = Gauge(crds.name, crds.help, crds.labels, registry=self.registry)
        self._cloud_requests = self._counter(catalogue.CLOUD_REQUESTS)
        self._cloud_seconds = self._histogram(catalogue.CLOUD_SECONDS)
        self._limiter_wait = self._histogram(catalogue.LIMITER_WAIT)
        self._limiter_refusals = self._counter(catalogue.LIMITER_REFUSALS)
        self._live = LiveGauges(catalogue.LIVE)
        self.registry.register(self._live)
        self._routes: set[str] = set()

    def begin(self, kinds: Iterable[str], rows: Iterable[str] = (), watched: Iterable[str] = ()) -> None:
        """Show 0 for what did not happen yet: an increase from nothing to 1 is none to Prometheus. `rows`: the kinds
        that show the jobs of others; `watched`: all kinds."""
        for kind, request, outcome in product(rows, REQUESTS[:2], OUTCOMES):
            self.requests.labels(kind, request, outcome)
        for kind in kinds:
            for counter, *values in (
                (self.submissions, ANSWERS),
                (self.finished, ENDS),
                (self.deleted, DEPARTURES),
                (self.requests, REQUESTS, OUTCOMES),
                (self.retries, ASKERS),
            ):
                for row in product(*values):
                    counter.labels(kind, *row)
        for kind in watched:
            self.swept.labels(kind)
            self.passes.labels(kind, "hung")
        for priority in RANKS:
            self._limiter_refusals.labels(priority)
        for outcome in RUNS:
            self.schedule_runs.labels(outcome)
        for outcome in BACKUP_DELETIONS:
            self.backup_deletions.labels(outcome)

    def read_from(self, read: Callable[[], Reading]) -> None:
        """`read` tells the figures of `catalogue.LIVE`. It is called by another thread than the event loop's."""
        self._live.read = read

    # -- what the cloud layer counts

    def called(self, route: str, outcome: str, code: str, seconds: float) -> None:
        """A request to the cloud has ended."""
        if route not in self._routes:
            if len(self._routes) >= MAX_ROUTES:
                route = OTHER  # the path of the console is anybody's setting
            self._routes.add(route)
        self._cloud_requests.labels(route, outcome, code).inc()
        self._cloud_seconds.labels(route).observe(seconds)

    def waited(self, priority: str, seconds: float) -> None:
        """A request had its turn."""
        self._limiter_wait.labels(priority).observe(seconds)

    def turned_away(self, priority: str) -> None:
        """A request had none in time."""
        self._limiter_refusals.labels(priority).inc()

    # -- serving

    def serve(self, port: int) -> None:
        """Serve /metrics on `port` from a thread of its own, until `close`."""
        server, thread = start_http_server(port, registry=self.registry)
        for step in (server.server_close, thread.join, server.shutdown):  # done from the last to the first
            self._served.callback(step)

    def close(self) -> None:
        """Free the port. Blocks until the thread has looked up from its work, half a second at most."""
        self._served.close()

    # -- parts

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self.registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=self.registry)
