"""The run script of the worker as a process, with a stand-in for java, in a folder instead of a container."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

JAVA = Path(__file__).with_name("standin_java.py")
PATIENCE = 30.0
MOVED = re.compile(r"Write Count So Far +: +[1-9]")


@dataclass(frozen=True)
class Ended:
    """`log`: what the container printed. `kept`: what java printed, which nobody sees."""

    exit_code: int
    message: str
    log: str
    kept: str


class WorkerShell:
    """One container. `files`: what its Secret holds. `folder`: stands for its file system. `standin`: whether java is
    the stand-in; else it is the one of the system."""

    def __init__(self, folder: Path, files: Mapping[str, str], *, standin: bool = True, **environment: str) -> None:
        self._told, self._work = folder / "etc-vts", folder / "tmp"
        programs = folder / "bin"
        for made in (self._told, self._work, programs):
            made.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self._told / name).write_text(text, encoding="utf-8")
        if standin and not (java := programs / "java").exists():
            java.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{JAVA}" "$@"\n', encoding="utf-8")
            java.chmod(0o755)
        self._message = folder / "termination-log"
        self._message.touch()
        self._log = (folder / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["bash", str(self._told / "run.sh")],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "VTS_CONFIG": str(self._told),
                "VTS_WORK": str(self._work),
                "TERMINATION_LOG": str(self._message),
                **environment,
            },
        )

    def terminate(self) -> None:
        """What the kubelet sends where the pod is deleted."""
        self.process.terminate()

    def wait_until_it_works(self, patience: float = PATIENCE) -> None:
        """Until java has moved its first rows."""
        until = time.monotonic() + patience
        while not MOVED.search(self._printed()):
            assert time.monotonic() < until, "java moved no rows"
            assert self.process.poll() is None, "java ended before it moved rows"
            time.sleep(0.02)

    def poll(self) -> Ended | None:
        """How it ended; None while it runs."""
        return None if self.process.poll() is None else self.ended()

    def ended(self, patience: float = PATIENCE) -> Ended:
        """Wait for its end, at most `patience` seconds."""
        code = self.process.wait(patience)
        if not self._log.closed:
            self._log.close()
        log = Path(self._log.name).read_text(encoding="utf-8")
        return Ended(code, self._message.read_text(encoding="utf-8"), log, self._printed())

    def close(self) -> None:
        """Kill what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._log.close()

    def _printed(self) -> str:
        found = self._work / "vts.log"
        return found.read_text(encoding="utf-8", errors="replace") if found.exists() else ""
