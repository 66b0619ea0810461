"""The units of work. Each is done to 99 running imports, which are one page of the cloud's list."""

from __future__ import annotations

import asyncio
import copy
import secrets
from typing import Any

from tools.bench.figures import DOCUMENTED_RATE, PAGE_SIZE
from tools.bench.floor import Floor
from tools.bench.mould import Mould, name_of
from tools.bench.problem import Problem
from tools.bench.stage import until
from tools.bench.units.inside import Inside, Planning, conceal, search
from tools.bench.units.meter import Meters

from zilliz_local.cloud import PROJECT

Body = dict[str, Any]
JOBS = PAGE_SIZE - 1  # after a full page another one is asked for
READINGS = 5  # of the list in one round
ENDS = 35  # so few that each waits for its result
RESULTS_SECONDS = 30.0
READS = 10  # of single jobs in one round
PENDING_SECONDS = 10.0
RUN_SECONDS = 3600.0
PERCENT_SECONDS = 36.0  # after which a job that runs for an hour is one percent further
PLANNED = 5000
SECRETS = 50

TITLES = {
    "floorPage": "floor: a page of 99 rows, fetched and decoded",
    "floorWrite": "floor: a change of a status, sent, and its answer decoded",
    "pageOfStrangers": "a page of 99 rows that no object follows",
    "pageNew": "a page of 99 rows that are seen for the first time",
    "pageKnown": "a page of 99 known rows",
    "readKnown": "a read of a running job that shows nothing new, and its pass where it needs one",
    "passNothing": "a pass that has nothing to do but to plan the next read",
    "passState": "a pass that writes that the job has begun",
    "passProgress": "a pass that writes new progress",
    "passEnd": "a pass that writes an end with its result, and its event",
    "echo": "the event of an own write",
    "strangersChange": "the event of a change by others",
    "search": "the search for secrets in one status",
    "centerNew": "a pass over a JobCenter that finds 99 new rows and makes their ProjectJobs",
    "centerKnown": "a pass over a JobCenter that finds 99 known rows",
    "plan": "the plan of what to read next, among 5,000 jobs",
}
"""By the name of the unit, in the order of the page."""


async def measure(on: Inside, form: Mould, meters: Meters) -> dict[str, dict[str, Any]]:
    """What each unit takes; see the figures of the meters. `form`: of an import that waits in the cloud."""
    ends = await _ends(on, form, meters)
    ids = on.put_jobs(JOBS, pending_seconds=PENDING_SECONDS)
    found = {"passEnd": ends, "floorPage": await _floor(on, meters), "pageOfStrangers": await _readings(on, meters)}
    found["floorWrite"] = await _floor_of_writes(on, form, meters)
    names = [name_of(index) for index in range(JOBS)]
    await _hear_of(on, form, names, ids)
    found["passNothing"] = await _passes(on, meters, names)
    on.advance(PENDING_SECONDS)
    await on.read_list()
    if silent := [name for name in names if not on.has_news(name)]:
        raise Problem(f"cannot measure: the list told nothing of {len(silent)} jobs that began")
    found["passState"] = await _passes(on, meters, names)
    found["pageKnown"] = await _readings(on, meters)
    found["pageNew"] = await _first_readings(on, meters, names)
    found |= await _reads(on, meters, names[:READS])
    found |= await _events(on, meters, names)
    found |= _in_memory(on, meters, names[0])
    found |= await _center(on, meters)
    return {name: found[name] for name in TITLES}


async def _hear_of(on: Inside, form: Mould, names: list[str], ids: list[str]) -> None:
    """Objects of these names, of jobs that wait in the cloud, are made, and a watch tells of each."""
    for name, job_id in zip(names, ids, strict=True):
        cast = form.cast(name, job_id)
        on.hear(await on.create("ImportJob", name, cast["spec"], cast["status"]))


async def _floor(on: Inside, meters: Meters) -> dict[str, Any]:
    meter = meters.new(READINGS)
    async with Floor(on.cloud_url) as floor:
        for _ in range(meters.rounds):
            with meter.round():
                for _ in range(READINGS):
                    await floor.page(1)
                    await asyncio.sleep(1 / DOCUMENTED_RATE)
    return meter.figures()


async def _floor_of_writes(on: Inside, form: Mould, meters: Meters) -> dict[str, Any]:
    """To an object that the operator is not told of."""
    meter, cast = meters.new(READS), form.cast("floor", "none")
    await on.create("ImportJob", "floor", cast["spec"], cast["status"])
    async with await on.plain_client() as kube:
        for index in range(meters.rounds):
            with meter.round():
                for step in range(READS):
                    percent = 1 + (index * READS + step) % 99
                    await kube.set_status("importjobs", "floor", {"progressPercent": percent})
    return meter.figures()


async def _readings(on: Inside, meters: Meters) -> dict[str, Any]:
    meter = meters.new(READINGS)
    for _ in range(meters.rounds):
        with meter.round():
            for _ in range(READINGS):
                rows = await on.read_list()
                if rows != JOBS:
                    raise Problem(f"cannot measure: the list has {rows} rows, and not {JOBS}")
    return meter.figures()


async def _first_readings(on: Inside, meters: Meters, names: list[str]) -> dict[str, Any]:
    meter = meters.new()
    for _ in range(2 * meters.rounds):
        on.follow_anew(names)
        with meter.round():
            await on.read_list()
    return meter.figures()


async def _passes(on: Inside, meters: Meters, names: list[str]) -> dict[str, Any]:
    """One pass over each object, a part of them in each round."""
    meter = meters.new()
    for index in range(meters.rounds):
        chosen = names[index :: meters.rounds]
        with meter.round(len(chosen)):
            for name in chosen:
                await on.reconcile(name)
    return meter.figures()


async def _reads(on: Inside, meters: Meters, names: list[str]) -> dict[str, dict[str, Any]]:
    """Reads that show another percent, whose passes write it; and then reads that show the same again."""
    progress, known = meters.new(len(names)), meters.new(len(names))
    for _ in range(meters.rounds):
        on.advance(PERCENT_SECONDS)
        await on.read_jobs(names)
        with progress.round():
            for name in names:
                await on.reconcile(name)
        with known.round():
            await on.read_jobs(names)
            for name in filter(on.has_news, names):
                await on.reconcile(name)
    return {"passProgress": progress.figures(), "readKnown": known.figures()}


async def _events(on: Inside, meters: Meters, names: list[str]) -> dict[str, dict[str, Any]]:
    echo, other = meters.new(len(names)), meters.new(len(names))
    for index in range(meters.rounds):
        bodies = [on.stored(name) for name in names]
        with echo.round():
            for body in bodies:
                on.hear(body)
        change = {"metadata": {"labels": {"round": str(index)}}}
        bodies = [await on.patch(body, change) for body in bodies]
        with other.round():
            for body in bodies:
                on.hear(body)
    return {"echo": echo.figures(), "strangersChange": other.figures()}


async def _ends(on: Inside, form: Mould, meters: Meters) -> dict[str, Any]:
    """Of jobs and objects that are gone afterwards."""
    ids = on.put_jobs(ENDS, pending_seconds=PENDING_SECONDS)
    names = [f"ended-{index}" for index in range(ENDS)]
    await _hear_of(on, form, names, ids)
    for seconds in (PENDING_SECONDS, RUN_SECONDS):
        for name in names:
            await on.reconcile(name)
        on.advance(seconds)
        await on.read_list()
    # The end is in the list, and the result comes by a read of its own.
    await until("the results are read", lambda: all(on.has_news(name) for name in names), seconds=RESULTS_SECONDS)
    found = await _passes(on, meters, names)
    if open_ := [name for name in names if not on.is_settled(name)]:
        raise Problem(f"cannot measure: {len(open_)} objects do not show the end of their job")
    for name in names:
        await on.delete(name)
    on.forget_jobs(ids)
    return found


async def _center(on: Inside, meters: Meters) -> dict[str, dict[str, Any]]:
    fresh, known = meters.new(), meters.new()
    on.hear(await on.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 3600}))
    with fresh.round():
        await on.reconcile_center()
    for _ in range(meters.rounds):
        on.hear(on.stored("page", "jobcenters"))
        with known.round():
            await on.reconcile_center()
    return {"centerNew": fresh.figures(), "centerKnown": known.figures()}


def _in_memory(on: Inside, meters: Meters, name: str) -> dict[str, dict[str, Any]]:
    conceal(secrets.token_urlsafe(30) for _ in range(SECRETS))
    body, planning = on.stored(name), Planning(PLANNED)
    statuses = [copy.deepcopy(body) for _ in range(READINGS)]
    searching, plans = meters.new(READINGS), meters.new(READINGS)
    for _ in range(meters.rounds):
        with searching.round():
            for one in statuses:
                search(one)
        with plans.round():
            for _ in range(READINGS):
                planning.plan()
    return {"search": searching.figures(), "plan": plans.figures()}
