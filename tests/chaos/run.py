"""One run: the stage is set, the storm goes over it, and when it is over everything has to end in time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from tests.bench.cloud import KEY, Cloud
from tests.bench.kube import Kube, KubeProblem
from tests.bench.stage import manifest, secret, until
from tests.bench.teller import Teller
from tests.chaos.jobs import places
from tests.chaos.lives import Lives
from tests.chaos.plan import Happening, Plan
from tests.chaos.proxy import Proxy
from tests.chaos.steps import AT_RANDOM, Sort, sort_at_kube
from tests.chaos.strikes import CloudStrikes, KubeStrikes, Traps
from tests.chaos.users import Users
from tests.chaos.verdict import Evidence, Verdict, effects_in, judge
from tests.e2e.controlplane.supervise import Reaper, Server
from tests.e2e.operators import QUICK
from tests.serving import SOURCE, Plane, real_plane, simulator, stand_in

from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import PROJECT
from zilliz_local.kube.kubeconfig import kubeconfig

OPERATOR = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]
SETTLE_SECONDS = 2
BOUND_SECONDS = 120.0
"""From the storm's end to the last end: the fence (10 s), the settle time, three sends, a lost deletion (60 s)."""
MOST_STORM = 2.0
"""It lasts longer than planned while a trap is set and jobs are at work, so many times as long at most."""
MORE_PER_JOB = 0.3
PACE = {"pendingSeconds": 1, "runSeconds": 4, "secondsPerMillionRows": 0}
JOB_TYPES = ("backup", "restore", "export", "migration", "cloneCollection", "sampleCollection", "import")
TURN_SECONDS = 0.5
SETTINGS: dict[str, Any] = QUICK | {"missing_grace": 30, "retry_cap": 2.0, "connection_check": 10}


@dataclass
class Outcome:
    plan: Plan
    verdict: Verdict
    seconds: float
    """All of it; `calm`: from the end of the storm to the last end."""
    calm: float
    deaths: Counter[str]
    served: Counter[str]
    unsprung: Counter[str]
    done: Counter[str]
    by_itself: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    @property
    def violations(self) -> dict[str, list[str]]:
        more = {"the operator ended by itself": self.by_itself, "in the operator's log": self.alarms[:20]}
        return self.verdict.violations | {name: lines for name, lines in more.items() if lines}


async def run(plan: Plan, teller: Teller, out: Path, *, real: bool) -> Outcome:
    """`out`: where the logs, the plan and the evidence are kept."""
    began = monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        reaper = stack.enter_context(closing(Reaper(folder)))
        plane = await _enter(stack, real_plane() if real else stand_in(folder, reaper))
        url = await _enter(stack, simulator(folder, reaper, "--seed", str(plan.seed)))
        kube = await stack.enter_async_context(Kube(plane.url, plane.token, str(plane.ca_file or "") or None))
        cloud = await stack.enter_async_context(Cloud(url))
        for resource in RESOURCES:
            await until(f"{resource.plural} are served", partial(_is_served, kube, resource.plural), seconds=60)
        backups = await _furnish(plan, cloud)
        server = Server("operator", OPERATOR, out, reaper)
        environment = _environment(plane, folder / "operator.kubeconfig")
        lives = Lives(server, environment, Random(f"lives {plan.seed}"))
        served: Counter[str] = Counter()
        traps = Traps(plan.traps, lives)
        kube_strikes, cloud_strikes = KubeStrikes(traps, served), CloudStrikes(traps, served)
        to_kube = await stack.enter_async_context(
            Proxy(
                plane.url,
                kube_strikes,
                token=plane.token,
                ca_file=plane.ca_file,
                streams=lambda request: sort_at_kube(request) is Sort.WATCH,
            )
        )
        to_cloud = await stack.enter_async_context(Proxy(url, cloud_strikes))
        (folder / "operator.kubeconfig").write_text(json.dumps(kubeconfig(to_kube.url, None)))
        await _connect(kube, to_cloud.url)
        users = Users(kube, cloud, plan.jobs, backups)
        storm = Storm(plane, to_kube, kube_strikes, cloud, cloud_strikes, lives, served)
        stack.push_async_callback(lives.end)
        lives.start()
        teller.say(f"seed {plan.seed}: {len(plan.jobs):,} jobs, a storm of {plan.seconds:.0f} s")
        calm = await _play(plan, users, storm, lives, traps, teller)
        rules = (await cloud.ask("GET", "/_sim/faults"))["rules"]
        storm.count(rules)
        await lives.end()
        ledger = (await cloud.ask("GET", "/_sim/ledger"))["entries"]
        jobs = {job_id: job["status"] for job_id, job in (await cloud.state()).jobs.items()}
        intents = kube_strikes.intents | users.intents
        verdict = judge(Evidence(plan.jobs, intents, effects_in(ledger), jobs, users.objects, users.asked))
        keep = {"ledger": ledger, "jobs": jobs, "objects": [*users.objects.values()]}
        (out / "evidence.json").write_text(json.dumps(keep | {"intents": [vars(i) for i in intents.values()]}))
        return Outcome(
            plan,
            verdict,
            monotonic() - began,
            calm,
            lives.deaths,
            served,
            storm.unsprung,
            users.done,
            lives.by_itself,
            lives.alarms(),
        )


async def _play(plan: Plan, users: Users, storm: Storm, lives: Lives, traps: Traps, teller: Teller) -> float:
    """The storm, then the calm; how long that took."""
    began = monotonic()
    ahead = list(plan.happenings)
    async with asyncio.TaskGroup() as group:
        while (now := monotonic() - began) < plan.seconds or (
            traps.left and users.waiting and now < 2 * plan.seconds
        ):
            while ahead and ahead[0].at <= now:
                group.create_task(storm.strike(ahead.pop(0)))
            lives.look()
            await users.turn(now)
            await asyncio.sleep(TURN_SECONDS)
        storm.unsprung = traps.left
        traps.disarm()
    await storm.end()
    over = monotonic()
    bound = BOUND_SECONDS + MORE_PER_JOB * len(plan.jobs)
    teller.say(f"seed {plan.seed}: the storm is over, {users.waiting:,} jobs are not")
    while users.waiting and monotonic() - over < bound:
        lives.look()
        await users.turn(monotonic() - began)
        await users.decide()
        await asyncio.sleep(TURN_SECONDS)
    return monotonic() - over


class Storm:
    """Lets happen what the plan says."""

    def __init__(
        self,
        plane: Plane,
        to_kube: Proxy,
        kube: KubeStrikes,
        cloud: Cloud,
        hangs: CloudStrikes,
        lives: Lives,
        served: Counter[str],
    ) -> None:
        self.unsprung: Counter[str] = Counter()
        self._plane, self._to_kube, self._kube = plane, to_kube, kube
        self._cloud, self._hangs, self._lives, self._served = cloud, hangs, lives, served

    async def strike(self, one: Happening) -> None:
        match one.what:
            case "kill":
                self._lives.kill(AT_RANDOM)
            case "api-restart":
                await self._restart(one.seconds)
                self._served["API server restarts"] += 1
            case "silence":
                self._to_kube.silence(one.seconds)
                self._served["watches silent"] += 1
            case "cut":
                self._to_kube.cut()
                self._served["watches cut"] += 1
            case "kube":
                self._kube.add(one.rule)
            case "cloud":
                await self._cloud.ask("POST", "/_sim/faults", one.rule)
            case "cloud-hang":
                self._hangs.hang(one.rule["when"])
            case "cloud-restart":
                await self._cloud.ask("POST", "/_sim/restart", {"forget": False})
                self._served["cloud restarts"] += 1
            case "cloud-down":
                await self._cloud.ask("POST", "/_sim/down", {"down": True})
                await asyncio.sleep(one.seconds)
                await self._cloud.ask("POST", "/_sim/down", {"down": False})
                self._served["cloud outages"] += 1
            case _:
                raise AssertionError(one.what)

    async def _restart(self, seconds: float) -> None:
        self._to_kube.down = True
        self._to_kube.cut()
        try:
            if self._plane.restart is None:
                await asyncio.sleep(seconds)
            else:
                await asyncio.to_thread(self._plane.restart)
        finally:
            self._to_kube.down = False

    async def end(self) -> None:
        """Faults stop: what was not served by now never is."""
        self._kube.clear()
        self._hangs.clear()
        self.count((await self._cloud.ask("GET", "/_sim/faults"))["rules"])
        await self._cloud.ask("DELETE", "/_sim/faults")

    def count(self, rules: list[dict[str, Any]]) -> None:
        for rule in rules:
            if rule["hits"]:
                self._served[f"cloud {rule['action']}"] += rule["hits"]


async def _enter(stack: AsyncExitStack, what: Any) -> Any:
    """Servers are started by code that blocks; nothing else happens yet."""
    return stack.enter_context(what)


async def _is_served(kube: Kube, plural: str) -> bool:
    try:
        await kube.everything(plural)
    except KubeProblem:
        return False
    return True


async def _furnish(plan: Plan, cloud: Cloud) -> dict[str, str]:
    """The clusters, and of those that need one the id of a backup."""
    await cloud.ask("PATCH", "/_sim/defaults", {"backup": {"pendingSeconds": 0, "runSeconds": 0}})
    backups = {}
    for place in places(plan.jobs):
        await cloud.ask("PUT", f"/_sim/clusters/{place.cluster_id}", place.fields)
        if place.backed_up:
            path = f"/v2/clusters/{place.cluster_id}/backups/create"
            made = await cloud.ask("POST", "/_sim/rival", {"path": path, "body": {"backupType": "CLUSTER"}})
            backups[place.cluster_id] = made["data"]["backupId"]
    seconds = dict.fromkeys(("suspendSeconds", "resumeSeconds", "modifySeconds"), 4)
    await cloud.ask("PATCH", "/_sim/defaults", dict.fromkeys(JOB_TYPES, PACE) | seconds | {"cancelSeconds": 1})
    return backups


async def _connect(kube: Kube, url: str) -> None:
    await kube.create(secret("zilliz-api-key", apiKey=KEY))
    await kube.create(secret("demo-data-bucket", accessKey="AK", secretKey="SK"))
    await kube.create(secret("source-login", username="u", password="p"))
    await kube.create(secret("source-api-key", apiKey="k"))
    for name in ("default", "console"):
        spec = {
            "endpoint": url,
            "credentialsSecretRef": {"name": "zilliz-api-key"},
            "submissionSettleSeconds": SETTLE_SECONDS,
            "projectId": PROJECT,
            "consoleApi": {"enabled": name == "console"},
        }
        await kube.create(manifest("ZillizConnection", name, spec))


def _environment(plane: Plane, config: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("KUBE", "ZILLIZ_JOBS_"))}
    settings = {f"ZILLIZ_JOBS_{name.upper()}": str(value) for name, value in SETTINGS.items()}
    return clean | settings | {"KUBECONFIG": str(config), "PYTHONPATH": str(SOURCE)}
