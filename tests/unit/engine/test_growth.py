"""The operator works for months on objects that come and go. If these fail, it is killed for its memory one day."""

from __future__ import annotations

import asyncio
import gc
import logging
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.examples import sized
from tests.unit.engine.hall import Hall, hall, place

from zilliz_jobs.control.workqueue import SPARE, WorkQueue

pytestmark = pytest.mark.looptime
CONTAINERS = (dict, set, list, deque)
ATOMS = (str, bytes, int, float, bool, type(None), type, types.ModuleType, types.FunctionType, logging.Logger)


def containers(root: Any) -> Iterator[tuple[str, Any]]:
    """Every container that can be reached from the object, each once, by a path of attributes for people.

    Nobody lists them: one that is added tomorrow is found too.
    """
    seen: set[int] = set()
    waiting: deque[tuple[str, Any]] = deque([("engine", root)])
    while waiting:
        path, thing = waiting.popleft()
        if isinstance(thing, ATOMS) or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, asyncio.AbstractEventLoop | asyncio.Task | asyncio.Future):
            continue
        if isinstance(thing, CONTAINERS):
            yield path, thing
        if isinstance(thing, dict):
            waiting.extend((f"{path}[{str(name)[:40]}]", value) for name, value in list(thing.items()))
        elif isinstance(thing, set | frozenset | list | tuple | deque):
            waiting.extend((f"{path}[]", value) for value in list(thing))
        elif isinstance(thing, types.MethodType):
            waiting.append((f"{path}()", thing.__self__))
        else:
            names = {n for cls in type(thing).__mro__ for n in getattr(cls, "__slots__", ()) if isinstance(n, str)}
            held = {n: getattr(thing, n) for n in names if hasattr(thing, n)} | getattr(thing, "__dict__", {})
            waiting.extend((f"{path}.{name}", value) for name, value in held.items())


def sizes(engine: Any, *, apart: tuple[Any, ...]) -> dict[str, int]:
    ours = {id(thing) for thing in apart}
    gc.collect()
    found: dict[str, int] = {}
    for path, thing in containers(engine):
        if id(thing) not in ours and not any(mark in path for mark in STAND_INS):
            found[path] = found.get(path, 0) + len(thing)
    return found


STAND_INS = ("client", "._api", "kinds[BackupJob]")
REMEMBERED = {
    "engine.ownership._orphans": 10_000,
    "engine.ownership._gone._known": 10_000,
    "engine.deletions._told": 10_000,
}
"""What is kept of objects that are gone, on purpose, and how much at most."""


async def generation(stage: Hall, number: int, many: int) -> None:
    """So many objects are made, finish, and are deleted; some before they began, some in the middle."""
    names = [f"g{number}-{n}" for n in range(many)]
    for at, name in enumerate(names):
        spec = {"clusterId": f"c{at % 50}", "startDeadlineSeconds": 30_000_000, "suspend": at % 10 == 0}
        stage.job(name, spec=spec)
    await asyncio.sleep(3)
    for name in names[::7]:
        stage.api.delete(place(name))
    left = [name for at, name in enumerate(names) if place(name) in stage.api.objects and at % 10]
    await stage.until(lambda: all(stage.api.status(n).get("completionTime") for n in left), within=3600)
    for name in names:
        if place(name) in stage.api.objects:
            stage.api.delete(place(name))
    await asyncio.sleep(60)
    assert not stage.api.objects


async def test_objects_that_came_and_went_leave_nothing(monkeypatch):
    async with hall(monkeypatch) as stage:
        await generation(stage, 0, 40)
        first = sizes(stage.engine, apart=(stage.api,))
        for number in range(1, 5):
            await generation(stage, number, sized(500, 100))
        last = sizes(stage.engine, apart=(stage.api,))
    grown = {path: (first.get(path, 0), size) for path, size in last.items() if size > first.get(path, 0) + SPARE + 8}
    assert {path: size for path, size in grown.items() if size[1] > REMEMBERED.get(path, 0)} == {}


async def test_a_container_that_leaks_is_found_without_being_listed(monkeypatch):
    async with hall(monkeypatch) as stage:
        first = sizes(stage.engine, apart=())
        stage.engine.jobs.reconciler.status_writer.new_memory = {n: n for n in range(1000)}  # type: ignore[attr-defined]
        last = sizes(stage.engine, apart=())
    assert [path for path in last if last[path] > first.get(path, 0) + 900] == ["engine.status_writer.new_memory"]


async def test_times_far_away_do_not_pile_up_in_the_queue():
    """An object with a deadline next year is woken by every event until then."""
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(5000):
        queue.add("one")
        key = await queue.get()
        queue.add(key, 30_000_000.0)
        queue.done(key)
    for number in range(5000):
        queue.add(str(number), 30_000_000.0)
        queue.forget(str(number))
    assert len(queue._heap) <= 2 * len(queue) + SPARE + 1
