"""The *Job kinds: what is known of their objects, and a pass over one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from zilliz_jobs.engine.bodies import Body, Key, connection_key, status_of
from zilliz_jobs.engine.census import Census
from zilliz_jobs.engine.controllers.base import Controller
from zilliz_jobs.engine.perform import Performer
from zilliz_jobs.engine.recorder import Recorder
from zilliz_jobs.engine.store import ObjectStore, version_of
from zilliz_jobs.engine.tick import JobTicker
from zilliz_jobs.engine.tries import Tries
from zilliz_jobs.engine.workqueue import WorkQueue
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.telemetry.metrics import Metrics

FIRST_CHECK_SECONDS = 2.0


class JobController(Controller):
    def __init__(
        self,
        kinds: dict[str, AnyKind],
        store: ObjectStore,
        ticker: JobTicker,
        performer: Performer,
        recorder: Recorder,
        census: Census,
        queue: WorkQueue[Key],
        tries: Tries,
        metrics: Metrics,
        *,
        connection_is_known: Callable[[Key], Awaitable[bool]],
        wrote: Callable[[Body], None] = lambda _body: None,
    ) -> None:
        """`wrote`: called with an object as a pass left it in the API server."""
        self.resources = {name: kind.resource for name, kind in kinds.items()}
        self._kinds, self._store, self._census = kinds, store, census
        self.ticker = ticker
        self._performer, self._recorder = performer, recorder
        self._queue, self._tries, self._metrics = queue, tries, metrics
        self._connection_is_known, self._wrote = connection_is_known, wrote

    # -- what is known

    def learn(self, key: Key, body: Body, *, certain: bool = False) -> None:
        """Cheap for a finished one."""
        if not certain and self._store.is_stale(body):
            return
        known = self._store.uid(key)
        if known not in (None, body["metadata"]["uid"]):  # another object of the same name; its end went unseen
            self.forget(key, self._store.body(key) or stub(key, known))
        news = self._store.is_news(body)
        if not self._store.remember(body, certain=certain):
            self._let_go(key, body["metadata"]["uid"])
        elif news:
            self._queue.add(key)

    def forget(self, key: Key, body: Body) -> None:
        uid = body["metadata"]["uid"]
        with contextlib.suppress(ValidationError):
            self._recorder.tell_deleted(self._kinds[key.kind], body, status_of(body))
        self._census.forget(uid)
        self._performer.forget(uid, key)
        if self._store.uid(key) in (None, uid):
            self._let_go(key, uid)
            self._store.forget(key)
            self._queue.forget(key)

    def _let_go(self, key: Key, uid: str) -> None:
        """Nothing is left to do for the object; what is known of a successor of the same name stays."""
        self._performer.let_go(uid, key)
        if self._store.uid(key) in (None, uid):
            self._store.drop(key)
            self._tries.forget(key)
            self._recorder.forget(key)

    def uid(self, key: Key) -> str | None:
        return self._store.uid(key)

    def body(self, key: Key) -> Body | None:
        return self._store.body(key)

    def wake_all(self) -> None:
        for key in self._store.unfinished():
            self._queue.add(key)

    def wake_dependents(self, connection: Key) -> None:
        for key in self._store.dependents(connection):
            self._queue.add(key)

    # -- work

    async def reconcile(self, key: Key) -> None:
        body = self._store.body(key)
        if body is None:
            self._tries.forget(key)
            return
        if not await self._connection_is_known(connection_key(body)):
            self._queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        uid = body["metadata"]["uid"]
        result = await self.ticker.tick(self._kinds[key.kind], body, self._tries.of(key))
        if result.body is not None and version_of(result.body) != version_of(body):
            self._wrote({**result.body, "kind": key.kind})
        self._metrics.ticks.labels(key.kind, "learnt" if result.learnt else "fruitless").inc()
        if self._store.uid(key) != uid:
            return  # gone meanwhile; its successor, if there is one, is in the queue
        if result.learnt:
            self._tries.forget(key)
        else:
            self._tries.count(key)
        if result.body is None or not self._store.remember(result.body):
            self._let_go(key, uid)
        elif result.wake is not None:
            self._queue.add(key, result.wake)


def stub(key: Key, uid: str | None) -> Body:
    """What is left to say of an object that was settled."""
    return {"kind": key.kind, "metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}}
