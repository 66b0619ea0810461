"""The processes of the demo: started, watched, and ended with it, whatever ends it.

Each has its own process group and its own log file. A reaper ends them when the demo itself is killed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import zilliz_jobs
import zilliz_local
from zilliz_local.demo.trouble import CannotStart

START_SECONDS = 20.0
END_SECONDS = 3.0
LAST_LINES = 12
SOURCES = tuple(
    dict.fromkeys(str(Path(file).resolve().parents[1]) for file in (zilliz_local.__file__, zilliz_jobs.__file__))
)
"""Where the programs of the demo are; two folders where the two distributions are installed in different ones."""


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])


class Stage:
    """A context manager: on the way out every child is ended, and the logs are deleted unless `keep_logs` is set."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="zilliz-jobs-demo-"))
        self.keep_logs = False
        self._children: list[Child] = []
        self._reaper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py")), str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.05, deadline - time.monotonic()))
            _signal(child, signal.SIGKILL)  # the whole group, for what the child may have started itself
            child.process.wait()
        if self._reaper is not None and self._reaper.stdin is not None:
            with suppress(OSError):
                self._reaper.stdin.write(b"done\n")
                self._reaper.stdin.close()
            self._reaper.wait()
        if not self.keep_logs:
            shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def started(self) -> bool:
        """Whether there are logs at all."""
        return bool(self._children)

    def start(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> Child:
        """Start `python -m <command>`. Raises CannotStart when there can be no such process."""
        log = self.directory / f"{name}.log"
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=_environment(environment or {}),
                    start_new_session=True,
                )
        except OSError as error:
            raise CannotStart(f"cannot start the {name}: {error}") from error
        child = Child(name, process, log)
        self._children.append(child)
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.write(f"{process.pid}\n".encode())
            self._reaper.stdin.flush()
        return child

    async def file(self, child: Child, path: Path) -> str:
        """The text of the file that `child` writes once it is ready. Raises CannotStart."""
        deadline = time.monotonic() + START_SECONDS
        while (text := _text(path)) is None:
            self.check()
            if time.monotonic() > deadline:
                raise CannotStart(f"cannot start the {child.name}: nothing to see of it after {START_SECONDS:.0f} s")
            await asyncio.sleep(0.03)
        return text

    def check(self) -> None:
        """Raises CannotStart when a child has ended by itself, with the last lines that it wrote."""
        for child in self._children:
            if not child.alive:
                code = child.process.returncode
                raise CannotStart(
                    f"the {child.name} ended by itself (code {code}); its last lines:\n{child.last_lines()}"
                )

    def logs(self) -> str:
        """Where the logs are, and how the operator's ends; for the end of a show that went wrong."""
        parts = [f"logs: {self.directory}"]
        parts += [f"  {child.name}:\n{child.last_lines()}" for child in self._children if child.name == "operator"]
        return "\n".join(parts)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, without settings of another operator, and with no proxy between processes of one machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZILLIZ_JOBS_")}
    local = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), "127.0.0.1,localhost"]))
    path = os.pathsep.join(filter(None, [*SOURCES, kept.get("PYTHONPATH")]))
    return kept | {"NO_PROXY": local, "no_proxy": local, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"} | dict(more)


def _text(path: Path) -> str | None:
    """What is in a small file that appears whole; None before that."""
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    return None


def _signal(child: Child, number: signal.Signals) -> None:
    with suppress(OSError):
        os.killpg(child.process.pid, number)
