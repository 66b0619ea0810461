"""Holds a node's namespaces as long as its standard input is open, and removes its cgroups when all in it has ended.

Run as a script, by `machine.py`: outside.py FOLDER NODE-NAME ADDRESS GATEWAY. It prints the folders of its cgroups in
one line. `inside.py`, which it starts as the first process of the namespaces, prints another line when it is ready.
However the process of the tests ends, the input ends with it, and with that the first process and all others there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
PREFIX = "node-of-tests-"
COPIED = ("cpuset.cpus", "cpuset.mems")  # without them no process may enter
REMOVAL_SECONDS = 20.0
UNSHARE = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--cgroup", "--uts", "--ipc", "--mount-proc")


def hierarchies() -> list[Path]:
    """The folders of the hierarchies of version 1, and of the unified one beside them."""
    return sorted(path for path in GROUPS.iterdir() if (path / "cgroup.procs").exists())


def parent(hierarchy: Path) -> Path:
    """The group that this process is in, as what limits it limits the node too; else the outermost one seen."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if hierarchy.name in (names or "unified").removeprefix("name=").split(","):
            mine = hierarchy / path.lstrip("/")
            return mine if (mine / "cgroup.procs").exists() else hierarchy
    return hierarchy


def make(name: str) -> list[Path]:
    made = [parent(hierarchy) / name for hierarchy in hierarchies()]
    for group in made:
        group.mkdir()
        for file in COPIED:
            if (group / file).exists():
                (group / file).write_text((group.parent / file).read_text())
    return made


def remove(groups: list[Path]) -> bool:
    """Whether nothing is left. A group goes when the last process has left it, from the innermost on."""
    for group in groups:
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    return not any(group.exists() for group in groups)


def remove_what_was_left() -> None:
    """Groups of runs that were killed together with the process that would have removed them."""
    left = [path for hierarchy in hierarchies() for path in parent(hierarchy).glob(f"{PREFIX}*")]
    remove([path for path in left if not Path("/proc", path.name.removeprefix(PREFIX)).exists()])


def main() -> int:
    remove_what_was_left()
    groups: list[Path] = []
    try:
        groups = make(f"{PREFIX}{os.getpid()}")
        print(*groups, flush=True)

        def enter() -> None:
            for group in groups:
                (group / "cgroup.procs").write_text("0")

        inside = [sys.executable, "-I", "-S", str(Path(__file__).with_name("inside.py")), *sys.argv[1:]]
        command = ["unshare", *UNSHARE, "--propagation", "private", "--", *inside]
        status = subprocess.Popen(command, preexec_fn=enter).wait()
    finally:
        deadline = time.monotonic() + REMOVAL_SECONDS
        while not remove(groups) and time.monotonic() < deadline:
            time.sleep(0.1)
    return status


if __name__ == "__main__":
    sys.exit(main())
