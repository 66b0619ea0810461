"""The operator as a process, where it cannot start: it says why, and ends."""

from __future__ import annotations

import socket
import subprocess
import sys

from tests.support.cloud import LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.operators import SOURCE
from tests.support.standin import stand_in


def test_a_metrics_port_that_is_taken_is_told_and_ends_it() -> None:
    """An operator that ran on without its metrics would be one that no alert can see."""
    thread = LoopThread()
    try:
        with socket.create_server(("0.0.0.0", 0)) as taken, stand_in(thread, find_kubectl()) as plane:
            port = taken.getsockname()[1]
            wanted = {"PYTHONPATH": str(SOURCE), "ZILLIZ_JOBS_METRICS_PORT": str(port)}
            command = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]
            done = subprocess.run(command, env=plane.environment | wanted, capture_output=True, text=True, timeout=60)
    finally:
        thread.close()
    assert done.returncode != 0
    assert f"cannot serve metrics on port {port}" in done.stdout + done.stderr
