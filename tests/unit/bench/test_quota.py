"""The operator of a measurement is held to a part of a core, and nothing of that stays behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.bench.quota import PERIOD, group_of, held_to, limit

V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
NONE = "24 1 0:22 / /proc rw - proc proc rw\n33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield made
    made.kill()
    made.wait()


@pytest.mark.parametrize(
    ("mounts", "folder"),
    [(V1, "/sys/fs/cgroup/cpu,cpuacct/mine"), (V2, "/sys/fs/cgroup/mine"), (NONE, None), ("", None)],
    ids=["version 1", "version 2", "none for processors", "nothing"],
)
def test_where_a_group_with_a_quota_can_be(mounts: str, folder: str | None) -> None:
    found = group_of(mounts, "mine")
    assert (str(found) if found else None) == folder


def test_the_quota_is_a_part_of_the_period(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Path.mkdir

    def mkdir(path: Path) -> None:
        """As the kernel makes it: with its files."""
        made(path)
        (path / "cpu.cfs_quota_us").write_text("-1")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    assert limit(tmp_path / "group", 4711, 0.25)
    written = {file.name: file.read_text() for file in (tmp_path / "group").iterdir()}
    assert written == {
        "cpu.cfs_period_us": str(PERIOD),
        "cpu.cfs_quota_us": str(PERIOD // 4),
        "cgroup.procs": "4711",
    }


def test_of_version_2_both_stand_in_one_file(tmp_path: Path) -> None:
    assert limit(tmp_path / "group", 4711, 0.5)
    assert (tmp_path / "group" / "cpu.max").read_text() == f"{PERIOD // 2} {PERIOD}"


def test_where_no_group_can_be_made_a_core_is_shared_and_then_free_again(
    process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / "mounts").write_text(NONE)
    before = children()
    with held_to(process.pid, 0.25, mounts=tmp_path / "mounts") as how:
        assert how == "on one core beside 3 programs that never rest"
        assert len(os.sched_getaffinity(process.pid)) == 1
        assert len(children() - before) == 3
    assert children() == before


def test_a_process_that_was_held_goes_on(process: subprocess.Popen[bytes]) -> None:
    """By whatever way there is here."""
    with held_to(process.pid, 0.5) as how:
        assert "core" in how
    assert process.poll() is None


def children() -> set[str]:
    found = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False)
    return {pid for pid in found.stdout.split() if Path(f"/proc/{pid}").exists()}
