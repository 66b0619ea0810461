"""What the figures were measured on, and what a process takes of it. Linux only: all of this is read from /proc."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def describe() -> dict[str, object]:
    """The machine in a few words."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memoryGiB": round(int(memory.split()[1]) / 2**20, 1),
        "cpu": cpu,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "loadAverageBefore": round(os.getloadavg()[0], 2),
    }


@dataclass(frozen=True)
class Use:
    """What a process has taken so far."""

    cpu_seconds: float
    rss_mib: float
    peak_mib: float


def use_of(pid: int) -> Use:
    """Raises ProcessLookupError when it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        lines = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
    except FileNotFoundError:
        raise ProcessLookupError(f"the process {pid} has ended") from None
    if "VmRSS" not in lines:
        raise ProcessLookupError(f"the process {pid} has ended")
    kib = {name: int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM")}
    return Use((int(stat[11]) + int(stat[12])) / _TICKS, kib["VmRSS"] / 1024, kib["VmHWM"] / 1024)
