"""The operator's metrics, one registry. Names are stable once released; alerts and dashboards use these only."""

from __future__ import annotations

import contextlib

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server


class Metrics:
    """Counters and gauges over all objects; none has a label whose values grow with the number of objects."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._served = contextlib.ExitStack()
        self.submissions = Counter(
            "zilliz_jobs_submissions", "Submissions by answer.", ["kind", "answer"], registry=self.registry
        )
        self.finished = Counter(
            "zilliz_jobs_finished", "Jobs that ended, by state.", ["kind", "state"], registry=self.registry
        )
        self.deleted = Counter(
            "zilliz_jobs_deleted",
            "Objects that are gone, by what became of their job in the cloud.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.status_writes = Counter(
            "zilliz_jobs_status_writes", "Status writes.", ["kind", "outcome"], registry=self.registry
        )
        self.ticks = Counter(
            "zilliz_jobs_ticks", "Passes over an object.", ["kind", "outcome"], registry=self.registry
        )
        self.queue_depth = Gauge("zilliz_jobs_queue_depth", "Objects that wait for a pass.", registry=self.registry)
        self.leader = Gauge("zilliz_jobs_leader", "1 while this process leads and works.", registry=self.registry)
        self.crd_outdated = Gauge(
            "zilliz_jobs_crd_outdated", "1 while the installed CRD lacks fields.", ["kind"], registry=self.registry
        )
        self.connection_ready = Gauge(
            "zilliz_jobs_connection_ready",
            "1 when the key is accepted.",
            ["namespace", "name"],
            registry=self.registry,
        )

    def forget_connection(self, namespace: str, name: str) -> None:
        """The connection is gone; its gauge would show its last state for ever."""
        with contextlib.suppress(KeyError):
            self.connection_ready.remove(namespace, name)

    def serve(self, port: int) -> None:
        """Serve /metrics on `port` from a thread of its own, until `close`."""
        server, thread = start_http_server(port, registry=self.registry)
        for step in (server.server_close, thread.join, server.shutdown):  # done from the last to the first
            self._served.callback(step)

    def close(self) -> None:
        """Free the port. Blocks until the thread has looked up from its work, half a second at most."""
        self._served.close()
