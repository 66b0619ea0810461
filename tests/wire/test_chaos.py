"""A small storm on the stand-ins: every promise holds in it, and nothing of it stays behind."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.support.serving import ROOT
from tests.wire.test_bench import environment, left_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
JOBS, SEED = 25, 5


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("chaos")
    command = [sys.executable, "-m", "tools.chaos", "--stand-in", "--jobs", str(JOBS), "--seed", str(SEED)]
    done = subprocess.run(
        [*command, "--out", str(folder / "out")],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=280,
    )
    found: dict[str, Any] = json.loads((folder / "out" / f"{SEED}-{JOBS}" / "verdict.json").read_text())
    assert done.returncode == (0 if found["passed"] else 1), done.stderr[-4000:]
    assert left_of(folder) == []
    return found


def test_whatever_dies_each_attempt_is_submitted_once_and_every_object_ends_with_the_clouds_truth(
    outcome: dict[str, Any],
) -> None:
    assert outcome["violations"] == {}
    assert outcome["mostSubmissionsOfAnAttempt"] == 1
    assert sum(outcome["states"].values()) == JOBS


def test_the_storm_was_one(outcome: dict[str, Any]) -> None:
    """Without deaths and faults the other test would show nothing."""
    assert sum(outcome["deaths"].values()) >= 3
    assert len(outcome["faults"]) >= 8
