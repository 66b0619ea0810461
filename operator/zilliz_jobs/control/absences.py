"""Objects that are known but missing from a complete list: they were probably deleted while no watch was open.

Each is read by name before it counts as gone, since a list does not prove that what it lacks does not exist.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Set

from zilliz_jobs.control.dispatcher import Dispatcher
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.kube.errors import KubeError, NotServed

AGAIN_SECONDS = 5.0

log = logging.getLogger(__name__)


class Absences:
    """Collects missing objects by `listed`; the task `run` reads them one by one. Uses one event loop."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._doubted: dict[Key, tuple[str, Body | None]] = {}
        self._more = asyncio.Event()

    def __len__(self) -> int:
        return len(self._doubted)

    def listed(self, kind: str, namespace: str | None, uids: Set[str]) -> None:
        """A complete list of the kind, in this namespace (None: in all), has these uids. May be repeated."""
        known = self._dispatcher.known(kind)
        missing = {k: u for k, u in known.items() if u not in uids and namespace in (None, k.namespace)}
        if missing:
            log.info("%s: %d objects are gone, it seems; each is asked for", kind, len(missing))
            self._doubted |= {k: (u, None) for k, u in missing.items()}
            self._more.set()

    def doubt(self, body: Body) -> None:
        """A watch that shows only objects with certain labels shows this one no more: it was deleted, or has other
        labels. `body`: as last seen. May be repeated."""
        self._doubted[key_of(body)] = body["metadata"]["uid"], body
        self._more.set()

    async def run(self) -> None:
        """Read the collected objects, for ever. What cannot be read is tried again after `AGAIN_SECONDS`."""
        while True:
            while self._doubted:
                key = next(iter(self._doubted))
                uid, last = self._doubted.pop(key)
                try:
                    await self._dispatcher.verify(key, uid, last)
                except NotServed:
                    pass  # it is listed when its kind is served again
                except KubeError:
                    self._doubted.setdefault(key, (uid, last))
                    await asyncio.sleep(AGAIN_SECONDS)
            self._more.clear()
            await self._more.wait()
