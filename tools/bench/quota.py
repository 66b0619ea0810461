"""A process that is held to a part of a processor core, as a pod with a limit is.

By a quota of the kernel where a control group can be made (root; cgroups of version 1 or 2). Else one core is shared:
the process and programs that never rest are bound to the same one, each program in a session of its own, since the
kernel shares a core between sessions.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PERIOD = 100_000
"""Microseconds; that of Kubernetes."""

BUSY = "while True: pass"


@contextmanager
def held_to(pid: int, cores: float, *, mounts: Path = Path("/proc/self/mountinfo")) -> Iterator[str]:
    """Hold the process to so many cores, above 0 and at most 1, until the end of the block; yields how, in words."""
    with ExitStack() as stack:
        folder = group_of(mounts.read_text(), f"zilliz-jobs-bench-{os.getpid()}-{pid}")
        if folder is not None and limit(folder, pid, cores):
            stack.callback(_remove, folder)
            yield f"by a quota of the kernel, {cores:g} of a core"
            return
        neighbours = max(1, round(1 / cores) - 1)
        core = max(os.sched_getaffinity(0))
        os.sched_setaffinity(pid, {core})
        for _ in range(neighbours):
            busy = subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True)
            stack.callback(_end, busy)
            os.sched_setaffinity(busy.pid, {core})
        yield (
            f"on one core beside {neighbours} programs that never rest"
            if neighbours > 1
            else ("on one core beside a program that never rests")
        )


def group_of(mounts: str, name: str) -> Path | None:
    """The folder of a control group of this name that may have a quota; None where there can be none. Pure."""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        place = Path(before.split()[4])
        if kind == "cgroup2" or (kind == "cgroup" and "cpu" in options.split()[-1].split(",")):
            return place / name
    return None


def limit(folder: Path, pid: int, cores: float) -> bool:
    """Make the group and put the process into it; whether that was possible."""
    quota = round(PERIOD * cores)
    try:
        folder.mkdir()
        if (folder / "cpu.cfs_quota_us").exists():
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (folder / "cpu.max").write_text(f"{quota} {PERIOD}")
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        _remove(folder)
        return False
    return True


def _remove(folder: Path) -> None:
    """The process has ended, or goes back to the group above."""
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            (folder.parent / "cgroup.procs").write_text(pid)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _end(busy: subprocess.Popen[bytes]) -> None:
    busy.kill()
    busy.wait()
