"""One run: the stage is set, the storm goes over it, and when it is over everything has to end in time."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from tests.support.controlplane.supervise import Reaper, Server
from tests.support.serving import real_plane, simulator, stand_in
from tools.bench.cloud import Cloud
from tools.bench.kube import Kube
from tools.bench.stage import all_served
from tools.bench.teller import Teller
from tools.chaos.crds import bring, withhold
from tools.chaos.deletions import BackupEvidence
from tools.chaos.keepers import Keepers, events_of
from tools.chaos.keeping import MANY_JOBS
from tools.chaos.lives import Fleet, Lives
from tools.chaos.moving import Moving
from tools.chaos.plan import Plan
from tools.chaos.proxy import Proxy
from tools.chaos.stage import SHOWN, connect, environment, furnish
from tools.chaos.steps import Sort, sort_at_kube
from tools.chaos.storm import Storm
from tools.chaos.strikes import CloudStrikes, KubeStrikes, Traps
from tools.chaos.users import Users
from tools.chaos.verdict import Evidence, Verdict, effects_in, judge

from zilliz_local.kube.kubeconfig import kubeconfig

OPERATOR = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]
BOUND_SECONDS = 120.0
"""From the storm's end to the last end: the fence (10 s), the settle time, three sends, a lost deletion (60 s)."""
MOST_STORM, LEAST_STORM, LEAST_OF_MANY = 1.2, 60.0, 100.0
"""It lasts longer than planned while a trap is set and jobs are at work: so many times as long, or so many
seconds; of a run of many jobs, so long that schedules come to delete backups in it."""
MORE_PER_JOB = 0.3
TURN_SECONDS = 0.5
MORE_OF_A_TURN = 0.002
"""A look at all objects costs the API server as much as the operator does, so there are fewer of many. Seconds for
each job."""
TOLD_SECONDS = 60.0


@dataclass
class Outcome:
    plan: Plan
    replicas: int
    verdict: Verdict
    seconds: float
    """All of it; `calm`: from the end of the storm to the last end."""
    calm: float
    deaths: Counter[str]
    served: Counter[str]
    unsprung: Counter[str]
    done: Counter[str]
    moved: list[str] = field(default_factory=list)
    """Migrations by VTS that ran twice, or whose end is not true."""
    by_itself: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def violations(self) -> dict[str, list[str]]:
        more = {
            "migrations by VTS": self.moved,
            "the operator ended by itself": self.by_itself,
            "in the operator's log": self.alarms[:20],
        }
        return self.verdict.violations | {name: lines for name, lines in more.items() if lines}


async def run(plan: Plan, teller: Teller, out: Path, *, real: bool, replicas: int = 1) -> Outcome:
    """`out`: where the logs, the plan and the evidence are kept."""
    began = monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        reaper = stack.enter_context(closing(Reaper(folder)))
        # Controllers that an etcd takes back in time are none that anybody has.
        plane = await _enter(stack, real_plane(controllers=not plan.restores) if real else stand_in(folder, reaper))
        url = await _enter(stack, simulator(folder, reaper, "--seed", str(plan.seed)))
        kube = await stack.enter_async_context(Kube(plane.url, plane.token, str(plane.ca_file or "") or None))
        cloud = await stack.enter_async_context(Cloud(url))
        await all_served(kube)
        backups = await furnish(plan, cloud)
        configs = [folder / f"operator-{number}.kubeconfig" for number in range(replicas)]
        fleet = Fleet(
            [
                Lives(
                    Server(f"operator-{number}", OPERATOR, out, reaper),
                    environment(plane, config, elects=replicas > 1 or plan.elects, moves=bool(plan.moves)),
                    Random(f"lives {plan.seed} {number}"),
                )
                for number, config in enumerate(configs)
            ]
        )
        served: Counter[str] = Counter()
        traps = Traps(plan.traps, fleet, plan.least_life)
        kube_strikes = KubeStrikes(traps, served, fleet)
        cloud_strikes = CloudStrikes(traps, served, fleet, kube_strikes.senders)
        to_kube = []
        for number, config in enumerate(configs):
            proxy = Proxy(
                plane.url, kube_strikes.of(number), token=plane.token, ca_file=plane.ca_file, streams=is_watch
            )
            to_kube.append(await stack.enter_async_context(proxy))
            config.write_text(json.dumps(kubeconfig(proxy.url, None)))
        to_cloud = await stack.enter_async_context(Proxy(url, cloud_strikes))
        await connect(kube, to_cloud.url)
        late = await withhold(kube, plan.late)
        users = Users(kube, cloud, plan.jobs, backups, plan.keepers)
        keepers = Keepers(kube, cloud, users, plan.keepers, plan.jobs)
        moving = await stack.enter_async_context(Moving(kube, cloud, plan.moves, folder / "node"))
        storm = Storm(plane, to_kube, kube_strikes, cloud, cloud_strikes, fleet, served, users)
        stack.push_async_callback(fleet.end)
        fleet.start()
        teller.say(f"seed {plan.seed}: {len(plan.jobs):,} jobs, a storm of {plan.seconds:.0f} s")
        users.unserved = set(plan.late)
        late_ones = asyncio.create_task(_bring(kube, late, plan.late_at, users))
        stack.push_async_callback(_ended, late_ones)
        calm = await _play(plan, users, keepers, moving, storm, fleet, traps, teller)
        await fleet.end()
        ledger = (await cloud.ask("GET", "/_sim/ledger"))["entries"]
        state = await cloud.state()
        jobs = {job_id: job["status"] for job_id, job in state.jobs.items()}
        intents = kube_strikes.intents | users.intents
        ended = BackupEvidence(
            tuple(ledger),
            state.jobs,
            intents,
            plan.keepers,
            users.evidence,
            keepers.over_since,
            keepers.gone,
            users.objects,
            await events_of(kube, plan.keepers),
            datetime.now(UTC),
            users.set_back,
        )
        seen = Evidence(
            (*plan.jobs, *users.made.values()),
            intents,
            effects_in(ledger),
            jobs,
            users.objects,
            users.asked,
            users.adopted,
            users.rows,
            SHOWN,
            set_back=users.set_back,
            oddities=plan.oddities,
            ended=ended,
        )
        keep = {"ledger": ledger, "jobs": jobs, "objects": [*users.objects.values()], "rows": users.rows}
        keep |= {"intents": [vars(i) for i in seen.intents.values()], "adopted": users.adopted}
        keep |= {"overSince": keepers.over_since, "gone": keepers.gone, "evidence": users.evidence}
        (out / "evidence.json").write_text(json.dumps(keep))
        return Outcome(
            plan,
            replicas,
            judge(seen),
            monotonic() - began,
            calm,
            fleet.deaths,
            served,
            storm.unsprung,
            users.done + moving.done,
            await moving.wrong(ledger),
            fleet.by_itself,
            fleet.alarms(),
        )


async def _play(
    plan: Plan,
    users: Users,
    keepers: Keepers,
    moving: Moving,
    storm: Storm,
    fleet: Fleet,
    traps: Traps,
    teller: Teller,
) -> float:
    """The storm, then the calm; how long that took."""

    def left() -> int:
        return users.waiting + keepers.waiting + moving.waiting

    began = told = monotonic()
    pause = TURN_SECONDS + MORE_OF_A_TURN * len(plan.jobs)
    least = LEAST_OF_MANY if len(plan.jobs) >= MANY_JOBS else LEAST_STORM
    ahead = list(plan.happenings)
    async with asyncio.TaskGroup() as group:
        while (now := monotonic() - began) < plan.seconds or (
            traps.left and left() and now < max(MOST_STORM * plan.seconds, least)
        ):
            while ahead and ahead[0].at <= now:
                group.create_task(storm.strike(ahead.pop(0)))
            fleet.look()
            await users.turn(now)
            await keepers.turn(now)
            await moving.turn(now)
            if monotonic() - told > TOLD_SECONDS:
                told = monotonic()
                dead = sum(fleet.deaths.values())
                teller.say(f"seed {plan.seed}: {now:.0f} s, {dead} deaths, {users.waiting:,} jobs to go")
            await asyncio.sleep(pause)
        storm.unsprung = traps.left
        traps.disarm()
    await storm.end()
    over = monotonic()
    bound = BOUND_SECONDS + MORE_PER_JOB * len(plan.jobs)
    teller.say(f"seed {plan.seed}: the storm is over, {users.waiting:,} jobs are not, nor {keepers.waiting} backups")
    while not (left() == 0 and await users.page_is_right()) and monotonic() - over < bound:
        fleet.look()
        await users.turn(monotonic() - began)
        await keepers.turn(monotonic() - began)
        await moving.turn(monotonic() - began)
        await users.decide()
        await asyncio.sleep(pause)
    return monotonic() - over


async def _bring(kube: Kube, late: list[dict[str, Any]], after: float, users: Users) -> None:
    """The CRDs that were withheld; their objects are made from then on."""
    await asyncio.sleep(after)
    await bring(kube, late)
    users.unserved.clear()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def is_watch(request: Any) -> bool:
    return sort_at_kube(request) is Sort.WATCH


async def _enter(stack: AsyncExitStack, what: Any) -> Any:
    """Servers are started by code that blocks; nothing else happens yet."""
    return stack.enter_context(what)
