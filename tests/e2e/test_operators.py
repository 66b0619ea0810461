"""The operators of the end-to-end tests do what those tests rely on."""

from __future__ import annotations

import contextlib
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

from zilliz_jobs.api.resources import RESOURCES

pytestmark = pytest.mark.controlplane


def watched(operator: OperatorInProcess) -> float:
    """How many kinds the operator watches, by its own metrics; 0 before it serves them."""
    with contextlib.suppress(OSError):
        return sum(n for name, n in operator.metrics().items() if name.startswith("zilliz_jobs_kind_watched"))
    return 0.0


def test_an_operator_in_this_process_leaves_nothing_behind(
    cluster: ControlPlane, release: Release, log_file: Path
) -> None:
    """Else tests that have nothing to do with it would fail for it."""
    threads = set(threading.enumerate())
    operator = OperatorInProcess(release, log_file)
    operator.start()
    deadline = time.monotonic() + 90
    while watched(operator) < len(RESOURCES):
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
