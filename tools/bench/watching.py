"""What the objects show, as a watch tells of it: when each came into which state, and what each write was for."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tools.bench.kube import Body, Kube
from tools.bench.problem import Problem

PROGRESS = frozenset({"progressPercent", "lastProgressTime", "estimatedCompletionTime", "result"})
WITH_PROGRESS = PROGRESS | {"startTime", "cloudStatus", "attempts"}
"""What the look that brings a new percentage may bring too, of a job that goes on as it did."""


@dataclass(frozen=True)
class Shown:
    """One object, as last told: hashes, since there may be twenty thousand."""

    state: str
    progress: int | None
    status: dict[str, int]
    rest: int
    """What is not status: generation, finalizers, labels, annotations."""


def shown(body: Body) -> Shown:
    """Pure."""
    status = body.get("status") or {}
    meta = body["metadata"]
    rest = [meta.get(name) for name in ("generation", "finalizers", "labels", "annotations", "deletionTimestamp")]
    return Shown(
        status.get("state") or "",
        status.get("progressPercent"),
        {name: _mark(value) for name, value in status.items()},
        _mark(rest),
    )


def changed(old: Shown, new: Shown) -> frozenset[str]:
    """The fields of the status in which they differ."""
    return frozenset(
        name for name in old.status.keys() | new.status.keys() if old.status.get(name) != new.status.get(name)
    )


def purpose(old: Shown, new: Shown) -> str:
    """What a write was for: "metadata", "status", "progress" (of a job that goes on as it did), or "nothing"."""
    if old.rest != new.rest:
        return "metadata"
    fields = changed(old, new)
    if fields - (WITH_PROGRESS if "progressPercent" in fields else PROGRESS):
        return "status"
    return "progress" if fields else "nothing"


class Watcher:
    """Times are those of the event loop, at the arrival of the event."""

    def __init__(self) -> None:
        self.objects: dict[str, Shown] = {}
        self.writes: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        """Which fields writes of a status changed, besides those of mere progress."""
        self.when: defaultdict[str, dict[str, float]] = defaultdict(dict)
        """By state and name: when the object was first seen so."""

    def begin(self, bodies: list[Body]) -> None:
        self.objects = {body["metadata"]["name"]: shown(body) for body in bodies}

    def tell(self, event: Body, at: float) -> None:
        if event["type"] == "ERROR":
            raise Problem(f"the watch broke off: {event['object'].get('message')}")
        if event["type"] == "BOOKMARK":
            return
        name = event["object"]["metadata"]["name"]
        if event["type"] == "DELETED":
            self.objects.pop(name, None)
            return
        new, old = shown(event["object"]), self.objects.get(name)
        self.objects[name] = new
        if old is not None:
            self.writes[what := purpose(old, new)] += 1
            if what == "status":
                self.fields[", ".join(sorted(changed(old, new) - PROGRESS))] += 1
        if new.state and (old is None or old.state != new.state):
            self.when[new.state].setdefault(name, at)

    def in_state(self, state: str) -> int:
        return sum(one.state == state for one in self.objects.values())


@asynccontextmanager
async def watching(kube: Kube, plural: str) -> AsyncIterator[Watcher]:
    """From what there is now to the end of the block; a watch that breaks ends the block with its error."""
    watcher = Watcher()
    bodies, version = await kube.everything(plural)
    watcher.begin(bodies)

    async def follow() -> None:
        loop = asyncio.get_running_loop()
        async for event in kube.events_since(plural, version):
            watcher.tell(event, loop.time())
        raise Problem(f"the watch of {plural} ended")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow())
        yield watcher
        task.cancel()


def _mark(value: object) -> int:
    return hash(json.dumps(value, sort_keys=True))
