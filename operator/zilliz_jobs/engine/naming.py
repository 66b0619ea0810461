"""The ids of jobs to which the cloud gave none: the console's list may have them, and each is of one object only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.engine.registry import Registry
from zilliz_jobs.kinds.base import Account, AnyKind


class Naming:
    def __init__(self, registry: Registry, ensure_synced: Callable[[], Awaitable[None]]) -> None:
        """`ensure_synced` returns once the jobs of all objects are known."""
        self._registry, self._ensure_synced = registry, ensure_synced

    async def name(
        self, kind: AnyKind, account: Account, uid: str, spec: JobSpec, status: JobStatus, seen: Seen
    ) -> Seen:
        """What was seen of the object's job, with the id where the list leaves no doubt of it. Claims the id."""
        await self._ensure_synced()
        submission = status.submission or Submission()
        named = await kind.named(account, spec, submission, seen, lambda name: self._registry.is_unclaimed(uid, name))
        return named if not named.job_id or self._registry.claim(uid, named.job_id) else seen
