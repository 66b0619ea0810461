"""What the watches tell the engine: objects, and what became of the kinds and of the cluster itself."""

from __future__ import annotations

from collections.abc import Callable

from zilliz_jobs.control.absences import Absences
from zilliz_jobs.control.dispatcher import Dispatcher
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.watchhealth import Echoes
from zilliz_jobs.jobs.cache import ObjectStore
from zilliz_jobs.jobs.cachesync import Census


class Feed:
    """The listener of `watching.Watches`. `learn`, `forget`: the engine's, for single objects. `run` is a task."""

    def __init__(
        self,
        learn: Callable[[Body], None],
        forget: Callable[[Body], None],
        dispatcher: Dispatcher,
        store: ObjectStore,
        echoes: Echoes,
        census: Census,
    ) -> None:
        self.learn, self.forget = learn, forget
        self._dispatcher, self._store, self._echoes, self._census = dispatcher, store, echoes, census
        self._absences = Absences(dispatcher)

    async def run(self) -> None:
        await self._absences.run()

    def listed(self, kind: str, namespace: str | None, uids: set[str]) -> None:
        """A list was complete: these objects exist, and no other of the kind and namespace."""
        self._absences.listed(kind, namespace, uids)

    def served(self, kind: str, *, served: bool) -> None:
        """Whether the API server serves the kind."""
        unserved = self._dispatcher.unserved
        if served and kind in unserved:
            unserved.discard(kind)
            self._census.renew()
            self._dispatcher.wake_all()
        elif not served:
            unserved.add(kind)

    def rewound(self) -> None:
        """The history of the cluster went back; all objects are about to be told of anew."""
        self._store.distrust()
        self._echoes.renew()
        self._census.renew()
        self._dispatcher.wake_all()
