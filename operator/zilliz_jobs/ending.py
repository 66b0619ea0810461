"""The process ends within its bound, whatever still runs in it: a pod that hangs with closed ports helps nobody."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Collection
from typing import Any

LAST_RESORT_SECONDS = 38.0
"""From the first task of the operator that ends, by a signal or by a failure. An end in order takes 30 at most, and
Kubernetes waits for 40."""

log = logging.getLogger(__name__)


async def guard(tasks: Collection[asyncio.Task[Any]], seconds: float | None = None) -> None:
    """When one of `tasks` ends the operator is about to end. If the process is still there after so many seconds it
    is ended by force, from a thread, since the event loop may be what hangs. Kubernetes starts it anew."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    timer = threading.Timer(LAST_RESORT_SECONDS if seconds is None else seconds, _end, [asyncio.get_running_loop()])
    timer.daemon = True
    timer.start()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    hanging: list[str] = []
    with contextlib.suppress(RuntimeError):  # the loop may be at work on them
        hanging = sorted(task.get_name() for task in asyncio.all_tasks(loop))
    log.error("the operator does not end by itself, and is ended by force; still at work: %s", ", ".join(hanging))
    os._exit(70)
