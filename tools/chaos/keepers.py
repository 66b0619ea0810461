"""The people of a run who keep backups: they make the schedules, ask for runs, and let time go by for single backups.

A backup with an end of its own is to last for an hour at least. So that this hour passes within the run, a person
moves the times in the status of its BackupJob, and then shortens the time that it has.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import aiohttp
from tools.bench.cloud import Cloud
from tools.bench.kube import BUSY, ROOT, Body, Kube, KubeProblem
from tools.bench.problem import Problem
from tools.chaos.deletions import is_explained
from tools.chaos.jobs import HOUR, Planned
from tools.chaos.keeping import KEPT, PLURAL, RUN, SCHEDULE_LABEL, Keeper, is_held, surplus
from tools.chaos.users import MERGE, Users
from tools.chaos.verdict import FINISHED

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PATIENCE = 20.0
"""So long a backup's end waits for a reader to be at work, in seconds."""
STOPPED = 4.0
PARTS_AFTER, READ_FROM, RACED_FROM = 3, 2, 3
PASSING = frozenset({404, 409, *BUSY})


class Keepers:
    """Each turn does what can be done now; what fails is done in a later one."""

    def __init__(
        self, kube: Kube, cloud: Cloud, users: Users, keepers: tuple[Keeper, ...], jobs: tuple[Planned, ...]
    ) -> None:
        self._kube, self._cloud, self._users = kube, cloud, users
        self._keepers, self._ending = keepers, [job for job in jobs if job.ends]
        self._readers = [job for job in jobs if job.waits_for and not job.races]
        self.over_since: dict[str, int] = {}
        """By the name of the BackupJob: how many lines the ledger had when the time of its backup was over."""
        self.gone: dict[str, str] = {}
        """When each schedule was gone that somebody deleted, by the cloud's clock."""
        self.asked: Counter[str] = Counter()
        self._made: set[str] = set()
        self._read: set[str] = set()
        self._failed: set[str] = set()
        self._parting: set[str] = set()
        self._stopped: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    async def turn(self, now: float) -> None:
        for keeper in self._keepers:
            await self._tried(self._tend(keeper, now))
        for job in self._ending:
            if job.name not in self._users.over:
                await self._tried(self._end(job, now))

    @property
    def waiting(self) -> int:
        """Schedules of which something is still wanted, and single backups that are to go, and do not say why not."""
        return sum(not self._is_done(keeper) for keeper in self._keepers) + sum(
            not is_explained(self._body("backupjobs", job.name), _utc()) for job in self._ending
        )

    # -- schedules

    async def _tend(self, keeper: Keeper, now: float) -> None:
        if keeper.name not in self._made:
            if keeper.at <= now and PLURAL not in self._users.unserved:
                await self._make(_place(keeper), keeper.manifest)
                self._made.add(keeper.name)
            return
        if now - self._stopped.get(keeper.name, now) > STOPPED:
            await self._let_cluster(keeper, "RUNNING")
            del self._stopped[keeper.name]
        body = self._body(PLURAL, keeper.name)
        if body is None:
            if keeper.name in self._parting and keeper.name not in self.gone:
                self.gone[keeper.name] = (await self._cloud.state()).now
            return
        status = body.get("status") or {}
        await self._spoil(keeper)
        if self._is_at_work(keeper, body):
            return
        if keeper.parts and self.asked[keeper.name] >= PARTS_AFTER:
            await self._part(keeper)
        elif self.asked[keeper.name] < keeper.runs:
            if self.asked[keeper.name] >= READ_FROM:
                await self._read_oldest(keeper, status, "reads")
            await self._ask(keeper, now)
        if self.asked[keeper.name] > RACED_FROM and len(_available(status)) > KEPT:
            await self._read_oldest(keeper, status, "races")

    def _is_at_work(self, keeper: Keeper, body: Body) -> bool:
        """Whether the run that was asked for last is not over. One that etcd lost is not waited for."""
        if not self.asked[keeper.name]:
            return False
        status, token = body.get("status") or {}, self._token(keeper)
        wanted = (body["metadata"].get("annotations") or {}).get(RUN)
        if wanted != token:
            return not self._users.set_back
        return (status.get("run") or {}).get("token") != token or bool(status.get("active"))

    def _token(self, keeper: Keeper) -> str:
        return f"run-{self.asked[keeper.name]}"

    async def _ask(self, keeper: Keeper, now: float) -> None:
        if self.asked[keeper.name] == keeper.stops and keeper.name not in self._stopped:
            await self._let_cluster(keeper, "STOPPED")
            self._stopped[keeper.name] = now
        token = f"run-{self.asked[keeper.name] + 1}"
        await self._kube.ask("PATCH", _place(keeper, keeper.name), {"metadata": {"annotations": {RUN: token}}}, MERGE)
        self.asked[keeper.name] += 1
        self._users.done["asked for a run"] += 1

    async def _spoil(self, keeper: Keeper) -> None:
        """Let the backup of this run fail, if it is to."""
        run = f"{keeper.name} {self.asked[keeper.name]}"
        if self.asked[keeper.name] - 1 not in keeper.fails or run in self._failed:
            return
        for (plural, _), body in self._users.objects.items():
            status = body.get("status") or {}
            ours = (body["metadata"].get("labels") or {}).get(SCHEDULE_LABEL) == keeper.name
            if plural != "backupjobs" or not ours or not status.get("jobId") or status.get("state") in FINISHED:
                continue
            job = (await self._cloud.state()).jobs.get(status["jobId"])
            if job is not None and job["status"] in ("PENDING", "IN_PROGRESS"):
                await self._cloud.ask(
                    "PATCH", f"/_sim/jobs/{status['jobId']}", {"status": "FAILED", "reason": "full"}
                )
                self._failed.add(run)
                self._users.done["a schedule's backup fails"] += 1

    async def _read_oldest(self, keeper: Keeper, status: Body, why: str) -> None:
        """Somebody exports the backup that is to go next, while it is to go."""
        rows = _available(status)
        name = f"{why}-{keeper.name}"
        if not rows or name in self._read or "exportjobs" in self._users.unserved:
            return
        await self._make(_place(keeper, plural="exportjobs"), keeper.reader(name, rows[0]["backupId"]))
        self._read.add(name)
        self._users.done["reads a backup that is to go"] += 1

    async def _part(self, keeper: Keeper) -> None:
        if keeper.name in self._parting:
            return
        if keeper.parts == "namespace":
            await self._kube.ask("DELETE", f"/api/v1/namespaces/{keeper.namespace}")
        else:
            await self._kube.ask("DELETE", _place(keeper, keeper.name))
        self._parting.add(keeper.name)
        self._users.done[f"{keeper.parts} deleted"] += 1

    async def _let_cluster(self, keeper: Keeper, status: str) -> None:
        await self._cloud.ask("PUT", f"/_sim/clusters/{keeper.cluster}", {"status": status})

    def _is_done(self, keeper: Keeper) -> bool:
        body = self._body(PLURAL, keeper.name)
        if body is None:
            return keeper.name in self._made and (keeper.name in self.gone or self._users.set_back)
        if self._users.set_back and is_held(keeper, self._users.objects):
            return True
        if keeper.parts or self.asked[keeper.name] < keeper.runs or self._is_at_work(keeper, body):
            return False
        return not surplus(body.get("status") or {})

    # -- single backups

    async def _end(self, job: Planned, now: float) -> None:
        body = self._body("backupjobs", job.name)
        status = (body or {}).get("status") or {}
        if status.get("state") != "Successful" or not (status.get("result") or {}).get("backupId"):
            return
        ended = self._ended.setdefault(job.name, now)
        readers = [self._body(one.plural, one.name) for one in self._readers if one.waits_for == job.name]
        states = [(one or {}).get("status") or {} for one in readers]
        if readers and not any(_is_at_work(one) for one in states) and now - ended < PATIENCE:
            return
        path = f"{ROOT}/namespaces/default/backupjobs/{job.name}"
        found = await self._kube.ask("GET", path)
        over = (found.get("status") or {}).get("completionTime")
        if over is None:
            return  # etcd was restored since the watch told of its end
        lines = len((await self._cloud.ask("GET", "/_sim/ledger"))["entries"])
        self.over_since.setdefault(job.name, lines)
        if datetime.fromisoformat(over) > _utc() - timedelta(seconds=HOUR):
            found["status"] = json.loads(TIME.sub(_an_hour_earlier, json.dumps(found["status"])))
            await self._kube.ask("PUT", f"{path}/status", found)
        await self._kube.ask("PATCH", path, {"spec": {"backupTTLSeconds": HOUR}}, MERGE)
        self._users.over.add(job.name)
        self._users.done["the time of a backup is over"] += 1

    # -- parts

    def _body(self, plural: str, name: str) -> Body | None:
        return self._users.objects.get((plural, name))

    async def _make(self, path: str, body: Body) -> None:
        try:
            await self._kube.ask("POST", path, body)
        except KubeProblem as problem:
            if "already exists" not in str(problem):
                raise

    @staticmethod
    async def _tried(what: Awaitable[object]) -> None:
        """What the API server gives no answer to, or has not yet, is tried again."""
        try:
            await what
        except (aiohttp.ClientError, OSError, TimeoutError):
            return
        except KubeProblem as problem:
            if problem.status not in PASSING:
                raise
        except Problem as problem:  # of the cloud
            if not any(f"HTTP {code}" in str(problem) for code in PASSING):
                raise


def _place(keeper: Keeper, name: str = "", *, plural: str = PLURAL) -> str:
    return f"{ROOT}/namespaces/{keeper.namespace}/{plural}{f'/{name}' if name else ''}"


def _available(status: Body) -> list[Body]:
    """The oldest first."""
    rows = [row for row in status.get("backups") or [] if row.get("state") == "Available"]
    return sorted(rows, key=lambda row: str(row.get("completionTime")))


def _is_at_work(status: Body) -> bool:
    return bool((status.get("submission") or {}).get("handle")) and status.get("state") not in FINISHED


def _an_hour_earlier(found: re.Match[str]) -> str:
    return (datetime.fromisoformat(found[0]) - timedelta(seconds=HOUR)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc() -> datetime:
    return datetime.now(UTC)


async def events_of(kube: Kube, keepers: tuple[Keeper, ...]) -> dict[str, list[str]]:
    """What the events of each schedule say."""
    names = {keeper.name for keeper in keepers}
    found: dict[str, list[str]] = {}
    for event in (await kube.ask("GET", "/api/v1/events"))["items"]:
        about = event.get("involvedObject") or {}
        if about.get("kind") == "JobSchedule" and about.get("name") in names:
            found.setdefault(about["name"], []).append(f"{event.get('reason')}: {event.get('message')}")
    return found
