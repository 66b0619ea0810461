"""The operators of the end-to-end tests do what those tests rely on."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import warnings
from pathlib import Path

import pytest
from tests.support.charted import Release
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorInProcess

from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resources import RESOURCES

pytestmark = pytest.mark.controlplane


def open_watches(cluster: ControlPlane) -> set[str]:
    """Our kinds that somebody watches, as the API server counts them."""
    samples = str(cluster.client.get("/metrics")).splitlines()
    watches = [s for s in samples if s.startswith("apiserver_longrunning_requests{") and f'group="{GROUP}"' in s]
    return {r.plural for r in RESOURCES if any(f'resource="{r.plural}"' in s and s[-2:] != " 0" for s in watches)}


def test_an_operator_in_this_process_leaves_nothing_behind(
    cluster: ControlPlane, release: Release, log_file: Path
) -> None:
    """Else tests that have nothing to do with it would fail for it."""
    deadline = time.monotonic() + 30
    while open_watches(cluster):  # of the operator of an earlier test, which has just ended
        assert time.monotonic() < deadline, "somebody watches still"
        time.sleep(0.1)
    threads = set(threading.enumerate())
    operator = OperatorInProcess(release, log_file)
    operator.start()
    deadline = time.monotonic() + 30
    while len(open_watches(cluster)) < len(RESOURCES):
        assert time.monotonic() < deadline, operator.log_tail()
        time.sleep(0.1)
    os.kill(cluster.pids["kube-apiserver"], signal.SIGSTOP)  # slow at hearing that the watches end
    try:
        operator.close()
    finally:
        os.kill(cluster.pids["kube-apiserver"], signal.SIGCONT)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(one.message) for one in found] == []
    assert set(threading.enumerate()) <= threads
    operator.require_clean_log()
