"""The bench at a tiny scale on the stand-ins: it still runs, and what it counts adds up. No time is tested."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.serving import ROOT, SOURCE

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
COMMAND = [sys.executable, "-m", "tools.bench", "--stand-in", "--scale", "0.001", "--only", "a,b,c,d,s"]


def environment(folder: Path) -> dict[str, str]:
    """Every process that the bench starts inherits where its temporary files go, and is known by it."""
    return os.environ | {"TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join([str(SOURCE), str(ROOT)])}


def left_of(folder: Path) -> list[str]:
    """The processes that live on."""
    found = []
    for one in Path("/proc").iterdir():
        try:
            if f"TMPDIR={folder}".encode() in (one / "environ").read_bytes().split(b"\0"):
                found.append((one / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # not a process, not ours, or gone meanwhile
    return found


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    files = ["--out", str(folder / "page.md"), "--json", str(folder / "bench.json")]
    done = subprocess.run(
        [*COMMAND, *files], cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "## (d)" in (folder / "page.md").read_text()
    assert (folder / "performance-delay.svg").is_file()
    assert left_of(folder) == []
    found: dict[str, Any] = json.loads((folder / "bench.json").read_text())["0.001"]
    return {letter: one["figures"] for letter, one in found.items()}


def test_every_change_of_a_running_import_is_seen_and_its_progress_shown(figures: dict[str, Any]) -> None:
    found = figures["a"]
    for part in ("spread", "burst"):
        assert (found[part]["missing"], len(found[part]["samples"])) == (0, found["changes"])
        assert found[part]["kubeCalls"]["PATCH importjobs/status"] >= found["changes"]
    assert found["progress"]["shownShare"] == 1
    assert found["floorReadSeconds"] >= found["floorSeconds"], "no reading is faster than the limit"
    assert (found["whole"]["throttled"], found["alarms"]["count"]) == (0, 0)


def test_every_new_job_is_submitted_once_and_all_calls_are_counted(figures: dict[str, Any]) -> None:
    jobs = figures["b"]["jobs"]
    assert figures["b"]["loopSeconds"] >= figures["b"]["floorSeconds"], "no loop is faster than the limit"
    for part in ("collections", "collection"):
        found = figures["b"][part]
        assert (found["successful"], found["effects"], found["mostEffectsOfOneToken"]) == (jobs, jobs, 1)
        assert found["cloudCalls"]["import.create"] == jobs
        seen = round(sum(found["writesPerJob"].values()) * jobs)  # by the watch; refused ones have no event
        assert jobs < seen <= found["kubeCalls"]["PATCH importjobs/status"]
        assert "POST importjobs" not in found["kubeCalls"], "those are the bench's own"


def test_a_restart_over_finished_jobs_writes_nothing(figures: dict[str, Any]) -> None:
    found = figures["c"]
    assert (found["writes"], found["untilQuiet"]["kubeCalls"].get("PATCH importjobs/status")) == (0, None)
    assert found["untilQuiet"]["kubeCalls"]["LIST importjobs"] >= 1
    assert found["quietAfterSeconds"] is not None
    assert found["loopSeconds"] > 0


def test_the_sizes_grow_and_a_tenth_of_the_objects_run(figures: dict[str, Any]) -> None:
    found = [figures["d"][f"of{size}"] for size in (1000, 5000, 20_000)]
    assert [(one["objects"], one["running"]) for one in found] == [(20, 2), (100, 10), (400, 40)]
    assert all(one["cloudCalls"] for one in found)


def test_one_operator_and_two_shards_show_the_same_changes(figures: dict[str, Any]) -> None:
    found = figures["s"]
    assert (found["objects"], found["running"], found["keys"]) == (100, 10, 5)
    for part, operators in (("one", 1), ("two", 2)):
        assert (found[part]["missing"], found[part]["alarms"]["count"]) == (0, 0)
        assert len(found[part]["rssMiB"]) == operators
        assert set(found[part]["delay"]) == {"p50", "p99", "max"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_stays_behind_however_the_bench_ends(tmp_path: Path, how: signal.Signals) -> None:
    """A forgotten operator would go on to work, and the next measurement with it."""
    command = [*COMMAND, "--only", "c", "--json", str(tmp_path / "bench.json"), "--out", str(tmp_path / "page.md")]
    bench = subprocess.Popen(command, cwd=ROOT, env=environment(tmp_path), stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not any("zilliz_jobs.cli.app" in line for line in left_of(tmp_path)):
            assert time.monotonic() < deadline
            assert bench.poll() is None
            time.sleep(0.05)
        bench.send_signal(how)
        _, said = bench.communicate(timeout=30)
        assert "Traceback" not in said
        while left := left_of(tmp_path):
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
    finally:
        bench.kill()
        bench.wait()
