"""An earlier release of the operator, out of the history of this repository: its CRDs, and its program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.controlplane import ControlPlane
from tests.support.operators import QUICK, OperatorProcess

ROOT = Path(__file__).parents[2]
RELEASES = {"0.1.0": "6131d0d"}
"""By their versions, the commits of the releases that can be upgraded from; none of them has a tag."""
WORKERS = 64
"""More than there are objects: a request whose answer does not come holds a worker."""

SENTENCE = "NO EARLIER RELEASE"


def checked_out(version: str, folder: Path, *parts: str) -> Path:
    """These parts of the release in the folder: program and CRDs, where none is named. Skips where the history does
    not go back so far."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", RELEASES[version], *(parts or ("operator", "crds"))],
        capture_output=True,
        check=False,
    )
    if archive.returncode != 0:
        why = (
            f"{SENTENCE}: the history of this checkout lacks {RELEASES[version]}, which is {version}; fetch all of it"
        )
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


class EarlierOperator(OperatorProcess):
    """The program of the earlier release, with the libraries of today: what its own bounds allow."""

    def __init__(self, cluster: ControlPlane, log: Path, release: Path) -> None:
        super().__init__(cluster, log, forked=False)
        chosen = QUICK | {"metrics_port": self.metrics_port, "health_port": self.health_port, "workers": WORKERS}
        self._environment = cluster.environment | {
            f"ZILLIZ_JOBS_{name.upper()}": str(value) for name, value in chosen.items()
        }
        self._environment["PYTHONPATH"] = str(release / "operator")
        shown = subprocess.run(
            [sys.executable, "-c", "import zilliz_jobs; print(zilliz_jobs.__file__)"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(release) in shown.stdout, f"that is not the earlier release: {shown.stdout}"
