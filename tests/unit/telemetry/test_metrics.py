"""The metrics' own server."""

from __future__ import annotations

import threading
import urllib.request

from tests.support.controlplane.supervise import free_ports

from zilliz_jobs.telemetry.metrics import Metrics


def test_a_closed_server_frees_its_port_and_its_thread() -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        metrics = Metrics()
        metrics.serve(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"zilliz_jobs_queue_depth" in answer.read()
        metrics.close()
    assert not [thread for thread in threading.enumerate() if "serve_forever" in thread.name]


def test_what_was_never_served_can_be_closed() -> None:
    Metrics().close()
