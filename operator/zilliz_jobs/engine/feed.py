"""What the watches report to the engine: objects, whether kinds are served, and whether the history went back."""

from __future__ import annotations

from collections.abc import Callable, Set

from zilliz_jobs.control.absences import Absences
from zilliz_jobs.control.dispatcher import Dispatcher
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.watchhealth import WatchHealth
from zilliz_jobs.jobs.cachesync import CacheSync


class Feed:
    """The listener of `control.watches.Watches`. `on_upsert`, `on_delete`: the engine's, for single objects."""

    def __init__(
        self,
        on_upsert: Callable[[Body], None],
        on_delete: Callable[[Body], None],
        dispatcher: Dispatcher,
        watch_health: WatchHealth,
        cache_sync: CacheSync,
    ) -> None:
        self.on_upsert, self.on_delete = on_upsert, on_delete
        self._dispatcher, self._watch_health, self._cache_sync = dispatcher, watch_health, cache_sync
        self._absences = Absences(dispatcher)

    async def run(self) -> None:
        """The task that reads objects which are missing from a complete list, for ever."""
        await self._absences.run()

    def listed(self, kind: str, namespace: str | None, uids: Set[str]) -> None:
        """A list was complete: these uids exist, and no others of the kind and namespace (None: all namespaces)."""
        self._absences.listed(kind, namespace, uids)

    def doubt(self, body: Body) -> None:
        """The object was deleted, or has other labels by now: it is read. May be repeated."""
        self._absences.doubt(body)

    def served(self, kind: str, *, served: bool) -> None:
        """Whether the API server serves the kind. When it does again, all objects are listed and reconciled again."""
        unserved = self._dispatcher.unserved
        if served and kind in unserved:
            unserved.discard(kind)
            self._cache_sync.renew()
            self._dispatcher.wake_all()
        elif not served:
            unserved.add(kind)

    def rewound(self) -> None:
        """The history of the cluster went back: no known version counts. The watches will list all objects."""
        self._dispatcher.distrust()
        self._watch_health.renew()
        self._cache_sync.renew()
        self._dispatcher.wake_all()
