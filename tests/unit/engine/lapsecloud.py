"""A cloud with jobs, for one engine in virtual time: it keeps a ledger, it can be slow or out of reach, and it loses
answers. Its jobs end when the test says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.unit.engine.hall import CloudKind, seconds

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed, Transient
from zilliz_jobs.cloud.listing import Page, PagedList
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.reasons import Reason

LIST = ListId(Source.BACKUPS)
LATE_SECONDS = 5.0  # less than the settle time of the connection
ACTIVE = (State.PENDING, State.IN_PROGRESS)
FATES = ["answered", "answer lost", "late", "lost on its way", "not sent"]
DOWN = "the cloud is out of reach"


@dataclass
class Job:
    id: str
    target: str
    token: str
    shows_at: float
    state: State = State.IN_PROGRESS
    progress: int = 0


class LapseCloud(CloudKind):
    """`sends`: looks at every request that starts a job at the moment at which it leaves. `fates`: of the next
    requests; when they are used up, each is answered."""

    budget: ClassVar[str] = "backups"

    def __init__(self, sends: Callable[[str], None]) -> None:
        super().__init__()
        self._sends = sends
        self.ledger: list[Job] = []
        self.fates: list[str] = []
        self.slow, self.down = 0.0, False

    @property
    def effects(self) -> Counter[str]:
        return Counter(job.target for job in self.ledger)

    def shown_now(self) -> list[Job]:
        return [job for job in self.ledger if job.shows_at <= seconds()]

    def heal(self) -> None:
        self.slow, self.down = 0.0, False
        self.fates.clear()

    def take(self, target: str, token: str, late: float = 0.0) -> Job:
        job = Job(f"job-{len(self.ledger)}", target, token, seconds() + late)
        self.ledger.append(job)
        return job

    def end_all(self, state: State) -> None:
        for job in self.ledger:
            job.state = state if job.state in ACTIVE else job.state

    # -- what the engine asks

    async def prepare(self, *args: Any, **named: Any) -> Any:
        await self._answer_time()
        return o.Blocked(Reason.CLOUD_UNREACHABLE, DOWN) if self.down else await super().prepare(*args, **named)

    async def submit(self, _account: Any, spec: Any, request: Any) -> Any:
        try:
            request.fence()
        except FenceClosed as error:
            return o.NotSent(Reason.NOT_SUBMITTED, str(error))
        self._sends(spec.cluster_id)
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "not sent":
            return o.NotSent(Reason.CLOUD_UNREACHABLE, DOWN)
        if fate == "lost on its way":
            await self._answer_time()
            return o.EffectUnknown("no answer")
        job = self.take(spec.cluster_id, request.token, LATE_SECONDS if fate == "late" else 0.0)
        await self._answer_time()
        return o.EffectUnknown("no answer") if fate in ("late", "answer lost") else o.Accepted({"jobId": job.id})

    async def look(self, _account: Any, _spec: Any, submission: Any, _free: Any) -> Any:
        await self._answer_time()
        if self.down:
            return o.Unreadable(Reason.CLOUD_UNREACHABLE, DOWN)
        mine = [job for job in self.shown_now() if job.token == submission.token]
        return o.Found({"jobId": mine[0].id}, Evidence.MARKER) if mine else o.Absent()

    async def read(self, _account: Any, _spec: Any, status: Any) -> Any:
        await self._answer_time()
        if self.down:
            return o.Unreadable(Reason.CLOUD_UNREACHABLE, DOWN)
        job = next((job for job in self.ledger if job.id == status.job_id), None)
        return o.Seen(job.state, job.state.upper(), job.id, job.progress) if job else o.Missing()

    async def cancel(self, _account: Any, job_id: str, _token: str, fence: Callable[[], None]) -> Any:
        try:
            fence()
        except FenceClosed as error:
            return o.CancelUnclear(str(error))
        self._sends(job_id)
        await self._answer_time()
        if self.down:
            return o.CancelUnclear(DOWN)
        for job in self.ledger:
            if job.id == job_id and job.state in ACTIVE:
                job.state = State.CANCELED
        return o.CancelAccepted()

    # -- its list

    def listed(self, _account: Any, _spec: Any, status: Any) -> Any:
        return (LIST, status.job_id) if status.job_id else None

    def shown(self, row: Any, _spec: Any, _status: Any) -> Any:
        return o.Seen(row["state"], row["state"].upper(), row["id"], whole=False)

    def paged(self, **_where: Any) -> PagedList[Any]:
        return PagedList(self._page, lambda row: str(row["id"]), "list", "list backups", "id")

    async def _page(self, number: int, size: int) -> Page[Any]:
        await self._answer_time()
        if self.down:
            raise Transient(f"cannot list backups: {DOWN}")
        rows = [{"id": job.id, "state": job.state} for job in self.shown_now()[(number - 1) * size : number * size]]
        return Page(rows, size)

    async def _answer_time(self) -> None:
        await asyncio.sleep(0.001 + self.slow)
