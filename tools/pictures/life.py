"""Some minutes of life, for a picture of what monitoring shows of it: jobs of all kinds, schedules, requests, a cloud
that fails and throttles for a while, a leader that is killed.

Everything happens at a share of the time that there is, from 0 to 1: a short try is a small copy of the whole.
"""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.support.controlplane.supervise import Reaper, Server, free_ports
from tests.support.serving import START_SECONDS, Plane
from tools.bench.cloud import Cloud
from tools.bench.kube import ROOT, Body, Kube, KubeProblem
from tools.bench.stage import manifest
from tools.bench.teller import Teller
from tools.chaos.jobs import ANY_BACKUP, CAN_WAIT, EVERY, Course, Origin, Planned, places
from tools.chaos.stage import environment

from zilliz_local.cloud import PROJECT

PODS = ("zilliz-jobs-operator-6d5f7c9b8-x7k2p", "zilliz-jobs-operator-6d5f7c9b8-m4tqz")
MERGE = "application/merge-patch+json"
RUN_SECONDS = {
    "backup": 50,
    "restore": 45,
    "export": 30,
    "migration": 75,
    "cloneCollection": 25,
    "sampleCollection": 20,
    "import": 40,
}
SCHEDULED = "in01-scheduled"
BROKEN = "s3://demo-data/broken/films.parquet"
EVERY_MINUTE = "* * * * *"
OPERATOR = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]


class Replica:
    """One process of the operator, started again where it was killed, as kubelet does."""

    def __init__(self, plane: Plane, pod: str, ports: tuple[int, int], folder: Path, reaper: Reaper) -> None:
        settings = environment(plane, Path(plane.environment["KUBECONFIG"]), elects=True, moves=False)
        self.metrics_port, health = ports
        own = {"ZILLIZ_JOBS_METRICS_PORT": str(self.metrics_port), "ZILLIZ_JOBS_HEALTH_PORT": str(health)}
        self.pod, self._environment = pod, settings | own
        self._server = Server(pod, OPERATOR, folder, reaper)

    def start(self) -> None:
        self._server.start(lambda: True, START_SECONDS, self._environment)

    def kill(self) -> None:
        self._server.stop(kill=True)

    def leads(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
                return b"\nzilliz_jobs_leader 1.0" in answer.read()
        except OSError:
            return False


@contextmanager
def replicas(plane: Plane, folder: Path, reaper: Reaper) -> Iterator[list[Replica]]:
    ports = free_ports(2 * len(PODS))
    found = [Replica(plane, pod, (ports[2 * n], ports[2 * n + 1]), folder, reaper) for n, pod in enumerate(PODS)]
    try:
        for one in found:
            one.start()
        yield found
    finally:
        for one in found:
            one.kill()


def jobs(chance: Random, count: int) -> tuple[Planned, ...]:
    """Of all kinds, one after the other; `at` is a share of the time. A job that waits for another's backup comes
    just after it."""
    found: list[Planned] = []
    backups: list[Planned] = []
    for number in range(count):
        row = EVERY[(number * 5) % len(EVERY)]
        at = 0.01 + 0.9 * number / count
        course = chance.choices(
            (Course.LEFT, Course.CANCELLED, Course.FAILS, Course.RETRIED, Course.DELETED), (10, 3, 2, 2, 2)
        )[0]
        fits = [
            one for one in backups if one.number // 10 == number // 10 and one.row.name in CAN_WAIT.get(row.name, ())
        ]
        origin, waits_for = (Origin.WAITS, fits[-1].name) if fits else (Origin.SUBMITTED, "")
        job = Planned(number, row, course, at, then=chance.uniform(0.02, 0.06), origin=origin, waits_for=waits_for)
        found.append(job)
        if row.name in ANY_BACKUP and course is Course.LEFT:
            backups.append(job)
    return tuple(found)


def schedules() -> list[Body]:
    """Two that end well and keep two backups, one of which every run fails."""
    backup = {"name": "backup", "backupJob": {"clusterId": SCHEDULED, "connectionRef": {"name": "console"}}}
    export = {
        "backup": {"backupJobRef": {"name": "backup"}},
        "integrationId": "integ-demo0001",
        "directory": "nightly/$(RUN)/",
        "connectionRef": {"name": "console"},
    }
    loading = {"clusterId": SCHEDULED, "collection": "films", "objectStorage": {"urls": [BROKEN]}}
    quick = {"schedules": [EVERY_MINUTE], "successfulRunsHistoryLimit": 2, "failedRunsHistoryLimit": 2}
    return [
        manifest(
            "JobSchedule",
            "nightly",
            quick | {"keepBackups": 2, "jobs": [backup, {"name": "export", "exportJob": export}]},
        ),
        manifest("JobSchedule", "catalogue", quick | {"jobs": [{"name": "import", "importJob": loading}]}),
        manifest("JobSchedule", "weekly-copy", quick | {"schedules": ["0 2 * * 0"], "jobs": [backup]}),
    ]


def waiting() -> list[Body]:
    """Jobs that wait for what does not come."""
    held = {"clusterId": SCHEDULED, "connectionRef": {"name": "console"}}
    bucket = {"urls": ["s3://demo-data/films/"], "credentialsSecretRef": {"name": "not-made-yet"}}
    loading = {"clusterId": SCHEDULED, "collection": "films", "objectStorage": bucket}
    return [
        *(manifest("BackupJob", f"held-{n}", held | {"suspend": True}) for n in range(2)),
        *(manifest("ImportJob", f"no-secret-{n}", loading) for n in range(3)),
        manifest("BackupJob", "no-connection", held | {"connectionRef": {"name": "of-another-team"}}),
    ]


@dataclass
class Life:
    kube: Kube
    cloud: Cloud
    members: list[Replica]
    seconds: float
    teller: Teller
    chance: Random

    async def furnish(self, planned: tuple[Planned, ...]) -> dict[str, str]:
        """Clusters, and of those that need one the id of a backup."""
        none = {"backup": {"pendingSeconds": 0, "runSeconds": 0}}
        await self.cloud.ask("PATCH", "/_sim/defaults", none)
        backups = {}
        for place in places(planned):
            await self.cloud.ask("PUT", f"/_sim/clusters/{place.cluster_id}", place.fields)
            if place.backed_up:
                path = f"/v2/clusters/{place.cluster_id}/backups/create"
                made = await self.cloud.ask("POST", "/_sim/rival", {"path": path, "body": {"backupType": "CLUSTER"}})
                backups[place.cluster_id] = made["data"]["backupId"]
        own = {
            "clusterName": "scheduled",
            "cuSize": 2,
            "projectId": PROJECT,
            "status": "RUNNING",
            "collections": {"default": ["films"]},
        }
        await self.cloud.ask("PUT", f"/_sim/clusters/{SCHEDULED}", own)
        scaling = dict.fromkeys(("suspendSeconds", "resumeSeconds", "modifySeconds"), 25 * self.share)
        await self.cloud.ask("PATCH", "/_sim/defaults", scaling | {"cancelSeconds": 3})
        await self._pace()
        return backups

    @property
    def share(self) -> float:
        """Of ten minutes."""
        return self.seconds / 600

    async def _pace(self) -> None:
        paces = {
            name: {
                "pendingSeconds": self.chance.uniform(1, 4) * self.share,
                "runSeconds": seconds * self.chance.uniform(0.4, 1.5) * self.share,
                "secondsPerMillionRows": 0,
            }
            for name, seconds in RUN_SECONDS.items()
        }
        await self.cloud.ask("PATCH", "/_sim/defaults", paces)

    async def live(self, planned: tuple[Planned, ...], backups: dict[str, str]) -> None:
        """Returns when the time is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for body in (*schedules(), *waiting()):
            await self.kube.create(body)
        acts: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        for job in planned:
            acts.append((job.at, partial(self._make, job, backups)))
            if job.course in (Course.CANCELLED, Course.RETRIED, Course.DELETED):
                acts.append((job.at + job.then, partial(self._take, job)))
        acts += self._strikes()
        for at, act in sorted(acts, key=lambda one: one[0]):
            await asyncio.sleep(max(0.0, began + at * self.seconds - loop.time()))
            await act()
        await asyncio.sleep(max(0.0, began + self.seconds - loop.time()))

    def _strikes(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        """What befalls the cloud and the operators."""

        def fault(**rule: Any) -> Callable[[], Awaitable[None]]:
            async def lay() -> None:
                await self.cloud.ask("POST", "/_sim/faults", rule)

            return lay

        async def calm() -> None:
            await self.cloud.ask("DELETE", "/_sim/faults")
            await fault(match="*", action="latency", seconds=0.15, probability=0.25)()
            await fault(match="*", action="latency", seconds=0.6, probability=0.04)()

        async def kill() -> None:
            await self._kill_the_leader()

        return [
            (0.0, calm),
            (0.28, fault(match="*", action="status", status=503, probability=0.35)),
            (0.36, calm),
            (0.45, fault(match="export.create", action="drop_after", times=2)),
            (0.45, fault(match="import.create", action="drop_after", times=2)),
            (0.52, fault(match="*", action="rate_limit", retryAfter=2, probability=0.3)),
            (0.6, calm),
            (0.68, kill),
            (0.85, fault(match="*", action="status", status=503, probability=0.08)),
            (0.9, calm),
        ]

    async def _kill_the_leader(self) -> None:
        leader = next((one for one in self.members if one.leads()), self.members[0])
        self.teller.say(f"{leader.pod}, which leads, is killed")
        leader.kill()
        await asyncio.sleep(3)
        leader.start()

    async def _make(self, job: Planned, backups: dict[str, str]) -> None:
        if job.number % 7 == 0:
            await self._pace()
        if job.course in (Course.FAILS, Course.RETRIED) and job.row.failing:
            await self.cloud.ask(
                "POST", "/_sim/next", {"type": job.row.failing, "failure": "disk full", "runSeconds": 8 * self.share}
            )
        try:
            await self.kube.create(job.manifest(backups))
        except KubeProblem as problem:
            self.teller.say(str(problem))

    async def _take(self, job: Planned) -> None:
        path = f"{ROOT}/namespaces/default/{job.plural}/{job.name}"
        try:
            if job.course is Course.DELETED:
                await self.kube.ask("DELETE", path)
            else:
                request = "cancel-requested" if job.course is Course.CANCELLED else "retry-requested"
                asked = {"metadata": {"annotations": {f"jobs.zilliz.com/{request}": f"t{job.number}"}}}
                await self.kube.ask("PATCH", path, asked, MERGE)
        except KubeProblem as problem:
            self.teller.say(str(problem))
