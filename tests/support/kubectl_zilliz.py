"""`kubectl zilliz` as a test types it, in this process: its exit code, and what it printed."""

from __future__ import annotations

import asyncio
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from zilliz_jobs.cli.kubectl.app import command


@dataclass(frozen=True)
class Typed:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def zilliz(kubeconfig: Path, *words: str) -> Typed:
    """Runs one command to its end. Its output goes into a pipe."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command([*words, "--kubeconfig", str(kubeconfig)])
    return Typed(code, out.getvalue(), err.getvalue())


async def typed(kubeconfig: Path, *words: str) -> Typed:
    """The same, beside the servers of this loop; one at a time, since a process has one stdout."""
    return await asyncio.to_thread(zilliz, kubeconfig, *words)
