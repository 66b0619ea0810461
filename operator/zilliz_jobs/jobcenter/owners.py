"""Which job object a job of the cloud belongs to, if it belongs to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobcenter.ownjob import OwnJob
from zilliz_jobs.jobcenter.ownjobs import OwnJobs


class Synced(Protocol):
    """`jobs.cachesync.CacheSync` is one."""

    async def wait_for_sync(self) -> None:
        """Return once every job object is known. Raises KubeError."""


class Owners:
    """Answers from memory. Call `known` first: before that, the owner of a job may not be known. `own`: the jobs of
    all job objects."""

    def __init__(self, own: OwnJobs, ownership: JobOwnership, sync: Synced) -> None:
        self.own, self._ownership, self._sync = own, ownership, sync

    async def known(self) -> None:
        """Return once every job object is known. Raises KubeError."""
        await self._sync.wait_for_sync()

    def get(self, uid: str | None) -> OwnJob | None:
        """The job of the object with this uid."""
        return self.own.get(uid) if uid else None

    def of_job(self, job_id: str) -> OwnJob | None:
        """The job of the object that this job, backup or cluster of the cloud belongs to."""
        return self.get(self._ownership.holder(job_id))

    def connections(self) -> list[Key]:
        """The connections of all job objects."""
        return self.own.connections()

    def of_connection(self, connection: Key) -> Iterator[OwnJob]:
        """The jobs of one connection that the cloud has or had."""
        return self.own.of(connection)

    def resource(self, own: OwnJob) -> Resource:
        """The resource of the owner's kind."""
        found = self.own.resource(own.kind)
        assert found is not None  # noqa: S101 - only jobs of known kinds are kept
        return found
