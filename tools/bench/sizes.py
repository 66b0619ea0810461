"""(d) What the operator takes when little happens: memory, and calls to the cloud and to the API server."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tools.bench.changes import BEGAN_OVER_SECONDS, RUN_SECONDS
from tools.bench.figures import lasting, single_reads
from tools.bench.kube import Body
from tools.bench.mould import COLLECTION, Mould, finished_id, mould, name_of
from tools.bench.stage import Stage, stage, until
from tools.bench.teller import Teller
from tools.bench.watching import watching
from tools.bench.window import Window, per

SIZES = (1000, 5000, 20_000)
RUNNING_SHARE = 0.1
WINDOW_SECONDS = 60.0


async def measure(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    """The number of objects grows; each size has an operator of its own."""
    found: dict[str, Any] = {"runningShare": RUNNING_SHARE}
    async with stage(real=real) as on:
        teller.say("two moulds for the objects")
        over, running = await mould(on, "Successful"), await mould(on, "Pending")
        found["kubernetes"], there = on.kubernetes, 0
        for size in SIZES:
            count = max(20 * size // SIZES[0], round(size * scale))
            with teller.counting("making objects", count - there) as done:
                await on.kube.create_all(await _casts(on, over, running, there, count), done)
            there = count
            found[f"of{size}"] = await _operate(on, count, lasting(WINDOW_SECONDS, scale), teller)
    return found


async def _casts(on: Stage, over: Mould, running: Mould, first: int, end: int) -> list[Body]:
    share = round(1 / RUNNING_SHARE)
    fresh = [index for index in range(first, end) if index % share == 0]
    ids = await on.cloud.put_imports(len(fresh), collection=COLLECTION, run=RUN_SECONDS, over=BEGAN_OVER_SECONDS)
    state = await on.cloud.state()
    by_index = dict(zip(fresh, ids, strict=True))
    return [
        running.cast(name_of(index), by_index[index], state.jobs[by_index[index]]["startTime"])
        if index in by_index
        else over.cast(name_of(index), finished_id(index))
        for index in range(first, end)
    ]


async def _operate(on: Stage, count: int, seconds: float, teller: Teller) -> dict[str, Any]:
    running = len(range(0, count, round(1 / RUNNING_SHARE)))
    async with watching(on.kube, "importjobs") as watcher:
        with on.operator() as operator:
            with teller.counting("the operator takes up the running ones", running) as done:

                def all_followed() -> bool:
                    done(watcher.in_state("InProgress"))
                    return watcher.in_state("InProgress") >= running

                patience = 90 + 3 * single_reads(running)
                await until("every running object shows it", all_followed, seconds=patience)
            # An operator that is restarted over objects that run already has nothing to write: let it read them.
            await asyncio.sleep(min(seconds, 5 + single_reads(running)))
            teller.say(f"{count:,} objects for {seconds:.0f} s")
            window = await Window.open(on, operator)
            await asyncio.sleep(seconds)
            taken = await window.close()
            minutes = taken["seconds"] / 60
            return {
                "objects": count,
                "running": running,
                "cloudCallsPerMinute": sum(taken["cloudCalls"].values()) / minutes,
                "kubeCallsPerMinute": sum(taken["kubeCalls"].values()) / minutes,
                "cloudPerMinute": per(Counter(taken["cloudCalls"]), minutes),
                "kubePerMinute": per(Counter(taken["kubeCalls"]), minutes),
                **taken,
                "alarms": operator.alarms(),
            }
