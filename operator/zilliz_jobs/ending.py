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
CLOSED_TWICE = ("generator didn't stop after athrow", "asynchronous generator is already running")
"""The words of contextlib and of Python for a generator that something else has closed, or is about to."""

log = logging.getLogger(__name__)


async def guard(tasks: Collection[asyncio.Task[Any]], seconds: float | None = None) -> None:
    """When one of `tasks` ends the operator is about to end. If the process is still there after so many seconds it
    is ended by force, from a thread, since the event loop may be what hangs. Kubernetes starts it anew."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    timer = threading.Timer(LAST_RESORT_SECONDS if seconds is None else seconds, _end, [asyncio.get_running_loop()])
    timer.daemon = True
    timer.start()


def ignore_double_closes(loop: asyncio.AbstractEventLoop) -> None:
    """At the end of the process the loop closes a watch of kopf that was cut while an event of it was handled, and
    the block inside that watch, both at once. The one that comes second calls it an error. Nothing is lost by it."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        twice = isinstance(error, RuntimeError) and any(words in str(error) for words in CLOSED_TWICE)
        if not ("asyncgen" in context and twice):
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    hanging: list[str] = []
    with contextlib.suppress(RuntimeError):  # the loop may be at work on them
        hanging = sorted(task.get_name() for task in asyncio.all_tasks(loop))
    log.error("the operator does not end by itself, and is ended by force; still at work: %s", ", ".join(hanging))
    os._exit(70)
