"""Job ids for jobs whose submission was answered without one: the console's list of jobs may show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus, Submission
from zilliz_jobs.control.objects import Body, Key, connection_key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.core.snapshot import handle_of, is_finished
from zilliz_jobs.kinds.base import Account, AnyKind


class Naming:
    """Finds and claims such ids."""

    def __init__(self, ownership: JobOwnership, ensure_synced: Callable[[], Awaitable[None]]) -> None:
        """`ensure_synced` returns once the jobs of all objects are known."""
        self._ownership, self._ensure_synced = ownership, ensure_synced

    async def named(
        self,
        kind: AnyKind,
        body: Body,
        spec: JobSpec | None,
        status: JobStatus,
        seen: Seen,
        account: Callable[[Key], Awaitable[Account | None]],
    ) -> Seen:
        """`seen`, with the job's id where the list leaves no doubt about it; the id is claimed. Reads the list only
        when the cloud's word for the job's state has changed. Idempotent."""
        known = status.job_id or seen.job_id or is_finished(status) or not handle_of(status)
        if spec is None or known or seen.cloud_status == status.cloud_status:
            return seen
        of = await account(connection_key(body))
        if of is None:
            return seen
        await self._ensure_synced()
        uid, submission = body["metadata"]["uid"], status.submission or Submission()
        named = await kind.named(of, spec, submission, seen, lambda name: self._ownership.is_unclaimed(uid, name))
        return named if not named.job_id or self._ownership.claim(uid, named.job_id) else seen
