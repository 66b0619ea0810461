"""Which of several operators works: the one that holds the Lease. The others watch all objects and stand by.

As in client-go (leaderelection.go): the holder renews every `retry` seconds and gives up when it could not for
`deadline` seconds; another process takes the Lease when it has not seen it renewed for as long as the Lease itself
says. Clocks of two machines are never compared, and the times in a Lease are for people: each process counts on its
own steady clock. The holder counts from the moment *before* a renewal is sent, the others from the moment after they
saw it, so that the holder stops first, however slow an answer was or however long a process slept.

A lead that was interrupted, even for a millisecond that was not noticed, is over: the next renewal begins a new term.
Nothing works in a term that the engine was not told of. So code that saw `works` false can rely on calls of `lost`
and `gained` before it is true again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Protocol

from zilliz_jobs.control.clock import machine_time, steady
from zilliz_jobs.kube.errors import Conflict, Forbidden, KubeError, NotFound
from zilliz_jobs.kube.leases import Lease

JITTER = 0.2
LEAST = 0.25
RELEASE_TRIES = 3

log = logging.getLogger(__name__)


class Leadership(Protocol):
    """The election as the rest of the operator uses it."""

    def leads(self, seconds: float = 0.0) -> bool:
        """Whether this process will still lead in so many seconds, even if no renewal succeeds."""

    lease: str
    """Namespace and name of the Lease, with a slash between; empty where there is no election."""

    @property
    def works(self) -> bool:
        """Whether this process begins new work. Once it was false, `gained` is called before it is true again."""

    @property
    def leader(self) -> str:
        """The leader in words, for people."""

    async def until_works(self) -> None:
        """Wait until `works` is true."""

    async def run(self, gained: Callable[[], None], lost: Callable[[], None]) -> None:
        """Take part in the election, for ever. Calls `gained` when this process comes to lead, and `lost`, a little
        late, when that is over; both also for an interruption, however short."""

    async def release(self) -> None:
        """Give the Lease back, so that the next operator leads at once. For the end of the process, after `run` has
        ended. Raises nothing; may be repeated."""


class Alone(Leadership):
    """No election: this process always leads."""

    leader = "this process; there is no election"
    lease = ""
    works = True

    def leads(self, _seconds: float = 0.0) -> bool:
        return True

    async def until_works(self) -> None:
        return

    async def run(self, gained: Callable[[], None], _lost: Callable[[], None]) -> None:
        gained()
        await asyncio.Event().wait()

    async def release(self) -> None:
        return


class LeasePort(Protocol):
    """`kube.leases.Leases`, whose errors each method raises: NotFound, Conflict, KubeError."""

    async def get(self) -> Lease:
        """The Lease as it is now. Raises NotFound where there is none."""

    async def create(self, holder: str, seconds: int, now: datetime) -> Lease:
        """Make the Lease, for so many seconds. Raises Conflict where another process was faster."""

    async def replace(self, lease: Lease, holder: str, seconds: int, now: datetime) -> Lease:
        """Write it, if nobody else has since `lease` was read; else Conflict. `holder` "": it is given back."""


@dataclass(frozen=True)
class Pace:
    """All in seconds. `margin`: for how long the Lease is still this process's own after it gave up."""

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0

    @property
    def margin(self) -> float:
        """Seconds from giving up to the end of the Lease, in which what has left may still arrive."""
        return self.duration - self.deadline


class Elector(Leadership):
    """The election by a Lease. `identity`: of this process only; its successor in the same pod has another one.
    `chance`: random numbers from 0 to 1; `lease`: see `Leadership`."""

    def __init__(
        self,
        leases: LeasePort,
        identity: str,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = steady,
        chance: Callable[[], float] = random.random,
        lease: str = "",
    ) -> None:
        self.lease = lease
        self._leases, self.identity, self._pace = leases, identity, pace or Pace()
        self._clock, self._chance = clock, chance
        self._lease: Lease | None = None  # as last seen
        self._seen = 0.0  # when it was first seen like that
        self._until: float | None = None  # it is ours so long
        self._term = 0  # counts the times that the lead began
        self._told = 0  # the term that the engine knows of; 0: none
        self._working = asyncio.Event()
        self._trouble = ""

    def leads(self, seconds: float = 0.0) -> bool:
        return self._until is not None and self._clock() + seconds < self._until

    @property
    def works(self) -> bool:
        return self._told == self._term and self._holds

    @property
    def _holds(self) -> bool:
        """Whether the Lease is renewed in time. It becomes true again only by a new term."""
        return self.leads(self._pace.margin)

    @property
    def leader(self) -> str:
        if self.works:
            return f"this process, {self.identity}"
        holder = self._lease.holder if self._lease else ""
        return holder if holder and holder != self.identity else "nobody known"

    async def until_works(self) -> None:
        while not self.works:
            self._working.clear()
            await self._working.wait()

    async def run(self, gained: Callable[[], None], lost: Callable[[], None]) -> None:
        while True:
            began = self._clock()
            try:
                await self._round()
                self._trouble = ""
            except KubeError as error:
                self._missed(error)
            self._judge(gained, lost)
            # A round that waited for an answer in vain is repeated soon: the Lease runs out meanwhile.
            pause = self._pace.retry * (1 + JITTER * self._chance()) - (self._clock() - began)
            await asyncio.sleep(max(pause, self._pace.retry * LEAST))

    async def release(self) -> None:
        self._until = None
        for _ in range(RELEASE_TRIES):
            lease = self._lease
            if lease is None or lease.holder != self.identity:
                return
            try:
                self._note(await self._leases.replace(lease, "", 1, machine_time()))
                log.info("the Lease is given back; the next operator leads at once")
                return
            except Conflict:
                try:
                    await self._look()
                except KubeError as error:
                    log.warning("the Lease runs out by itself: %s", error)
                    return
            except KubeError as error:
                log.warning("the Lease runs out by itself: %s", error)
                return

    # -- one round

    async def _round(self) -> None:
        """Renew the Lease, or take it if nobody has it. Raises KubeError."""
        lease = self._lease
        if lease is not None and lease.holder == self.identity:
            try:
                await self._write(lease)
                return
            except (Conflict, NotFound):
                pass  # another process wrote it, or it was our own renewal whose answer was lost
        lease, is_free = await self._look()
        if is_free:
            await self._write(lease)

    async def _look(self) -> tuple[Lease | None, bool]:
        """The Lease, None where there is none, and whether it may be taken or made. Raises KubeError."""
        try:
            lease = await self._leases.get()
        except NotFound:
            return None, self._is_nobodys()
        if self._lease is None or lease.version != self._lease.version:
            self._note(lease)
        if lease.holder != self.identity:
            self._until = None
        return lease, lease.holder in ("", self.identity) or self._is_over(lease)

    def _is_nobodys(self) -> bool:
        """There is no Lease. If one was known, somebody deleted it, and its holder may not know yet. The holder need
        not be the last one that was seen, as another may have followed since. So its time is waited out as if it were
        not renewed, unless the Lease was this process's own until now."""
        was_ours, self._until = self.leads(), None
        if self._lease is None:
            return True
        if self._lease.version:
            seconds = max(self._lease.seconds, ceil(self._pace.duration))  # one that was given back says 1
            self._note(replace(self._lease, version="", seconds=seconds))
        return was_ours or self._is_over(self._lease)

    async def _write(self, lease: Lease | None) -> None:
        """Write the Lease. If the answer names this process, it is its own from the moment before the request on."""
        sent = self._clock()
        seconds = ceil(self._pace.duration)
        if lease is None:
            stored = await self._leases.create(self.identity, seconds, machine_time())
        else:
            stored = await self._leases.replace(lease, self.identity, seconds, machine_time())
        self._note(stored)
        if not self._holds:  # as it was until this answer
            self._term += 1
        self._until = sent + self._pace.duration if stored.holder == self.identity else None

    def _note(self, lease: Lease) -> None:
        before = self._lease.holder if self._lease else None
        self._lease, self._seen = lease, self._clock()
        if lease.holder not in (before, self.identity, ""):
            log.info("%s leads; this process stands by", lease.holder)

    def _is_over(self, lease: Lease) -> bool:
        """Whether its holder must have given up by now."""
        return self._clock() >= self._seen + (lease.seconds or self._pace.duration)

    # -- what became of it

    def _judge(self, gained: Callable[[], None], lost: Callable[[], None]) -> None:
        if self._told and not self.works:
            self._told = 0
            self._working.clear()
            if self._holds:
                log.warning("the Lease was renewed late, and nothing begun meanwhile; all objects are looked at anew")
            else:
                log.warning("this process leads no more, and submits nothing; it stands by")
            lost()
        if not self._told and self._holds:
            log.info("this process leads, as %s", self.identity)
            self._told = self._term
            gained()
            self._working.set()

    def _missed(self, error: KubeError) -> None:
        """Logged once, and again when the kind of error changes."""
        trouble = type(error).__name__
        if isinstance(error, Conflict):
            log.debug("another operator was faster: %s", error)
        elif trouble != self._trouble:
            advice = "; grant get, create and update on leases" if isinstance(error, Forbidden) else ""
            log.warning("cannot take or renew the Lease: %s%s", error, advice)
        self._trouble = trouble
