"""(b) A thousand new ImportJobs at once: when is the last one submitted, and what does a job's whole life take?"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tools.bench.figures import lasting, single_reads
from tools.bench.floor import Floor
from tools.bench.mould import import_spec, name_of
from tools.bench.stage import Stage, manifest, stage, until
from tools.bench.teller import Teller
from tools.bench.watching import watching
from tools.bench.window import Window, per

JOBS = 1000
COLLECTIONS = 20
RUN_SECONDS = 20.0
ENDS = ("Successful", "Failed", "Unknown", "Canceled")


async def measure(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    count, run = max(10, round(JOBS * scale)), lasting(RUN_SECONDS, scale)
    return {
        "jobs": count,
        "floorSeconds": single_reads(count),
        "loopSeconds": await _by_a_plain_loop(count, run, teller, real=real),
        "runSeconds": run,
        "collections": await _submit(count, COLLECTIONS, run, teller, real=real),
        "collection": (last := await _submit(count, 1, run, teller, real=real)),
        "kubernetes": last.pop("kubernetes"),
    }


async def _by_a_plain_loop(count: int, run: float, teller: Teller, *, real: bool) -> float:
    """Seconds of the floor on this machine, into one collection."""
    async with stage(real=real) as on, Floor(on.cloud.url) as floor:
        await on.cloud.put_collections(["films0"])
        await on.cloud.pace(pending=1, run=run)
        teller.say(f"{count:,} submissions by a plain loop")
        return round(await floor.submitting(count, "films0"), 3)


async def _submit(count: int, collections: int, run: float, teller: Teller, *, real: bool) -> dict[str, Any]:
    names = [f"films{index}" for index in range(collections)]
    async with stage(real=real) as on:
        await on.cloud.put_collections(names)
        await on.cloud.pace(pending=1, run=run)
        async with watching(on.kube, "importjobs") as watcher:
            with on.operator() as operator:
                await until("the connection is ready", lambda: _is_ready(on), seconds=60)
                window = await Window.open(on, operator)
                clock = asyncio.get_running_loop().time
                began = clock()
                specs = {name_of(index): import_spec(names[index % collections]) for index in range(count)}
                where = f"{collections} collection{'s' if collections > 1 else ''}"
                teller.say(f"{count:,} new ImportJobs into {where}")
                making = asyncio.create_task(on.kube.create_all(_manifests(specs)))
                with teller.counting("submitted", count) as done:

                    async def all_submitted() -> bool:
                        submitted = await on.cloud.submitted()
                        done(submitted)
                        return submitted >= count

                    submitted = await until(
                        "all are submitted", all_submitted, seconds=60 + 10 * single_reads(count), every=0.02
                    )
                await making
                with teller.counting("over", count) as done:

                    def all_over() -> bool:
                        over = sum(len(watcher.when[state]) for state in ENDS)
                        done(over)
                        return over >= count

                    over = await until("all are over", all_over, seconds=120 + run + 10 * single_reads(count))
                await asyncio.sleep(2)  # the last Events
                taken = await window.close()
                effects, most = await on.cloud.effects()
                return {
                    "kubernetes": on.kubernetes,
                    "collections": collections,
                    "submittedSeconds": round(submitted - began, 3),
                    "overFloor": (submitted - began) / single_reads(count),
                    "overSeconds": round(over - began, 3),
                    "successful": len(watcher.when["Successful"]),
                    "effects": effects,
                    "mostEffectsOfOneToken": most,
                    "writesPerJob": per(watcher.writes, count),
                    "statusWritesPerJob": per(watcher.fields, count),
                    "kubeCallsPerJob": sum(taken["kubeCalls"].values()) / count,
                    "cloudCallsPerJob": sum(taken["cloudCalls"].values()) / count,
                    "callsPerJob": per(Counter(taken["kubeCalls"]), count),
                    **taken,
                    "alarms": operator.alarms(),
                }


def _manifests(specs: dict[str, dict[str, Any]]) -> Any:
    return (manifest("ImportJob", name, spec) for name, spec in specs.items())


async def _is_ready(on: Stage) -> bool:
    status = (await on.kube.get("zillizconnections", "default")).get("status") or {}
    return any((c["type"], c["status"]) == ("Ready", "True") for c in status.get("conditions") or [])
