"""(s) A hundred thousand objects under fifty API keys: by one operator, then by two shards with half the keys each.

All keys are of one simulated cloud. It has two names on this machine, one for each half, since keys that see a
project in common at one address are one account, which only one shard may have.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tools.bench.changes import BEGAN_OVER_SECONDS, RUN_SECONDS
from tools.bench.cloud import CLUSTER
from tools.bench.figures import lasting, single_reads, summary
from tools.bench.kube import Body
from tools.bench.mould import COLLECTION, Mould, finished_id, mould, name_of
from tools.bench.problem import LateError
from tools.bench.stage import Operator, Stage, manifest, secret, stage, until
from tools.bench.teller import Teller
from tools.bench.watching import Watcher, watching
from tools.bench.window import Window

from zilliz_jobs.control.shard import SHARD_LABEL

OBJECTS = 100_000
KEYS = 50
LEAST_KEYS = 5
RUNNING_EVERY = 10  # one object in so many runs
CHANGES = 500
SPREAD_SECONDS = 60.0
WINDOW_SECONDS = 60.0
PATIENCE = 900.0
SHARDS = ("a", "b")
SELECTOR = "ZILLIZ_JOBS_WATCH_LABEL_SELECTOR"
Jobs = dict[str, str]  # name of the object -> id of the job


@dataclass(frozen=True)
class KeyPlace:
    """One API key, with its connection, and the cluster that its jobs work on. `number`: from 0."""

    number: int

    @property
    def key(self) -> str:
        return f"bench-key-{self.number:02d}"

    @property
    def connection(self) -> str:
        return f"account-{self.number:02d}"

    @property
    def cluster(self) -> str:
        return f"in01-bench{self.number:010d}"

    @property
    def shard(self) -> str:
        return SHARDS[self.number % len(SHARDS)]

    @property
    def labels(self) -> dict[str, str]:
        return {SHARD_LABEL: self.shard}

    def cast(self, form: Mould, index: int, job_id: str, start: str = "") -> Body:
        body: Body = json.loads(json.dumps(form.cast(name_of(index), job_id, start)).replace(CLUSTER, self.cluster))
        body["metadata"]["labels"] = (body["metadata"].get("labels") or {}) | self.labels
        body["spec"]["connectionRef"] = {"name": self.connection}
        return body


async def measure(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    """One operator, then two."""
    count = max(100, round(OBJECTS * scale))
    places = [KeyPlace(number) for number in range(min(KEYS, max(LEAST_KEYS, round(KEYS * scale))))]
    changed = max(2, round(CHANGES * scale))
    async with stage(real=real, keys=[place.key for place in places]) as on:
        teller.say("two moulds for the objects")
        over, running = await mould(on, "Successful"), await mould(on, "Pending")
        for place in places:
            await _open(on, place)
        jobs = await _make(on, over, running, places, count, teller)
        async with watching(on.kube, "importjobs") as watcher:
            found: dict[str, Any] = {"objects": count, "running": len(jobs), "keys": len(places), "changes": changed}
            with on.operator() as operator:
                found["takenUpSeconds"] = await _take_up(watcher, jobs, teller)
                found["alarms"] = operator.alarms()
            chosen = iter(random.Random(7).sample(sorted(jobs), 4 * changed))
            seconds = lasting(WINDOW_SECONDS, scale)
            rounds = (("one", ("",)), ("two", tuple(f"{SHARD_LABEL}={name}" for name in SHARDS)))
            for name, selectors in rounds:
                some = [{one: jobs[one] for one in islice(chosen, changed)} for _ in range(2)]
                teller.say(f"{len(selectors)} operators at work" if len(selectors) > 1 else "one operator at work")
                found[name] = await _operate(on, watcher, selectors, some, seconds)
            return found | {"kubernetes": on.kubernetes}


async def _open(on: Stage, place: KeyPlace) -> None:
    await on.cloud.put_cluster(place.cluster, [COLLECTION])
    await on.kube.create(secret(place.connection, apiKey=place.key))
    port = on.cloud.url.rpartition(":")[2]
    host = {"a": "127.0.0.1", "b": "localhost"}[place.shard]
    spec = {"endpoint": f"http://{host}:{port}", "credentialsSecretRef": {"name": place.connection}}
    connection = manifest("ZillizConnection", place.connection, spec)
    connection["metadata"]["labels"] = place.labels
    await on.kube.create(connection)


async def _make(
    on: Stage, over: Mould, running: Mould, places: Sequence[KeyPlace], count: int, teller: Teller
) -> Jobs:
    """The objects, evenly over the keys; the jobs of those that run."""
    of_place = {place: [index for index in range(count) if index % len(places) == place.number] for place in places}
    jobs: Jobs = {}
    with teller.counting("making objects", count) as done:
        made = 0
        for place, indexes in of_place.items():
            fresh = indexes[::RUNNING_EVERY]
            ids = await on.cloud.put_imports(
                len(fresh), collection=COLLECTION, run=RUN_SECONDS, over=BEGAN_OVER_SECONDS, cluster=place.cluster
            )
            begun = dict(zip(fresh, ids, strict=True))
            jobs |= {name_of(index): job_id for index, job_id in begun.items()}
            bodies = _casts(place, over, running, indexes, begun, await _starts(on, ids))
            await on.kube.create_all(bodies, _beginning(done, made))
            made += len(indexes)
    return jobs


async def _starts(on: Stage, ids: Sequence[str]) -> dict[str, str]:
    """When the cloud began the jobs, by their ids."""
    state = await on.cloud.state()
    return {job_id: state.jobs[job_id]["startTime"] for job_id in ids}


def _casts(
    place: KeyPlace,
    over: Mould,
    running: Mould,
    indexes: Sequence[int],
    begun: dict[int, str],
    starts: dict[str, str],
) -> Iterator[Body]:
    for index in indexes:
        if (job_id := begun.get(index)) is not None:
            yield place.cast(running, index, job_id, starts[job_id])
        else:
            yield place.cast(over, index, finished_id(index))


def _beginning(tell: Callable[[int], None], made: int) -> Callable[[int], None]:
    return lambda more: tell(made + more)


async def _take_up(watcher: Watcher, jobs: Jobs, teller: Teller) -> float:
    """Seconds from the start of an operator until every running object shows its job running."""
    began = asyncio.get_running_loop().time()
    with teller.counting("the operator takes up the running ones", len(jobs)) as done:

        def all_followed() -> bool:
            done(len(watcher.when["InProgress"]))
            return len(watcher.when["InProgress"]) >= len(jobs)

        patience = PATIENCE + 3 * single_reads(len(jobs))
        return round(await until("every running object shows it", all_followed, seconds=patience) - began, 2)


async def _operate(
    on: Stage, watcher: Watcher, selectors: Sequence[str], some: Sequence[Jobs], seconds: float
) -> dict[str, Any]:
    """`some`: jobs that end before the start, and jobs that end evenly later."""
    clock, (before, later) = asyncio.get_running_loop().time, some
    await on.cloud.end([*before.values()])
    began = clock()
    with ExitStack() as lives:
        operators = [
            lives.enter_context(on.operator(**({SELECTOR: selector} if selector else {}))) for selector in selectors
        ]
        seen = watcher.when["Successful"]
        shown = await until(
            "what ended before the start shows", lambda: all(name in seen for name in before), seconds=PATIENCE
        )
        windows = [await Window.open(on, operator) for operator in operators]
        await asyncio.sleep(seconds)
        taken = [await window.close() for window in windows]
        delays = await _change(on, watcher, later, SPREAD_SECONDS * len(later) / CHANGES)
        return {
            "restartSeconds": round(shown - began, 2),
            "delay": summary(delays),
            "missing": len(later) - len(delays),
            "rssMiB": [one["rssMiB"] for one in taken],
            "peakMiB": [_peak(operator) for operator in operators],
            "cpuShare": [one["cpuShare"] for one in taken],
            "cloudCallsPerMinute": _per_minute(taken[0], "cloudCalls"),
            "kubeCallsPerMinute": _per_minute(taken[0], "kubeCalls"),
            "throttled": taken[0]["throttled"],
            "alarms": {
                "count": sum(one.alarms()["count"] for one in operators),
                "first": operators[0].alarms()["first"],
            },
        }


async def _change(on: Stage, watcher: Watcher, jobs: Jobs, seconds: float) -> list[float]:
    """End the jobs one by one over so many seconds; the delays until their objects showed it."""
    clock = asyncio.get_running_loop().time
    begin, ended_at, seen = clock(), dict[str, float](), watcher.when["Successful"]
    for index, (name, job_id) in enumerate(jobs.items()):
        await asyncio.sleep(max(0.0, begin + seconds * index / len(jobs) - clock()))
        ended_at[name] = clock()
        await on.cloud.end([job_id])
    with contextlib.suppress(LateError):
        await until("the changes show", lambda: all(name in seen for name in jobs), seconds=PATIENCE / 3)
    return [seen[name] - ended_at[name] for name in jobs if name in seen]


def _peak(operator: Operator) -> float:
    return round(operator.use().peak_mib, 1)


def _per_minute(taken: dict[str, Any], name: str) -> float:
    """Of both servers as they count, so of all operators together."""
    calls: dict[str, int] = taken[name]
    return round(60 * sum(calls.values()) / float(taken["seconds"]), 1)
