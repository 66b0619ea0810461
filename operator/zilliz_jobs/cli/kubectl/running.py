"""Running the work of one command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from zilliz_jobs.cli.kubectl.exitcodes import ExitCode


def run(work: Coroutine[None, None, ExitCode]) -> int:
    """The exit code. Raises CommandError."""
    return int(asyncio.run(work))
