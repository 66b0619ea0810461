"""An API server with one Lease, and electors that reach it over lines which can be slow, cut, or lose answers.

All in virtual time. `Machine` is the clock of one process: it can jump, and the process can be stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from zilliz_jobs.control.fence import MARGIN_SECONDS
from zilliz_jobs.control.leaderelection import Elector, Pace
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, NotFound, Unavailable
from zilliz_jobs.kube.leases import Lease

TIMEOUT = 5.0


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Server:
    lease: Lease | None = None
    version: int = 0
    writes: list[tuple[float, str]] = field(default_factory=list)

    def get(self) -> Lease:
        if self.lease is None:
            raise NotFound("no lease")
        return self.lease

    def create(self, holder: str, seconds: int) -> Lease:
        if self.lease is not None:
            raise AlreadyExists("there is one")
        return self._store(Lease(holder, seconds, 0, "", {}))

    def replace(self, known: Lease, holder: str, seconds: int) -> Lease:
        if self.lease is None:
            raise NotFound("no lease")
        if known.version != self.lease.version:
            raise Conflict("changed")
        return self._store(replace(self.lease, holder=holder, seconds=seconds))

    def annotate(self) -> None:
        """A person writes into it."""
        assert self.lease is not None
        self._store(self.lease)

    def _store(self, lease: Lease) -> Lease:
        self.version += 1
        self.lease = replace(lease, version=str(self.version))
        self.writes.append((now(), lease.holder))
        return self.lease


@dataclass
class Line:
    """`there`, `back`: seconds that a request and its answer take; `holds`: how much longer the answers of the next
    writes take. `cut`: nothing gets through. `deaf`: answers of
    writes are lost. `no`: a refusal of everything. `frozen`: the process at this end stands still, and what came for
    it is read when it goes on."""

    server: Server
    there: float = 0.01
    back: float = 0.01
    holds: list[float] = field(default_factory=list)
    cut: bool = False
    deaf: bool = False
    no: Exception | None = None
    frozen: bool = False
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    def heal(self) -> None:
        self.cut = self.deaf = False
        self.there = self.back = 0.01
        self.holds.clear()
        self.thaw()

    def freeze(self) -> None:
        self.frozen = True
        self.thawed.clear()

    def thaw(self) -> None:
        self.frozen = False
        self.thawed.set()

    async def get(self) -> Lease:
        return await self._ask(self.server.get, write=False)

    async def create(self, holder: str, seconds: int, _now: datetime) -> Lease:
        return await self._ask(lambda: self.server.create(holder, seconds))

    async def replace(self, lease: Lease, holder: str, seconds: int, _now: datetime) -> Lease:
        return await self._ask(lambda: self.server.replace(lease, holder, seconds))

    async def _ask(self, deed: Callable[[], Lease], *, write: bool = True) -> Lease:
        await self._awake()
        try:
            return await self._send(deed, write=write)
        finally:
            await self._awake()

    async def _awake(self) -> None:
        if self.frozen:
            await self.thawed.wait()

    async def _send(self, deed: Callable[[], Lease], *, write: bool) -> Lease:
        try:
            async with asyncio.timeout(TIMEOUT):
                if self.no:
                    raise self.no
                if self.cut:
                    await asyncio.Event().wait()
                await asyncio.sleep(self.there)
                # Once there it is done, whether or not anybody waits for the answer.
                answer = deed()
                if self.deaf and write:
                    await asyncio.Event().wait()
                await asyncio.sleep(self.back + (self.holds.pop(0) if write and self.holds else 0.0))
                return answer
        except TimeoutError:
            raise Unavailable("no answer") from None


@dataclass
class Machine:
    """One process. While it is stopped its loop does nothing, and its clock goes on."""

    name: str
    server: Server
    pace: Pace = field(default_factory=Pace)
    offset: float = 0.0
    gains: int = 0
    losses: int = 0
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.line = Line(self.server)
        self.elector = Elector(self.line, self.name, self.pace, clock=self.clock, chance=lambda: 0.5)

    def clock(self) -> float:
        return now() + self.offset

    def start(self) -> Machine:
        self.task = asyncio.create_task(self.elector.run(self._gained, self._lost))
        return self

    def _gained(self) -> None:
        self.gains += 1

    def _lost(self) -> None:
        self.losses += 1

    def kill(self) -> None:
        assert self.task is not None
        self.task.cancel()
        self.line.cut = True

    async def leave(self) -> None:
        """As on SIGTERM."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.elector.release()

    @property
    def submits(self) -> bool:
        """Whether its fence is open."""
        return self.elector.leads(MARGIN_SECONDS)


class Watchman:
    """Looks all the time whether two could submit at once."""

    def __init__(self, *machines: Machine) -> None:
        self.machines = machines

    async def watch(self, seconds: float, until: Callable[[], Any] = lambda: False) -> None:
        """Ends after so many seconds, or as soon as `until` holds."""
        end = now() + seconds
        while True:
            leaders = [m.name for m in self.machines if m.elector.leads()]
            assert len(leaders) <= 1, f"at {now():.2f} s both hold the Lease: {leaders}"
            if until() or now() >= end:
                return
            await asyncio.sleep(0.05)
