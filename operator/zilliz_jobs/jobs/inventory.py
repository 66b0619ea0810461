"""How many job objects stand where, kept with every change, so that nobody has to look at all of them.

The event loop changes it and the metrics' thread reads it; a reader copies each table in one step first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.jobs.standing import OTHER, STATES, Standing, standing

MAX_TARGETS = 2_000


class Place(NamedTuple):
    """What jobs of one kind work on, as their namespace sees it."""

    kind: str
    namespace: str
    target: str


class Group(NamedTuple):
    kind: str
    state: str
    reason: str


class Inventory:
    """Costs the same for every change and keeps no object. `limit`: how many targets have a figure of their own."""

    def __init__(self, kinds: Iterable[str], limit: int = MAX_TARGETS) -> None:
        self._limit = limit
        self._standing: dict[Key, Standing] = {}
        self._counts: dict[tuple[str, str], int] = dict.fromkeys(product(kinds, STATES), 0)
        self._groups: dict[Group, dict[Key, float]] = {}
        self._on: dict[Place, int] = {}
        self._shown: dict[Place, float] = {}
        self._hidden: dict[Place, float] = {}

    # -- what happens

    def on_upsert(self, key: Key, body: Body) -> None:
        """The object as it is now."""
        old, new = self._standing.get(key), standing(body)
        if old == new:
            return
        place = Place(key.kind, key.namespace, new.target)
        self._on[place] = self._on.get(place, 0) + 1  # first the new, so that a target does not go and come
        if old is not None:
            self._leave(key, old)
        self._standing[key] = new
        self._counts[key.kind, new.state] = self._counts.get((key.kind, new.state), 0) + 1
        if new.since is not None:
            self._groups.setdefault(Group(key.kind, new.state, new.reason), {})[key] = new.since
        if new.success is not None and new.target:
            self._succeed(place, new.success)

    def forget(self, key: Key) -> None:
        """The object is gone, and so is what was known of its target where it was the last one."""
        if (old := self._standing.pop(key, None)) is not None:
            self._leave(key, old)

    # -- what is, for any thread

    def objects(self) -> dict[tuple[str, str], int]:
        """How many, by kind and state."""
        return self._counts.copy()

    def unfinished(self) -> Iterator[tuple[Group, int, float]]:
        """How many, and since when the longest of them."""
        for group, members in self._groups.copy().items():
            if since := members.copy():
                yield group, len(since), min(since.values())

    def successes(self) -> dict[Place, float]:
        """The last one on each target; on the targets beyond the limit the last one by kind."""
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

    def _leave(self, key: Key, old: Standing) -> None:
        self._counts[key.kind, old.state] -= 1
        group = Group(key.kind, old.state, old.reason)
        if old.since is not None and (members := self._groups.get(group)) is not None:
            members.pop(key, None)
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
