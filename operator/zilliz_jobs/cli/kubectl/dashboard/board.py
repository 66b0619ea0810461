"""What the page lists, kept up to date: rows by their ids, and who must hear of which."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Protocol

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.dashboard.rows import (
    Row,
    center_row,
    connection_row,
    is_mirror,
    job_row,
    kind_word,
    owner_of,
    page_row,
    schedule_row,
)
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.scheduleview import ScheduleView
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.kinds import JOB_KINDS

LISTED = (*JOB_RESOURCES, PROJECT_JOB, JOB_SCHEDULE, ZILLIZ_CONNECTION, JOB_CENTER)
"""All that the page reads, the jobs first."""
KINDS = {kind.resource.kind: kind for kind in JOB_KINDS}
RESOURCES = {kind_word(resource.kind): resource for resource in LISTED}
"""By the word that stands for the kind in an address."""


class Objects(Protocol):
    """All objects, by key."""

    @property
    def objects(self) -> dict[Key, Body]: ...


class Board:
    """Knows which rows there are, and which changed since each reader last asked. Costs nothing while nobody reads:
    a row is made when it is asked for. `ended`: whether it tells no more changes."""

    def __init__(self) -> None:
        self._objects: dict[Key, Body] = {}
        self._mirrors: dict[Key, set[Key]] = {}
        self._owners: dict[Key, Key] = {}
        self._readers: set[Reader] = set()
        self.ended = False

    def of(self, live: Objects) -> None:
        """These are the objects. Before that there are none."""
        self._objects = live.objects

    # -- what changed

    def changed(self, keys: Iterable[Key]) -> None:
        """These objects are new, other than before, or gone."""
        touched: set[Key] = set()
        for key in keys:
            touched |= self._touched(key)
        for reader in self._readers:
            reader.stir(touched)

    def troubled(self) -> None:
        """What cannot be read is other than before."""
        for reader in self._readers:
            reader.stir(())

    def end(self) -> None:
        """Nothing more will come. Readers hear of it at once. Idempotent."""
        self.ended = True
        self.troubled()

    def _touched(self, key: Key) -> set[Key]:
        """The rows that this object has a part in: its own, and that of its owner or of its mirrors."""
        if key.kind != PROJECT_JOB.kind:
            return {key, *self._mirrors.get(key, ())}
        before = self._owners.pop(key, None)
        if before is not None:
            self._mirrors[before].discard(key)
        body = self._objects.get(key)
        now = owner_of(body) if body is not None else None
        if now is not None:
            self._owners[key] = now
            self._mirrors.setdefault(now, set()).add(key)
        return {key, *(owner for owner in (before, now) if owner is not None)}

    # -- rows

    def every(self) -> Iterator[Key]:
        yield from self._objects

    def row(self, key: Key, now: datetime) -> Row | None:
        """None for what is gone, and for a row of a JobCenter that is shown as its owner."""
        body = self._objects.get(key)
        if body is None:
            return None
        if key.kind == PROJECT_JOB.kind:
            return None if self.owner(key) is not None else center_row(body)
        if key.kind == JOB_SCHEDULE.kind:
            return schedule_row(ScheduleView(body), now)
        if key.kind == ZILLIZ_CONNECTION.kind:
            return connection_row(body)
        if key.kind == JOB_CENTER.kind:
            return page_row(body)
        mirror = self.mirror(key)
        return job_row(JobView(KINDS[key.kind], body), mirror)

    def body(self, key: Key) -> Body | None:
        return self._objects.get(key)

    def owner(self, key: Key) -> Body | None:
        """The object in whose place the ProjectJob is listed."""
        known, row = self._owners.get(key), self._objects.get(key)
        owner = self._objects.get(known) if known is not None else None
        return owner if owner is not None and row is not None and is_mirror(row, owner) else None

    def mirror(self, key: Key) -> Body | None:
        """The ProjectJob that is listed as this object."""
        found = sorted(one for one in self._mirrors.get(key, ()) if self.owner(one) is not None)
        return self._objects.get(found[0]) if found else None

    # -- readers

    def reader(self) -> Reader:
        """Somebody who hears of changes from now on, until `leave`."""
        reader = Reader()
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)


class Reader:
    """What one reader was not told yet. It holds keys and no rows: however slow the reader is, it takes no memory."""

    def __init__(self) -> None:
        self._keys: set[Key] = set()
        self._stirred = asyncio.Event()

    def stir(self, keys: Iterable[Key]) -> None:
        self._keys.update(keys)
        self._stirred.set()

    async def news(self, seconds: float, most: int) -> set[Key] | None:
        """The keys of what changed, once something did; None where nothing did within so many seconds. `most`: as
        many as are told at once; the others come with the next call."""
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return None
        return self.take(most)

    def take(self, most: int) -> set[Key]:
        """What changed so far, at most so many of it."""
        taken = set(islice(self._keys, most))
        self._keys -= taken
        if not self._keys:
            self._stirred.clear()
        return taken

    @property
    def waits(self) -> bool:
        """Whether there is more to be told at once."""
        return bool(self._keys)
