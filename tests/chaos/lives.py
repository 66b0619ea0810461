"""The operator's process: killed without a word, and started again a moment later. One log over all its lives."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.bench.problem import Problem
from tests.e2e.controlplane.supervise import Server

PAUSE = (0.05, 1.0)
"""Between a death and the next life, seconds."""
NEVER = ("Traceback (most recent call last)", "should not happen", "chaos-key")


class Lives:
    def __init__(self, server: Server, environment: dict[str, str], chance: Random) -> None:
        self._server, self._environment, self._chance = server, environment, chance
        self.deaths: Counter[str] = Counter()
        self.by_itself: list[str] = []
        self._born = 0.0
        self._starting: asyncio.Task[None] | None = None

    @property
    def age(self) -> float:
        """Seconds since it was started; 0 while it does not run."""
        return time.monotonic() - self._born if self._server.running else 0.0

    @property
    def log(self) -> str:
        return self._server.log.read_text(errors="replace") if self._server.log.exists() else ""

    def start(self) -> None:
        self._server.start(lambda: True, 30, self._environment)
        self._born = time.monotonic()

    def kill(self, why: str) -> bool:
        """At this very moment; False if it does not run."""
        if not self._server.running:
            return False
        self._server.stop(kill=True)
        self.deaths[why] += 1
        self._starting = asyncio.create_task(self._start_again(self._chance.uniform(*PAUSE)))
        return True

    async def _start_again(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self.start()

    def look(self) -> None:
        """One that ended by itself is noted, and started as kubelet would."""
        if not self._server.running and (self._starting is None or self._starting.done()):
            self.by_itself.append(self._server.tail()[-2000:])
            if len(self.by_itself) > 20:
                raise Problem(f"the operator does not stay up:\n{self.by_itself[-1]}")
            self.start()

    async def end(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        self._server.stop(kill=True)

    def alarms(self, also: Callable[[str], bool] = lambda _: False) -> list[str]:
        """Lines of the log that no healthy operator writes, whatever happens around it."""
        return [line for line in self.log.splitlines() if any(word in line for word in NEVER) or also(line)]
