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
CLOSED_TWICE = (
    "generator didn't stop after athrow",
    "asynchronous generator is already running",
    "cannot reuse already awaited coroutine",
)
"""The words of contextlib and of Python for a generator that something else has closed, or is about to."""
PAUSE_WAITER = "pause-waiter for "
"""Tasks of kopf that wait for as long as their watch lives."""

GENERATOR_CLOSING = "async_generator_athrow"
"""Type of what Python runs to close a generator."""

log = logging.getLogger(__name__)


async def guard(tasks: Collection[asyncio.Task[Any]], seconds: float | None = None) -> None:
    """When one of `tasks` ends the operator is about to end. If the process is still there after so many seconds it
    is ended by force, from a thread, since the event loop may be what hangs. Kubernetes starts it anew."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    timer = threading.Timer(LAST_RESORT_SECONDS if seconds is None else seconds, _end, [asyncio.get_running_loop()])
    timer.daemon = True
    timer.start()


def ignore_double_closes(loop: asyncio.AbstractEventLoop) -> None:
    """A watch of kopf that is cut while an event of it is handled is left to the garbage collector, or to the end of
    the process. These close the watch, and the block inside it that waits for a pause of kopf, both at once, and
    what comes second calls it an error. Nothing is lost by it: the watch was over."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not _is_double_close(context):
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


def _is_double_close(context: dict[str, Any]) -> bool:
    error, task = context.get("exception"), context.get("future") or context.get("task")
    if isinstance(error, RuntimeError) and any(words in str(error) for words in CLOSED_TWICE):
        closing = isinstance(task, asyncio.Task) and type(task.get_coro()).__name__ == GENERATOR_CLOSING
        return closing or "asyncgen" in context
    return error is None and isinstance(task, asyncio.Task) and task.get_name().startswith(PAUSE_WAITER)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    hanging: list[str] = []
    with contextlib.suppress(RuntimeError):  # the loop may be at work on them
        hanging = sorted(task.get_name() for task in asyncio.all_tasks(loop))
    log.error("the operator does not end by itself, and is ended by force; still at work: %s", ", ".join(hanging))
    os._exit(70)
