"""All clocks of an operator in this process go by its event loop. Where the loop's time is virtual, what takes the
operator minutes takes a test no time; else nothing is different."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any

import looptime
import pytest

from zilliz_jobs.control import clock
from zilliz_jobs.engine.runtime import Engine

NOOP_CYCLES = 1
"""Turns of the loop with nothing to do before virtual time goes on. Only what comes from outside, by a socket or a
thread, could happen in them; the plugin's own 42 are nine tenths of the turns of a test."""


@contextmanager
def virtual_time() -> Iterator[None]:
    """The running loop waits for nothing any more: its time goes to the next timer at once. For what has no sockets.
    It may last over fixtures and their test, whose time is one, while the plugin's mark is for the test alone."""
    loop: Any = asyncio.get_running_loop()
    if not isinstance(loop, looptime.LoopTimeEventLoop):  # else the plugin of pytest has prepared it
        looptime.patch_event_loop(loop, _enabled=False)
    loop.setup_looptime(start=loop.time(), noop_cycles=NOOP_CYCLES)
    with loop.looptime_enabled():
        yield


@contextmanager
def loop_clock() -> Iterator[Callable[[], datetime]]:
    """The time of the machine by the running loop's clock. The machine's clocks are read in one place (a test of the
    tree holds that), so it is there that they are replaced."""
    seconds = asyncio.get_running_loop().time
    began = datetime.now(UTC) - timedelta(seconds=seconds())

    def now() -> datetime:
        return began + timedelta(seconds=seconds())

    class Machine(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now().astimezone(tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "datetime", Machine)
        patch.setattr(clock, "time", SimpleNamespace(monotonic=seconds, clock_gettime=lambda _: seconds()))
        yield now


def measured_by_the_loop(engine: Engine) -> None:
    """The spans that the parts of an engine measure by clocks of their own."""
    seconds, parts, seen = asyncio.get_running_loop().time, [engine], set()
    while parts:
        part: Any = parts.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        for name, value in [*vars(part).items()]:
            if value is time.monotonic:
                object.__setattr__(part, name, seconds)  # a frozen one, too
            elif type(value).__module__.startswith("zilliz_jobs.") and hasattr(value, "__dict__"):
                parts.append(value)
