"""Processes of the operator that begin as copies of one that has imported everything already.

Importing costs two seconds of processor time, and the tests start the operator some two hundred times. What runs is
the same program with the same arguments, environment and log, in a process of its own, which can be killed.

    with ForkServer() as server:
        process = server.start("zilliz_jobs.cli.app", ["operator"], environment, log)

As a program (`python -m tests.support.forkserver`) it is the server: one connection on its standard input for each
process; it ends, and kills what it began, when the last holder of its socket is gone.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
BIG = 1 << 20


class Forked:
    """One process, with as much of the interface of `subprocess.Popen` as the tests need."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = int(connection.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal. Raises TimeoutExpired."""
        if self.returncode is None:
            ready, _, _ = select.select([self._connection], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired(f"the process {self.pid}", timeout or 0.0)
            self.returncode = int(self._connection.recv(64))
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class ForkServer:
    """One for each process of pytest, begun when the first operator is."""

    _only: ForkServer | None = None

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT)))}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forkserver"], stdin=theirs.fileno(), env=environment
            )

    @classmethod
    def only(cls) -> ForkServer:
        """The one of this process."""
        if cls._only is None:
            cls._only = cls()
            atexit.register(cls._only.close)
        return cls._only

    def start(self, program: str, arguments: Sequence[str], environment: dict[str, str], log: IO[bytes]) -> Forked:
        """Run the module as `python -m` would. Its output goes to `log`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            wanted = {"program": program, "arguments": list(arguments), "environment": environment}
            socket.send_fds(self._socket, [json.dumps(wanted).encode()], [theirs.fileno(), log.fileno()])
        return Forked(ours)

    def run(
        self, program: str, arguments: Sequence[str], environment: dict[str, str], *, seconds: float = 60.0
    ) -> tuple[int, str]:
        """Run the module to its end: its exit code, and all that it printed. Raises TimeoutExpired."""
        with tempfile.TemporaryFile() as log:
            process = self.start(program, arguments, environment, log)
            try:
                code = process.wait(seconds)
            finally:
                process.kill()
            log.seek(0)
            return code, log.read().decode()

    def close(self) -> None:
        self._socket.close()
        self._process.wait(timeout=10)


def serve(requests: socket.socket) -> None:
    """Start processes until nobody can ask for one any more."""
    begun: set[int] = set()
    while True:
        text, fds, _, _ = socket.recv_fds(requests, BIG, 2)
        if not text:
            break
        connection, log = socket.socket(fileno=fds[0]), fds[1]
        pid = os.fork()
        if pid == 0:
            requests.close()
            connection.close()
            _run(json.loads(text), log)
        os.close(log)
        begun.add(pid)
        connection.send(str(pid).encode())
        threading.Thread(target=_tell_end, args=(pid, connection, begun), daemon=True).start()
    for pid in list(begun):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _tell_end(pid: int, connection: socket.socket, begun: set[int]) -> None:
    _, status = os.waitpid(pid, 0)
    begun.discard(pid)
    with connection, contextlib.suppress(OSError):  # nobody may want to know
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _run(wanted: dict[str, object], log: int) -> None:
    """In the new process: what a shell does, and then the program. Does not return."""
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, 256)
        os.environ.clear()
        os.environ.update(wanted["environment"])  # type: ignore[call-overload]
        program, arguments = wanted["program"], wanted["arguments"]
        sys.argv = [str(program), *arguments]  # type: ignore[misc]
        warnings.filterwarnings("ignore", message=".*found in sys.modules.*")
        runpy.run_module(str(program), run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    # A request that ends this server, as Ctrl-C in a terminal does, is that of the tests; they end it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import kubernetes.client  # noqa: F401
    import prometheus_client  # noqa: F401

    import zilliz_jobs.cli.app
    import zilliz_jobs.main  # noqa: F401
    from zilliz_jobs.api.crd import crd
    from zilliz_jobs.api.resources import RESOURCES

    for resource in RESOURCES:
        crd(resource)  # each process compares with these
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=os.dup(0)))
