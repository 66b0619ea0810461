"""What is seen of one kind: its objects, from kopf's handlers; and from kopf's requests what no handler is told.

kopf requests a watch after a list only if the list was complete. A watch that lasted as long as the API server serves
one was alive: one that receives nothing, not even a bookmark, is given up before (`inactivity_timeout`).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator

from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.signs import Cut, Listed, Mark, Sign, Told
from zilliz_jobs.control.workqueue import CLOCK_STEP

SETTLE_SECONDS = 1.0
"""Handlers run beside the requests. When a list brought no object for so long, all its handlers have run."""


class KindStream:
    """For one event loop. `plural`: of the kind; `watch_seconds`: how long a watch that is alive lasts, at least."""

    def __init__(self, plural: str, watch_seconds: float) -> None:
        self._plural, self._watch_seconds = plural, watch_seconds
        self._signs: asyncio.Queue[Sign | Exception] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._lists, self._settles, self._watches = False, False, False
        self._listed_at, self._asked_at = 0.0, self._loop.time()
        self.askers: weakref.WeakSet[asyncio.Task[object]] = weakref.WeakSet()
        """The tasks that sent requests."""
        self.begun = asyncio.Event()
        """Set when the kind was first requested, or when that is known to be impossible."""

    def told(self, body: Body, *, gone: bool = False, listed: bool = False) -> None:
        """A handler received the object: from a list (`listed`) or from the watch. `gone`: it was deleted."""
        if listed:
            self._listed_at = self._loop.time()
        self._signs.put_nowait(Told(body, gone, listed))

    def asked(self, path: str, *, watch: bool) -> None:
        """A request is about to be sent to this path of the API server. Requests for other kinds are ignored."""
        if task := asyncio.current_task():
            self.askers.add(task)
        if not path.endswith(f"/{self._plural}"):
            return
        self.begun.set()
        now = self._loop.time()
        if not watch:
            self._lists = True
        elif self._lists:
            self._lists, self._watches, self._listed_at = False, True, now
            if not self._settles:
                self._settles = True
                self._loop.call_later(SETTLE_SECONDS, self._settle)
        elif self._watches:
            self._signs.put_nowait(Mark() if now - self._asked_at >= self._watch_seconds else Cut())
        self._asked_at = now

    def ends(self, why: Exception) -> None:
        """The stream cannot go on; `signs` raises `why` after what was told before."""
        self.begun.set()
        self._signs.put_nowait(why)

    def must_begin(self, seconds: float) -> None:
        """End the stream if, before the first complete list, no request for the kind is sent for so many seconds."""
        self._loop.call_later(seconds, self._check_begin, seconds, self._asked_at)

    async def signs(self) -> AsyncGenerator[Sign, None]:
        """All signs in order. Raises the exception that `ends` was given."""
        while True:
            sign = await self._signs.get()
            if isinstance(sign, Exception):
                raise sign
            yield sign

    def _settle(self) -> None:
        wait = self._listed_at + SETTLE_SECONDS - self._loop.time()
        if wait > CLOCK_STEP:
            self._loop.call_later(wait, self._settle)
        else:
            self._settles = False
            self._signs.put_nowait(Listed())

    def _check_begin(self, seconds: float, before: float) -> None:
        if self._watches:
            return
        if self._asked_at == before:
            self.ends(TimeoutError("it is not asked for"))
        self.must_begin(seconds)
