"""The commands of a runbook, as its reader types them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.node.stage import Chart

ON_A_MACHINE = ("timedatectl status",)
"""What its reader types on the machine of a node."""


def run(chart: Chart, command: str) -> None:
    if command in ON_A_MACHINE:
        return
    path = os.pathsep.join(
        [str(chart.plane.binaries.kubectl.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    environment = chart.plane.environment | {"PATH": path}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    # Of pods that are gone there is no log.
    no_line = done.stderr == "" or done.stderr.startswith("No resources found")
    nothing_found = done.returncode == 1 and "| grep" in command and no_line
    assert done.returncode == 0 or nothing_found, f"{command}: {done.stderr}"
