"""The users of a run: they make the jobs, and take each job's course when its time has come.

What they see and do goes straight to the API server and the cloud, past everything that strikes the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import aiohttp
from tools.bench.cloud import Cloud
from tools.bench.kube import BUSY, ROOT, Body, Kube, KubeProblem
from tools.bench.problem import Problem
from tools.chaos.jobs import Course, Origin, Planned
from tools.chaos.keeping import PLURAL, ROW_OF, Keeper, Made, made_in
from tools.chaos.stage import SHOWN
from tools.chaos.steps import Intent, intent_of
from tools.chaos.verdict import (
    CANCEL,
    FINISHED,
    RETRY,
    Asked,
    effects_in,
    is_of_another_time,
    is_over,
    needs_human,
    unanswered,
    waits_in_vain,
    wrong_rows,
)

ROWS = "projectjobs"
MERGE = "application/merge-patch+json"
RESOLVE = "jobs.zilliz.com/resolve-submission"
WHY = "disk full"
EARLY = 60
"""Percent: a job beyond may end in the moment in which the cloud is told how it shall end."""
TRIES = 240  # half a second each: an API server and its etcd may take a minute on a busy machine
LOST = 40
LOOKS_FOR_ROW = 12
LONGEST_RACE = 30.0
"""So much later, in seconds, a job is made that waits in vain for the end of the backup that it reads."""


class Users:
    def __init__(
        self,
        kube: Kube,
        cloud: Cloud,
        jobs: tuple[Planned, ...],
        backups: dict[str, str],
        keepers: tuple[Keeper, ...] = (),
    ) -> None:
        self.intents: dict[str, Intent] = {}
        """As the objects showed them."""
        self.objects: dict[tuple[str, str], Body] = {}
        self.done: Counter[str] = Counter()
        self._kube, self._cloud, self._jobs, self._backups = kube, cloud, jobs, backups
        self._keepers = keepers
        more = {PLURAL, *(plural for plural, _ in ROW_OF)} if keepers else set[str]()
        self._plurals = sorted({job.plural for job in jobs} | {ROWS} | more)
        self.over: set[str] = set()
        """BackupJobs whose backup is to end, since the time for it is over."""
        self.evidence: dict[str, str] = {}
        """What the record of each backup's submission rests on, as its object showed it last."""
        self._made: dict[str, float] = {}
        self._taken: set[str] = set()
        self.asked: dict[str, Asked] = {}
        """Unknown submissions that a person had to decide, by token."""
        self.adopted: dict[str, str] = {}
        """What strangers started for us to adopt: the job's id, by name of the object."""
        self.rows: list[Body] = []
        self.unserved: set[str] = set()
        """Plurals of kinds that the API server does not serve yet."""
        self.set_back = False
        """Whether etcd was set back: objects may be gone, or tell of an earlier time."""
        self._verdicts: dict[str, str] = {}
        self._looks_for_row: Counter[str] = Counter()

    async def turn(self, now: float) -> None:
        """`now`: seconds since the beginning of the run."""
        for job in self._jobs:
            if job.name not in self._made and self._is_time(job, now) and job.plural not in self.unserved:
                await self._insist(self._make, job)
                self._made[job.name] = now
        await self.look()
        for job in self._jobs:
            made = self._made.get(job.name)
            if job.course is Course.LEFT or job.name in self._taken or made is None or now < made + job.then:
                continue
            if await self._insist(self._take_course, job):
                self._taken.add(job.name)

    def _is_time(self, job: Planned, now: float) -> bool:
        if job.races and job.waits_for not in self.over:
            return job.at + LONGEST_RACE <= now
        return job.at <= now

    @property
    def made(self) -> dict[str, Made]:
        """The jobs that are there of schedules, and of their readers."""
        return made_in(self.objects, self._keepers)

    async def decide(self) -> None:
        """A person looks into the console of the cloud, and says what became of each unknown submission: also where
        somebody deletes the object, which else waits for its last step for minutes."""
        for job in (*self._jobs, *self.made.values()):
            body = self.objects.get((job.plural, job.name)) or {"metadata": {}}
            status, is_leaving = body.get("status") or {}, bool(body["metadata"].get("deletionTimestamp"))
            token = (status.get("submission") or {}).get("token") or ""
            if not needs_human(status) or token in self.asked or (job.course is Course.DELETED and not is_leaving):
                continue
            ledger = (await self._cloud.ask("GET", "/_sim/ledger"))["entries"]
            began = [effect.job_id for effect in effects_in(ledger) if effect.token == token]
            self.asked[token] = Asked(job.name, str(status.get("message") or ""))
            self._verdicts[job.name] = f"{token}=adopt:{began[0]}" if began else f"{token}=resubmit"
            await self._insist(self._resolve, job)

    async def look(self) -> None:
        """Read all objects."""
        found: dict[tuple[str, str], Body] = {}
        for plural in self._plurals:
            if plural in self.unserved:
                continue
            try:
                bodies, _ = await self._kube.everything(plural)
            except (KubeProblem, aiohttp.ClientError, OSError):
                return  # the API server is away; it is looked at again
            if plural == ROWS:
                self.rows = [row for row in bodies if not _is_move(row)]
                continue
            for body in bodies:
                found[plural, body["metadata"]["name"]] = body
                for intent in intent_of(body, plural):
                    self.intents[intent.token] = intent
                if plural == "backupjobs" and (record := (body.get("status") or {}).get("submission")):
                    backup_id = (record.get("handle") or {}).get("backupId") or ""
                    self.evidence[backup_id] = str(record.get("evidence"))
        self.objects = found

    @property
    def waiting(self) -> int:
        """Jobs that are not made, or not over, or of which their user still wants something."""
        return sum(not self._is_done(job) for job in self._jobs) + sum(
            not (is_over(job, self.objects.get((job.plural, job.name))) or self._is_set_back(job))
            for job in self.made.values()
        )

    def _is_set_back(self, job: Planned) -> bool:
        return self.set_back and is_of_another_time(job, self.objects)

    def _is_done(self, job: Planned) -> bool:
        if job.name not in self._made or (job.course is Course.RETRIED and job.name not in self._taken):
            return False
        if waits_in_vain(job, self.objects) or self._is_set_back(job):
            return True
        return is_over(job, self.objects.get((job.plural, job.name))) and not unanswered(self._row_of(job))

    async def page_is_right(self) -> bool:
        """Whether the job centre's page shows the cloud's jobs, all of them or as many as are wanted."""
        jobs = {job_id: job["status"] for job_id, job in (await self._cloud.state()).jobs.items()}
        return not wrong_rows(self.rows, jobs, SHOWN, told=not self.set_back)

    # -- what they do

    async def _insist(self, what: Callable[[Planned], Awaitable[bool]], job: Planned) -> bool:
        for tried in range(TRIES):
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                try:
                    return await what(job)
                except KubeProblem as problem:
                    if problem.status == 404 and self.set_back and tried > LOST:
                        return True  # the object went with etcd, and nobody can ask anything of it
                    # a server that has just started answers 404 too, before it knows our kinds
                    if problem.status not in {404, *BUSY}:
                        raise
            await asyncio.sleep(0.5)
        raise Problem("the API server stays away")

    async def _make(self, job: Planned) -> bool:
        if job.origin is Origin.ADOPTED and job.name not in self.adopted:
            path, body = job.stranger
            answer = await self._cloud.ask("POST", "/_sim/rival", {"path": path, "body": body, "client": "console"})
            self.adopted[job.name] = answer["data"]["jobId"]
        try:
            await self._kube.create(job.manifest(self._backups, self.adopted.get(job.name, "")))
        except KubeProblem as problem:
            if "already exists" not in str(problem) and "HTTP 409" not in str(problem):
                raise
        return True

    async def _resolve(self, job: Planned) -> bool:
        meta = self.objects[job.plural, job.name]["metadata"]
        path = f"{ROOT}/namespaces/{meta['namespace']}/{job.plural}/{job.name}"
        asked = {"metadata": {"annotations": {RESOLVE: self._verdicts[job.name]}}}
        try:
            await self._kube.ask("PATCH", path, asked, MERGE)
        except KubeProblem as problem:
            if not (meta.get("deletionTimestamp") and "HTTP 404" in str(problem)):
                raise  # else it is gone by now
        return True

    async def _take_course(self, job: Planned) -> bool:
        """Whether it was done, or cannot be done any more."""
        path = f"{ROOT}/namespaces/default/{job.plural}/{job.name}"
        body = self.objects.get((job.plural, job.name))
        if body is None or (job.patient and not _is_taken(job, body)):
            return False
        status = body.get("status") or {}
        match job.course:
            case Course.DELETED:
                await self._kube.delete(job.plural, job.name)
            case Course.CANCELLED:
                if not await self._ask_for(CANCEL, job, path):
                    return False
            case Course.RETRIED if status.get("state") == "Failed":
                if not await self._ask_for(RETRY, job, path):
                    return False
            case Course.FAILS:
                return await self._let_end(job, status, "FAILED")
            case Course.RETRIED:
                # once it is let fail its user waits for the end; one that ended before needs no retry
                return await self._let_end(job, status, "FAILED") and not await self._failed(status)
            case Course.STOPPED:
                return await self._let_end(job, status, "CANCELED")
            case Course.LEFT:
                pass
        self.done[job.course] += 1
        return True

    async def _ask_for(self, what: str, job: Planned, path: str) -> bool:
        """At the object, or at its row in the job centre: False while there may be one soon. An old job may have
        none, since retention leaves it out."""
        if job.at_row:
            row = self._row_of(job)
            self._looks_for_row[job.name] += 1
            if row is None and self._looks_for_row[job.name] < LOOKS_FOR_ROW:
                return False
            if row is not None:
                path = f"{ROOT}/namespaces/default/{ROWS}/{row['metadata']['name']}"
                self.done["asked at a row"] += 1
        await self._kube.ask("PATCH", path, {"metadata": {"annotations": {what: "stop"}}}, MERGE)
        return True

    def _row_of(self, job: Planned) -> Body | None:
        for row in self.rows:
            owner = (row.get("status") or {}).get("owner") or {}
            if (owner.get("kind"), owner.get("name")) == (job.kind, job.name):
                return row
        return None

    async def _failed(self, status: Body) -> bool:
        now = (await self._cloud.state()).jobs.get(status.get("jobId") or "")
        return now is not None and now["status"] == "FAILED"

    async def _let_end(self, job: Planned, status: Body, word: str) -> bool:
        """Whether nothing is left to be done: the cloud was told, or it is too late."""
        if status.get("state") in FINISHED or needs_human(status):
            return True
        if not (job_id := status.get("jobId")):
            return False
        now = (await self._cloud.state()).jobs.get(job_id)
        if now is None or now["status"] not in ("PENDING", "IN_PROGRESS") or now["progress"] > EARLY:
            return True
        await self._cloud.ask("PATCH", f"/_sim/jobs/{job_id}", {"status": word, "reason": WHY})
        self.done[job.course] += 1
        return True


def _is_move(row: Body) -> bool:
    """Whether the cloud knows nothing of its job: a migration by VTS runs in Kubernetes."""
    owner = (row.get("status") or {}).get("owner") or {}
    return str(owner.get("name") or "").startswith("move-")


def _is_taken(job: Planned, body: Body) -> bool:
    """Whether the object names a job of the cloud; or will not any more."""
    status = body.get("status") or {}
    handle = (status.get("submission") or {}).get("handle")
    return bool(handle or status.get("state") in FINISHED or needs_human(status))
