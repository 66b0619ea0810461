"""Namespaces of a node: made, entered by a thread or by a process, and ended with all that runs in them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane.binaries import UnavailableError

from .needs import require

NAME = "node1"
ADDRESS = "172.31.66.1"
GATEWAY = "172.31.67.254"
CLONE_NEWNET = 0x40000000
ENTER = 'for group in $0; do echo $$ >"$group/cgroup.procs"; done; exec "$@"'
END_SECONDS = 60


@dataclass(frozen=True)
class Machine:
    """`holder`, `pid`: of the process outside that holds it, and of the first one in it, as this machine counts.
    `groups`: its cgroups, one in each hierarchy."""

    folder: Path
    holder: int
    pid: int
    groups: tuple[Path, ...]

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` in all its namespaces and cgroups. Files are those of this machine,
        but for what `inside.py` mounts."""
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        entered = ["nsenter", "--target", str(self.pid), *namespaces, "--", *command]
        return ["sh", "-c", ENTER, " ".join(map(str, self.groups)), *entered]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"cannot run {' '.join(command)} in the node: {(done.stderr or done.stdout).strip()}")
        return done

    @contextmanager
    def network(self) -> Iterator[None]:
        """This thread is in its network while the block lasts, with every thread and process that it starts there.
        That network leads to no other: what is to be fetched is fetched `outside`."""
        with _in_network_of(self.pid):
            yield

    @contextmanager
    def outside(self) -> Iterator[None]:
        """This thread is in the network of this machine again while the block lasts."""
        with _in_network_of(self.holder):
            yield


@contextmanager
def _in_network_of(process: int) -> Iterator[None]:
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter_network(Path("/proc", str(process), "ns/net"))
        yield
    finally:
        _enter_network(before)
        os.close(before)


def _enter_network(namespace: Path | int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns comes with Python 3.12
    descriptor = os.open(namespace, os.O_RDONLY) if isinstance(namespace, Path) else namespace
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "cannot enter the network of the node")
    finally:
        if isinstance(namespace, Path):
            os.close(descriptor)


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """One that lasts as long as the block, or as this process. `folder` takes what its programs write. Raises
    UnavailableError where none can be made."""
    require()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "machine.log"
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("outside.py"))]
    with log.open("wb") as written:
        holder = subprocess.Popen(
            [*command, str(folder), NAME, ADDRESS, GATEWAY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            # Ctrl-C in the terminal must not end it before what it looks after.
            start_new_session=True,
        )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        groups = tuple(map(Path, holder.stdout.readline().split()))
        if holder.stdout.readline().strip() != "ready":
            raise UnavailableError(f"cannot make the namespaces of a node: {log.read_text()[-1000:].strip()}")
        yield Machine(folder, holder.pid, _first_of(holder.pid), groups)
    finally:
        holder.stdin.close()
        holder.wait(END_SECONDS)
        holder.stdout.close()


def _first_of(holder: int) -> int:
    """The child of the child: `unshare` stands between."""
    (unshare,) = _children(holder)
    (first,) = _children(unshare)
    return first


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found
