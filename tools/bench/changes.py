"""(a) Thousands of running imports, of which some hundreds change their state: when does the object show it?"""

from __future__ import annotations

import asyncio
import contextlib
import random
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from tools.bench.figures import list_floor, percentile, single_reads, summary
from tools.bench.floor import Floor
from tools.bench.mould import COLLECTION, mould, name_of
from tools.bench.problem import LateError
from tools.bench.quota import held_to
from tools.bench.stage import Operator, Stage, stage, until
from tools.bench.teller import Teller
from tools.bench.watching import Watcher, watching
from tools.bench.window import Window

JOBS = 5000
CHANGES = 500
SPREAD_SECONDS = 60
FLOOR_READINGS = 3
RUN_SECONDS = 3600.0
PROGRESS_SECONDS = 60.0
BEGAN_OVER_SECONDS = 1800.0
Jobs = dict[str, str]  # name of the object -> id of the job


async def measure_half(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    """The same, with the operator held to half a core."""
    return await measure(scale, teller, real=real, cores=0.5)


async def measure_quarter(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    """The same, with the operator held to a quarter of a core."""
    return await measure(scale, teller, real=real, cores=0.25)


async def measure(scale: float, teller: Teller, *, real: bool = True, cores: float | None = None) -> dict[str, Any]:
    """`cores`: to which the operator is held; None: it has all."""
    count, changed = max(20, round(JOBS * scale)), max(4, round(CHANGES * scale))
    async with stage(real=real) as on:
        teller.say("a mould for the objects")
        form = await mould(on, "Pending")
        ids = await on.cloud.put_imports(count, collection=COLLECTION, run=RUN_SECONDS, over=BEGAN_OVER_SECONDS)
        state = await on.cloud.state()
        jobs = {name_of(index): job_id for index, job_id in enumerate(ids)}
        casts = (form.cast(name, job_id, state.jobs[job_id]["startTime"]) for name, job_id in jobs.items())
        with teller.counting("making objects of running jobs", count) as done:
            await on.kube.create_all(casts, done)
        teller.say("the floor: reading the list without an operator")
        async with Floor(on.cloud.url) as reader:
            read = percentile([await reader.reading(count) for _ in range(FLOOR_READINGS)], 50)
        async with watching(on.kube, "importjobs") as watcher:
            with on.operator() as operator, _held(operator, cores) as how:
                figures = await _with_operator(on, operator, watcher, jobs, changed, teller)
                for part in (figures["spread"], figures["burst"]):
                    part["p99OverRead"] = part["delay"]["p99"] / read if part["delay"] else None
                return figures | {
                    "held": how,
                    "floorReadSeconds": round(read, 3),
                    "kubernetes": on.kubernetes,
                    "alarms": operator.alarms(),
                }


def _held(operator: Operator, cores: float | None) -> AbstractContextManager[str]:
    return held_to(operator.pid, cores) if cores else nullcontext("")


async def _with_operator(
    on: Stage, operator: Operator, watcher: Watcher, jobs: Jobs, changed: int, teller: Teller
) -> dict[str, Any]:
    count, clock = len(jobs), asyncio.get_running_loop().time
    began = clock()
    whole = await Window.open(on, operator)
    with teller.counting("the operator takes them up", count) as done:

        def all_followed() -> bool:
            done(len(watcher.when["InProgress"]))
            return len(watcher.when["InProgress"]) == count

        followed = await until("every object shows its job running", all_followed, seconds=_patience(count) + 60)
    chosen = random.Random(7).sample(sorted(jobs), 2 * changed)
    parts: dict[str, Any] = {}
    for name, seconds, some in (
        ("spread", SPREAD_SECONDS * changed / CHANGES, chosen[:changed]),
        ("burst", 0.0, chosen[changed:]),
    ):
        teller.say(f"{changed} jobs end, {f'over {seconds:.0f} s' if seconds else 'at once'}")
        parts[name] = await _change(on, operator, watcher, jobs, some, seconds)
    # One progress read each takes so long at the limit, whatever an operator does; more is its own choice.
    left = max(PROGRESS_SECONDS, followed + 1.1 * single_reads(count) + PROGRESS_SECONDS - clock())
    teller.say(f"progress: up to {left:.0f} s more, until each object shows some")
    running = [name for name in jobs if name not in chosen]
    shown_after: float | None = None
    with contextlib.suppress(LateError):
        all_shown = await until(
            "progress", lambda: all(watcher.objects[name].progress is not None for name in running), seconds=left
        )
        shown_after = round(all_shown - followed, 2)
    figures = {
        "jobs": count,
        "changes": changed,
        "spreadSeconds": SPREAD_SECONDS * changed / CHANGES,
        "floorSeconds": list_floor(count),
        "singleReadsSeconds": single_reads(count),
        "followedAfterSeconds": round(followed - began, 2),
        **parts,
        "progress": await _progress(on, watcher, {name: jobs[name] for name in running})
        | {"allShownWithinSeconds": shown_after},
    }
    return figures | {"whole": await whole.close()}


async def _change(
    on: Stage, operator: Operator, watcher: Watcher, jobs: Jobs, names: list[str], seconds: float
) -> dict[str, Any]:
    """End the jobs, evenly over so many seconds, and wait until their objects show it."""
    clock = asyncio.get_running_loop().time
    window, writes = await Window.open(on, operator), watcher.writes.copy()
    changed_at: dict[str, float] = {}
    begin = clock()
    for index, some in enumerate([names] if not seconds else [[name] for name in names]):
        await asyncio.sleep(max(0.0, begin + seconds * index / len(names) - clock()))
        changed_at |= dict.fromkeys(some, clock())  # before the request, so that no delay is told too short
        await on.cloud.end([jobs[name] for name in some])
    seen = watcher.when["Successful"]
    with contextlib.suppress(LateError):
        await until("the changes show", lambda: all(name in seen for name in names), seconds=_patience(len(jobs)))
    taken = await window.close()
    delays = sorted(seen[name] - changed_at[name] for name in names if name in seen)
    return {
        "delay": summary(delays),
        "p99OverFloor": summary(delays)["p99"] / list_floor(len(jobs)) if delays else None,
        "missing": len(names) - len(delays),
        "progressShare": sum(one.progress is not None for one in watcher.objects.values()) / len(jobs),
        "writesPerSecond": sum((watcher.writes - writes).values()) / taken["seconds"],
        **taken,
        "samples": [round(delay, 4) for delay in delays],
    }


async def _progress(on: Stage, watcher: Watcher, jobs: Jobs) -> dict[str, Any]:
    """How many running objects show progress, and for how long what they show has been out of date."""
    objects, state = dict(watcher.objects), await on.cloud.state()
    now, outdated, behind = datetime.fromisoformat(state.now), [], []
    for name, job_id in jobs.items():
        told, job = objects[name].progress, state.jobs[job_id]
        if told is None:
            continue
        behind.append(max(0, job["progress"] - told))
        since = (now - datetime.fromisoformat(job["startTime"])).total_seconds()
        outdated.append(max(0.0, since - RUN_SECONDS * (told + 1) / 100) if told < job["progress"] else 0.0)
    return {
        "shownShare": len(outdated) / len(jobs),
        "percentPoint": RUN_SECONDS / 100,
        "pointsBehind": summary(behind),
        "outdatedSeconds": summary(outdated),
    }


def _patience(count: int) -> float:
    return 1.5 * single_reads(count) + 30
