"""What outside an object and its connection may hold back a job's first submission."""

from __future__ import annotations

from typing import Protocol

from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.objects import Body, raw_status
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.snapshot import Withdrawn


class Runs(Protocol):
    """The runs that job objects belong to; `schedules.gating.ScheduledRuns` knows them."""

    async def standing(self, body: Body) -> Blocked | Withdrawn | None:
        """Whether the object's run lets its job begin: not now, not at all, or None where it does. Changes nothing.
        Raises KubeError."""

    async def keeps(self, body: Body) -> bool:
        """Whether the object may not be deleted by its TTL yet. Changes nothing. Raises KubeError."""


class SubmissionGates:
    """`runs`: set where objects may belong to runs."""

    def __init__(self, crds: CrdCheck, runs: Runs | None = None) -> None:
        self._crds, self.runs = crds, runs

    async def of(self, kind: str, body: Body) -> Blocked | Withdrawn | None:
        """Why the job of this object may not be submitted; None where nothing outside it stands in the way. A retry
        of what has begun is none of a run's business. Raises KubeError."""
        if (blocked := self._crds.gate(kind)) is not None:
            return blocked
        return None if self.runs is None or _has_begun(body) else await self.runs.standing(body)

    async def keep(self, body: Body) -> bool:
        """Whether the object may not be deleted by its TTL yet. Raises KubeError."""
        return self.runs is not None and await self.runs.keeps(body)


def _has_begun(body: Body) -> bool:
    status = raw_status(body)
    attempts = status.get("attempts")
    further = isinstance(attempts, list) and len(attempts) > 1
    return bool(further or any(status.get(name) for name in ("submission", "steps", "completionTime")))
