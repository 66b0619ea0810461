"""The operators: killed without a word and started again a moment later, or stopped for a while. A log for each."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from tests.support.controlplane.supervise import Server
from tools.bench.problem import Problem

PAUSE = (0.05, 1.0)
"""Between a death and the next life, seconds."""
MOST_BY_THEMSELVES = 20
NEVER = ("Traceback (most recent call last)", "should not happen", "chaos-key")


class Lives:
    """One operator, over all its lives."""

    def __init__(self, server: Server, environment: dict[str, str], chance: Random) -> None:
        self._server, self._environment, self._chance = server, environment, chance
        self.by_itself: list[str] = []
        self._at_work_since: float | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def age(self) -> float:
        """Seconds since this life wrote something for the first time; 0 before, and while there is none."""
        since = self._at_work_since
        return time.monotonic() - since if since is not None and self._server.running else 0.0

    def start(self) -> None:
        self._server.start(lambda: True, 30, self._environment)
        self._at_work_since = None

    def works(self) -> None:
        if self._at_work_since is None:
            self._at_work_since = time.monotonic()

    def kill(self) -> bool:
        """At this very moment; False if it does not run."""
        if not self._server.running:
            return False
        self._server.stop(kill=True)
        self._starting = asyncio.create_task(self._start_again(self._chance.uniform(*PAUSE)))
        return True

    async def sleep(self, seconds: float) -> bool:
        """It stands still, and goes on as if nothing had been, if nobody killed it meanwhile."""
        pid = self._server.pid
        if pid is None:
            return False
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            if self._server.pid == pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        return True

    async def _start_again(self, pause: float) -> None:
        await asyncio.sleep(pause)
        self.start()

    def look(self) -> None:
        """One that ended by itself is noted, and started as kubelet would."""
        if not self._server.running and (self._starting is None or self._starting.done()):
            self.by_itself.append(self._server.tail()[-2000:])
            if len(self.by_itself) > MOST_BY_THEMSELVES:
                raise Problem(f"the operator does not stay up:\n{self.by_itself[-1]}")
            self.start()

    async def end(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        self._server.stop(kill=True)

    def alarms(self) -> list[str]:
        """Lines of the log that no healthy operator writes, whatever happens around it."""
        log = self._server.log.read_text(errors="replace") if self._server.log.exists() else ""
        return [line for line in log.splitlines() if any(word in line for word in NEVER)]


class Fleet:
    """All replicas. `leader` is the one that wrote last: whoever does not lead writes nothing."""

    def __init__(self, members: Sequence[Lives]) -> None:
        self._members = list(members)
        self.deaths: Counter[str] = Counter()
        self.leader = 0
        self.spared = False
        """Nobody is killed any more."""

    def age(self, who: int) -> float:
        return self._members[who].age

    def wrote(self, who: int) -> None:
        self.leader = who
        self._members[who].works()

    def kill(self, why: str, who: int | None = None) -> bool:
        """The leader, if nobody else is named; False if it does not run."""
        if self.spared:
            return False
        done = self._members[self.leader if who is None else who].kill()
        self.deaths[why] += done
        return done

    async def sleep(self, seconds: float) -> bool:
        """The leader stands still for so long."""
        return await self._members[self.leader].sleep(seconds)

    def start(self) -> None:
        for member in self._members:
            member.start()

    def look(self) -> None:
        for member in self._members:
            member.look()

    async def end(self) -> None:
        for member in self._members:
            await member.end()

    @property
    def by_itself(self) -> list[str]:
        return [line for member in self._members for line in member.by_itself]

    def alarms(self) -> list[str]:
        return [line for member in self._members for line in member.alarms()]
