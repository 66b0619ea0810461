"""What is seen of one kind: the changes of its objects, from kopf's handlers; the lists, from the answers to kopf's
requests; and from the requests what no handler is told.

The objects of a list are taken out of the answer, and kopf gets it without them: a task, a memory and six wrappers
for each object of a big cluster would be most of what a start takes. kopf gets the version of the list, from which it
watches.

kopf requests a watch after a list only if the list was complete. A watch that lasted as long as the API server serves
one was alive: one that receives nothing, not even a bookmark, is given up before (`inactivity_timeout`).
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator
from typing import Any

from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.signs import Cut, Listed, Mark, Sign, Told

SETTLE_SECONDS = 1.0
"""Handlers run beside the requests. So long after a list, those of the watch before it have run: an object that they
tell, and that the list does not have, is gone."""

NEEDED_BY_KOPF = ("namespaces", "customresourcedefinitions")
"""Kinds without which kopf does not begin."""


class KindStream:
    """For one event loop. `plural`: of the kind; `watch_seconds`: how long a watch that is alive lasts, at least."""

    def __init__(self, plural: str, watch_seconds: float) -> None:
        self._plural, self._watch_seconds = plural, watch_seconds
        self._signs: asyncio.Queue[Sign | Exception] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._lists, self._watches = False, False
        self._uids: set[str] = set()
        self._asked_at = self._loop.time()
        self.askers: weakref.WeakSet[asyncio.Task[object]] = weakref.WeakSet()
        """The tasks that sent requests."""
        self.begun = asyncio.Event()
        """Set when the kind was first requested, or when that is known to be impossible."""

    def told(self, body: Body, *, gone: bool = False) -> None:
        """A handler received the object from the watch. `gone`: it was deleted."""
        self._signs.put_nowait(Told(body, gone))

    def asked(self, path: str, *, watch: bool, goes_on: bool = False) -> None:
        """A request is about to be sent to this path of the API server; `goes_on`: for the next part of a list.
        Requests for other kinds are ignored."""
        if task := asyncio.current_task():
            self.askers.add(task)
        if not self._is_ours(path):
            return
        self.begun.set()
        now = self._loop.time()
        if not watch:
            self._lists = True
            if not goes_on:
                self._uids = set()
        elif self._lists:
            listed = Listed(frozenset(self._uids))
            self._loop.call_later(SETTLE_SECONDS if self._watches else 0.0, self._signs.put_nowait, listed)
            self._lists, self._watches, self._uids = False, True, set()
        elif self._watches:
            self._signs.put_nowait(Mark() if now - self._asked_at >= self._watch_seconds else Cut())
        self._asked_at = now

    def answered(self, path: str, answer: Any) -> Any:
        """What kopf gets in the place of this answer: a list of the kind without its objects, which are told here; of
        the kinds that the API server serves, those that kopf needs, since it keeps them all; all else as it is. An
        object gets the kind and version of its list, as kopf would give them."""
        if not isinstance(answer, dict):
            return answer
        if isinstance(kinds := answer.get("resources"), list):
            needed = (self._plural, *NEEDED_BY_KOPF)
            return answer | {"resources": [one for one in kinds if one.get("name") in needed]}
        items = answer.get("items") if self._is_ours(path) else None
        if not isinstance(items, list):
            return answer
        of_list = {"kind": str(answer.get("kind", "")).removesuffix("List"), "apiVersion": answer.get("apiVersion")}
        for body in items:
            self._uids.add(body["metadata"]["uid"])
            self._signs.put_nowait(Told({**of_list, **body}, listed=True))
        return answer | {"items": []}

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

    def _is_ours(self, path: str) -> bool:
        return path.endswith(f"/{self._plural}")

    def _check_begin(self, seconds: float, before: float) -> None:
        if self._watches:
            return
        if self._asked_at == before:
            self.ends(TimeoutError("it is not asked for"))
        self.must_begin(seconds)
