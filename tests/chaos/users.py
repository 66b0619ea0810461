"""The users of a run: they make the jobs, and take each job's course when its time has come.

What they see and do goes straight to the API server and the cloud, past everything that strikes the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import aiohttp
from tests.bench.cloud import Cloud
from tests.bench.kube import ROOT, Body, Kube, KubeProblem
from tests.bench.problem import Problem
from tests.chaos.jobs import Course, Planned
from tests.chaos.steps import Intent, intent_of
from tests.chaos.verdict import FINISHED, effects_in, is_over, needs_human

MERGE = "application/merge-patch+json"
RESOLVE = "jobs.zilliz.com/resolve-submission"
CANCEL = "jobs.zilliz.com/cancel-requested"
WHY = "disk full"
EARLY = 60
"""Percent: a job beyond may end in the moment in which the cloud is told that it shall fail."""
TRIES = 60


class Users:
    def __init__(self, kube: Kube, cloud: Cloud, jobs: tuple[Planned, ...], backups: dict[str, str]) -> None:
        self.intents: dict[str, Intent] = {}
        """As the objects showed them."""
        self.objects: dict[tuple[str, str], Body] = {}
        self.done: Counter[str] = Counter()
        self._kube, self._cloud, self._jobs, self._backups = kube, cloud, jobs, backups
        self._plurals = sorted({job.plural for job in jobs})
        self._made: dict[str, float] = {}
        self._taken: set[str] = set()
        self.asked: dict[str, str] = {}
        """Unknown submissions that a person had to decide: the object, by token."""
        self._verdicts: dict[str, str] = {}

    async def turn(self, now: float) -> None:
        """`now`: seconds since the beginning of the run."""
        for job in self._jobs:
            if job.name not in self._made and job.at <= now:
                await self._insist(self._make, job)
                self._made[job.name] = now
        await self.look()
        for job in self._jobs:
            made = self._made.get(job.name)
            if job.course is Course.LEFT or job.name in self._taken or made is None or now < made + job.then:
                continue
            if await self._insist(self._take_course, job):
                self._taken.add(job.name)

    async def decide(self) -> None:
        """A person looks into the console of the cloud, and says what became of each unknown submission."""
        for job in self._jobs:
            status = (self.objects.get((job.plural, job.name)) or {}).get("status") or {}
            token = (status.get("submission") or {}).get("token") or ""
            if job.course is Course.DELETED or not needs_human(status) or token in self.asked:
                continue
            ledger = (await self._cloud.ask("GET", "/_sim/ledger"))["entries"]
            began = [effect.job_id for effect in effects_in(ledger) if effect.token == token]
            self.asked[token] = job.name
            self._verdicts[job.name] = f"{token}=adopt:{began[0]}" if began else f"{token}=resubmit"
            await self._insist(self._resolve, job)

    async def look(self) -> None:
        """Read all objects."""
        found: dict[tuple[str, str], Body] = {}
        for plural in self._plurals:
            try:
                bodies, _ = await self._kube.everything(plural)
            except (KubeProblem, aiohttp.ClientError, OSError):
                return  # the API server is away; it is looked at again
            for body in bodies:
                found[plural, body["metadata"]["name"]] = body
                for intent in intent_of(body, plural):
                    self.intents[intent.token] = intent
        self.objects = found

    @property
    def waiting(self) -> int:
        """Jobs that are not made, or not over."""
        return sum(
            job.name not in self._made or not is_over(job, self.objects.get((job.plural, job.name)))
            for job in self._jobs
        )

    # -- what they do

    async def _insist(self, what: Callable[[Planned], Awaitable[bool]], job: Planned) -> bool:
        for _ in range(TRIES):
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                try:
                    return await what(job)
                except KubeProblem as problem:
                    # a server that has just started answers 404 too, before it knows our kinds
                    if not any(f"HTTP {code}" in str(problem) for code in (404, 429, 500, 503, 504)):
                        raise
            await asyncio.sleep(0.5)
        raise Problem("the API server stays away")

    async def _make(self, job: Planned) -> bool:
        try:
            await self._kube.create(job.manifest(self._backups))
        except KubeProblem as problem:
            if "already exists" not in str(problem) and "HTTP 409" not in str(problem):
                raise
        return True

    async def _resolve(self, job: Planned) -> bool:
        path = f"{ROOT}/namespaces/default/{job.plural}/{job.name}"
        await self._kube.ask("PATCH", path, {"metadata": {"annotations": {RESOLVE: self._verdicts[job.name]}}}, MERGE)
        return True

    async def _take_course(self, job: Planned) -> bool:
        """Whether it was done, or cannot be done any more."""
        path = f"{ROOT}/namespaces/default/{job.plural}/{job.name}"
        body = self.objects.get((job.plural, job.name))
        if body is None or (job.patient and not _is_taken(job, body)):
            return False
        match job.course:
            case Course.DELETED:
                await self._kube.delete(job.plural, job.name)
            case Course.CANCELLED:
                await self._kube.ask("PATCH", path, {"metadata": {"annotations": {CANCEL: "stop"}}}, MERGE)
            case Course.FAILS:
                return await self._let_fail(job, body.get("status") or {})
            case Course.LEFT:
                pass
        self.done[job.course] += 1
        return True

    async def _let_fail(self, job: Planned, status: Body) -> bool:
        if status.get("state") in FINISHED or needs_human(status):
            return True
        if not (job_id := status.get("jobId")):
            return False
        now = (await self._cloud.state()).jobs.get(job_id)
        if now is None or now["status"] not in ("PENDING", "IN_PROGRESS") or now["progress"] > EARLY:
            return True
        await self._cloud.ask("PATCH", f"/_sim/jobs/{job_id}", {"status": "FAILED", "reason": WHY})
        self.done[job.course] += 1
        return True


def _is_taken(job: Planned, body: Body) -> bool:
    """Whether the object names a job of the cloud; or will not any more."""
    status = body.get("status") or {}
    handle = (status.get("submission") or {}).get("handle")
    return bool(handle or status.get("state") in FINISHED or needs_human(status))
