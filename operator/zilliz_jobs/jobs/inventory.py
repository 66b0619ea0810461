"""Counts of job objects by kind, state and reason, updated with every change, so that no scrape has to visit them
all.

The event loop changes the tables and the thread of the metrics reads them; a reader first copies a table in one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from zilliz_jobs.control.objects import Body
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.standing import OTHER, STATES, Standing, standing

MAX_TARGETS = 2_000


class Place(NamedTuple):
    """A target that jobs of one kind in one namespace work on."""

    kind: str
    namespace: str
    target: str


class Group(NamedTuple):
    """Unfinished jobs of one kind in one state for one reason."""

    kind: str
    state: str
    reason: str


class Inventory:
    """A change takes constant time; no object is kept. `limit`: how many targets have a series of their own in the
    metric of the last success."""

    def __init__(self, kinds: Iterable[str], limit: int = MAX_TARGETS) -> None:
        self._limit = limit
        self._counts: dict[tuple[str, str], int] = dict.fromkeys(product(kinds, STATES), 0)
        self._groups: dict[Group, dict[JobEntry, float]] = {}
        self._on: dict[Place, int] = {}
        self._shown: dict[Place, float] = {}
        self._hidden: dict[Place, float] = {}

    # -- changes

    def on_upsert(self, entry: JobEntry, body: Body) -> None:
        """The object was made or changed. Idempotent."""
        key, old, new = entry.key, entry.standing, standing(body)
        if old == new:
            return
        place = Place(key.kind, key.namespace, new.target)
        self._on[place] = self._on.get(place, 0) + 1  # first the new, so that a target does not go and come
        if old is not None:
            self._leave(entry, old)
        entry.standing = new
        self._counts[key.kind, new.state] = self._counts.get((key.kind, new.state), 0) + 1
        if new.since is not None:
            self._groups.setdefault(Group(key.kind, new.state, new.reason), {})[entry] = new.since
        if new.success is not None and new.target:
            self._succeed(place, new.success)

    def forget(self, entry: JobEntry) -> None:
        """The object is gone; if it was the last one of its target, so is the last success there. Idempotent."""
        if entry.standing is not None:
            self._leave(entry, entry.standing)
            entry.standing = None

    # -- counts, for any thread

    def objects(self) -> dict[tuple[str, str], int]:
        """How many objects there are, by kind and state."""
        return self._counts.copy()

    def unfinished(self) -> Iterator[tuple[Group, int, float]]:
        """For each group how many objects, and since when (Unix time) the longest of them is in its state."""
        for group, members in self._groups.copy().items():
            if since := members.copy():
                yield group, len(since), min(since.values())

    def successes(self) -> dict[Place, float]:
        """When (Unix time) a job last succeeded on each target; on targets beyond the limit by kind only."""
        told = self._shown.copy()
        for place, moment in self._hidden.copy().items():
            rest = Place(place.kind, OTHER, OTHER)
            told[rest] = max(moment, told.get(rest, moment))
        return told

    @property
    def hidden(self) -> int:
        """How many targets are beyond the limit."""
        return len(self._hidden)

    # -- parts

    def _leave(self, entry: JobEntry, old: Standing) -> None:
        key = entry.key
        self._counts[key.kind, old.state] -= 1
        group = Group(key.kind, old.state, old.reason)
        if old.since is not None and (members := self._groups.get(group)) is not None:
            members.pop(entry, None)
            if not members:
                del self._groups[group]
        place = Place(key.kind, key.namespace, old.target)
        self._on[place] -= 1
        if self._on[place]:
            return
        del self._on[place]
        self._hidden.pop(place, None)
        if self._shown.pop(place, None) is not None and self._hidden:
            promoted = next(iter(self._hidden))
            self._shown[promoted] = self._hidden.pop(promoted)

    def _succeed(self, place: Place, moment: float) -> None:
        known = self._shown if place in self._shown or len(self._shown) < self._limit else self._hidden
        known[place] = max(moment, known.get(place, moment))
