"""Start and stop server processes: log files, readiness, free ports, and no leftovers."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

BLOCK = 200  # ports for one process of tests
"""Test processes that have ports of their own."""
TAIL_LINES = 25


class ControlPlaneError(RuntimeError):
    """A server of the control plane cannot be started or used."""


class Reaper:
    """The watcher that cleans up if this process is killed."""

    def __init__(self, folder: Path | None) -> None:
        script = Path(__file__).with_name("reaper.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), *([str(folder)] if folder else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            # Ctrl-C in the terminal must not end the watcher before its parent.
            start_new_session=True,
        )

    def add(self, pid: int) -> None:
        """Watch over the process group of `pid`."""
        self._tell(f"+{pid}\n")

    def remove(self, pid: int) -> None:
        """Forget `pid`: it has ended, and its number may be given to another process."""
        self._tell(f"-{pid}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        # Without its watcher a control plane still works; it only may leave processes after a kill.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def close(self) -> None:
        """End the watch; the watcher cleans up what is left."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


class Server:
    """One server process, with its output in a log file that grows over restarts."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, reaper: Reaper) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = list(command)
        self._reaper = reaper
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, ready: Callable[[], bool], seconds: float, environ: Mapping[str, str]) -> None:
        """Start the process and wait until `ready()`; raise with the end of the log if that fails."""
        if self.running:
            raise ControlPlaneError(f"cannot start {self.name}: it runs already")
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                env=dict(environ),
                start_new_session=True,
            )
        self._reaper.add(self._process.pid)
        deadline = time.monotonic() + seconds
        while not ready():
            status = self._process.poll()
            if status is not None:
                self.stop()
                raise ControlPlaneError(f"cannot start {self.name}: ended with {status}\n{self.tail()}")
            if time.monotonic() > deadline:
                self.stop(kill=True)
                raise ControlPlaneError(f"cannot start {self.name}: not ready after {seconds:.0f} s\n{self.tail()}")
            time.sleep(0.05)

    def stop(self, *, kill: bool = False, seconds: float = 10) -> None:
        """Stop the process and everything it started: politely at first, unless `kill`."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None and not kill:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._reaper.remove(process.pid)

    def since_start(self) -> str:
        """Return what the process wrote since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        """Return the last lines of the log, for an error message."""
        return "\n".join(self.since_start().splitlines()[-TAIL_LINES:])


@cache
def _block() -> list[int]:
    """The ports of this process: no other process of this machine has them, be it of this test run or of another."""
    folder = Path(tempfile.gettempdir()) / f"ports-of-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    firsts = list(range(20_000, 30_000, BLOCK))
    random.SystemRandom().shuffle(firsts)
    for first in firsts:
        lock = os.open(folder / str(first), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return list(range(first, first + BLOCK))  # the lock ends with the process
    raise ControlPlaneError(f"cannot take ports: {len(firsts)} processes of tests run on this machine")


def free_ports(count: int) -> list[int]:
    """Choose ports on the loopback that nobody listens on.

    They lie below the range that Linux takes for outgoing connections, so that a server which is stopped
    for a while finds its port free when it comes back. Each is given once before any is given again, and processes
    have different ones: who gets a port may listen on it much later.
    """
    found: list[int] = []
    ports = _block()
    for _ in range(len(ports)):
        port = ports.pop(0)
        ports.append(port)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == count:
            return found
    raise ControlPlaneError(f"cannot choose {count} free ports: too few from {ports[0]} on")


def is_healthy(port: int, path: str) -> bool:
    """Whether the server at this port of the machine answers a GET with 200 in five seconds."""
    return get_status(http.client.HTTPConnection("127.0.0.1", port, timeout=5), path) == 200


def get_status(connection: http.client.HTTPConnection, path: str, token: str = "") -> int | None:
    """Return the status of a GET, or None while nobody answers it properly."""
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
