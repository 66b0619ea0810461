"""Ports for tests: a test that reaches the server of another one may pass for what that does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASK = "from tests.support.controlplane.supervise import free_ports; print(*free_ports(3), flush=True); input()"


def test_two_runs_of_tests_on_one_machine_have_different_ports() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    given: list[str] = []
    for run in runs:
        assert run.stdout is not None
        given += run.stdout.readline().split()
    for run in runs:
        run.communicate("\n", timeout=30)
    assert len(given) == len(set(given)) == 9
