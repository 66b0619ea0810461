"""One kind's verbs against the simulated cloud, as the engine would call them, without the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from zilliz_jobs.api.jobstatus import Attempt, Evidence, JobStatus, State, Submission
from zilliz_jobs.core.observation import Accepted, Blocked, Look, Prepared, Reading, SubmitAnswer
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.kinds.base import Account, AnyKind, BackupSource, SubmitContext, SubmitRequest
from zilliz_local.cloud import MOVIES, CloudSimulator

LONG = 3600  # simulated seconds, after which every job has ended


def parsed(kind: AnyKind, **spec: Any) -> Any:
    return kind.resource.spec.model_validate(spec)


def backed_up(cloud: CloudSimulator, *, ended: bool = True, **body: Any) -> BackupSource:
    """A backup of MOVIES that somebody made, or is making."""
    path = f"/v2/clusters/{MOVIES}/backups/create"
    made: Any = cloud.act_as("rival", "POST", path, {"backupType": "CLUSTER", **body})
    if ended:
        cloud.advance(LONG)
    return BackupSource(MOVIES, made["data"]["backupId"])


@dataclass
class Object:
    """One job object: what it recorded, and which ids others hold."""

    kind: AnyKind
    account: Account
    spec: Any
    token: str = "token-1"
    name: str = "one"
    backup: BackupSource | None = None
    finds_first: bool = False
    earlier: float = 0.0
    """Seconds by which the time that a look-up compares with lies before the read: the engine takes one that has
    passed, and the clock of these tests stands still."""
    held: set[str] = field(default_factory=set)
    submission: Submission = field(default_factory=Submission)
    status: JobStatus = field(default_factory=JobStatus)
    fence: Callable[[], None] = lambda: None
    secrets: dict[str, str] = field(default_factory=dict)

    async def prepare(self, step: str = SUBMIT_STEP) -> Prepared | Blocked:
        context = SubmitContext(step, self.status, self.name, self.token, self.backup, self.finds_first)
        ready = await self.kind.prepare(self.account, self.spec, context, holder="h")
        if isinstance(ready, Prepared):
            then = ready.cloud_time - timedelta(seconds=self.earlier) if ready.cloud_time else None
            self.submission = Submission(
                step=step, token=ready.token, sends=1, baseline=ready.baseline, cloud_time=then
            )
        return ready

    async def submit(self) -> SubmitAnswer:
        answer = await self.kind.submit(
            self.account, self.spec, SubmitRequest(self.submission, self.fence, self.secrets)
        )
        if isinstance(answer, Accepted):
            self.follow(answer.handle)
        return answer

    def follow(self, handle: dict[str, str]) -> None:
        self.submission = self.submission.but(handle=handle)
        self.status = self.status.but(submission=self.submission, job_id=handle.get("jobId"))

    async def send(self, step: str = SUBMIT_STEP) -> SubmitAnswer:
        ready = await self.prepare(step)
        assert isinstance(ready, Prepared), ready
        return await self.submit()

    async def resend(self) -> SubmitAnswer | Blocked:
        """A later send of the same attempt, after looks that found nothing; the record keeps its first facts."""
        first = self.submission
        self.status = self.status.but(submission=first.but(evidence=Evidence.ABSENT))
        ready = await self.prepare(first.step)
        if isinstance(ready, Blocked):
            return ready
        self.submission = first.but(sends=first.sends + 1, evidence=Evidence.SENDING)
        return await self.submit()

    async def look(self) -> Look:
        return await self.kind.look(self.account, self.spec, self.submission, lambda name: name not in self.held)

    async def read(self) -> Reading:
        return await self.kind.read(self.account, self.spec, self.status)

    async def retried(self) -> SubmitAnswer:
        """A retry in place of the job that failed."""
        failed = Attempt(number=1, job_id=self.status.job_id, state=State.FAILED)
        self.status = self.status.but(attempts=[failed, Attempt(number=2)], job_id=None, submission=None)
        self.token = "token-2"
        return await self.send(RETRY_STEP)
