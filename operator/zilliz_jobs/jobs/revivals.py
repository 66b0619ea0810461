"""Jobs that ended by their object's status, and that a list shows as running: they were retried elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.control.objects import Key
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.entry import JobEntry

DOUBT_SECONDS = 60.0
"""Between two reads of such a job: a list may show an old state for long."""
MAX_DOUBTED = 10_000


class Revivals:
    """Notes such jobs in the entries of their objects. `holder`: the uid of the object that a job's id belongs to;
    `wake`: puts the key of the object into the queue, whose next pass takes the job by `take`."""

    def __init__(self, cache: JobCache, holder: Callable[[str], str | None], wake: Callable[[Key], object]) -> None:
        self._cache, self._holder, self._wake = cache, holder, wake
        self._doubted: dict[str, float] = {}

    def stranger(self, row_id: str, row: Any) -> None:
        """A list has a row whose job is not followed: remember it where it runs and belongs to a finished object."""
        uid = self._holder(row_id)
        if uid is None:
            return
        state = state_of(getattr(row, "status", "") or getattr(row, "state", ""))
        now = asyncio.get_running_loop().time()
        if state not in (State.PENDING, State.IN_PROGRESS) or now - self._doubted.get(row_id, -inf) < DOUBT_SECONDS:
            return
        if len(self._doubted) > MAX_DOUBTED:
            self._doubted.clear()
        self._doubted[row_id] = now
        entry = self._cache.by_uid(uid)
        if entry is not None and not entry.is_unfinished:
            entry.running_job = row_id
            self._wake(entry.key)


def take(entry: JobEntry) -> str | None:
    """The id of the finished object's job that must be read; given once, then None."""
    job_id, entry.running_job = entry.running_job, None
    return job_id
