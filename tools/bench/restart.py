"""(c) The operator starts over ten thousand objects of finished jobs: when is it quiet, and what has it written?"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests.support.serving import Plane
from tools.bench.figures import lasting
from tools.bench.kube import ROOT
from tools.bench.mould import finished_id, mould, name_of
from tools.bench.problem import Problem
from tools.bench.stage import Operator, stage
from tools.bench.teller import Teller
from tools.bench.watching import watching
from tools.bench.window import Window, quiet_since

OBJECTS = 10_000
QUIET_SECONDS = 5.0
QUIET_SHARE = 0.02
RUNS_ON = "the operator runs on"
STEP = 0.05
EVERY = 10
PATIENCE = 180.0
Samples = list[tuple[float, float]]


async def measure(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    count = max(20, round(OBJECTS * scale))
    async with stage(real=real) as on:
        teller.say("a mould for the objects")
        form = await mould(on, "Successful")
        with teller.counting("making objects of finished jobs", count) as done:
            await on.kube.create_all((form.cast(name_of(i), finished_id(i)) for i in range(count)), done)
        teller.say("a plain loop lists them")
        listed = await _listed(on.plane, count)
        async with watching(on.kube, "importjobs") as watcher:
            teller.say("the operator starts")
            with on.operator() as operator:
                window = await Window.open(on, operator)
                up, quiet, samples = await _until_quiet(operator, lasting(QUIET_SECONDS, scale))
                taken = await window.close()
                later = await Window.open(on, operator)
                await asyncio.sleep(lasting(10, scale))
                return {
                    "kubernetes": on.kubernetes,
                    "objects": count,
                    "quietAfterSeconds": quiet,
                    "loopSeconds": listed,
                    "upAfterSeconds": up,
                    "writes": sum(watcher.writes.values()),
                    "untilQuiet": taken,
                    "tenSecondsLater": await later.close(),
                    "samples": [(round(at, 2), round(used, 2)) for at, used in samples[::EVERY]],
                    "alarms": operator.alarms(),
                }


async def _listed(plane: Plane, objects: int) -> float:
    """Seconds from the start to the end of a process that lists and parses the objects, and does nothing else."""
    clock = asyncio.get_running_loop().time
    command = [sys.executable, "-m", "tools.bench.listing", plane.url, f"{ROOT}/importjobs", str(plane.ca_file or "")]
    pipe = asyncio.subprocess.PIPE
    began = clock()
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    told, wrong = await process.communicate(plane.token.encode())
    took = clock() - began
    if told.strip() != str(objects).encode():
        raise Problem(f"a plain loop listed {told.decode().strip() or 'no'} objects, not {objects}: {wrong.decode()}")
    return round(took, 2)


async def _until_quiet(operator: Operator, window: float) -> tuple[float | None, float | None, Samples]:
    """Seconds from the start of the process to its word that it runs, and to its quiet; what it took of a core."""
    clock = asyncio.get_running_loop().time
    began, up = clock(), None
    samples: Samples = [(0.0, 0.0)]
    while samples[-1][0] < PATIENCE:
        await asyncio.sleep(STEP)
        samples.append((clock() - began, operator.use().cpu_seconds))
        if up is None and operator.says(RUNS_ON):
            up = samples[-1][0]
        # Before it runs, a machine with much else to do could make it look quiet.
        if up is not None and samples[-1][0] > up + window:
            since = [sample for sample in samples if sample[0] >= up]
            quiet = quiet_since(since, window=window, share=QUIET_SHARE)
            if quiet is not None:
                return round(up, 2), round(quiet, 2), samples
    return up, None, samples
