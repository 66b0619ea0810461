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

DOUBT_SECONDS = 60.0
"""Between two reads of such a job: a list may show an old state for long."""
MAX_DOUBTED = 10_000


class Revivals:
    """Collects such jobs. `holder`: the uid of the object that a job's id belongs to; `wake`: puts the key of the
    object into the queue, whose next pass takes the job by `take`."""

    def __init__(self, cache: JobCache, holder: Callable[[str], str | None], wake: Callable[[Key], object]) -> None:
        self._cache, self._holder, self._wake = cache, holder, wake
        self._to_look: dict[Key, str] = {}
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
        key = self._cache.key_of_uid(uid)
        if key is not None and self._cache.body(key) is None:
            self._to_look[key] = row_id
            self._wake(key)

    def take(self, key: Key) -> str | None:
        """The id of the object's job that must be read; given once, then None."""
        return self._to_look.pop(key, None)
