"""The composition root: from settings to a running engine that is fed with events and drains on stop.

    event -> store -> queue -> worker -> tick -> store, and the key back into the queue with a time

`main` feeds it from kopf's watches; nothing here knows kopf.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid

from pydantic import ValidationError

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.engine.bodies import Body, Key, connection_key, key_of, status_of
from zilliz_jobs.engine.census import Census
from zilliz_jobs.engine.connections import Connections
from zilliz_jobs.engine.connectiontick import ConnectionTicker
from zilliz_jobs.engine.crdcheck import CrdCheck
from zilliz_jobs.engine.echoes import Echoes
from zilliz_jobs.engine.leadership import Alone, Leadership
from zilliz_jobs.engine.perform import Performer
from zilliz_jobs.engine.recorder import Recorder
from zilliz_jobs.engine.registry import Registry
from zilliz_jobs.engine.store import ObjectStore, version_of
from zilliz_jobs.engine.tick import JobTicker
from zilliz_jobs.engine.workqueue import WorkQueue
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.finalizers import Finalizers
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.kube.status import StatusWriter
from zilliz_jobs.settings import Settings
from zilliz_jobs.telemetry.metrics import Metrics

DRAIN_SECONDS = 25.0
FIRST_CHECK_SECONDS = 2.0
REFETCH_SECONDS = 0.1
CONNECTION = ZILLIZ_CONNECTION.kind

log = logging.getLogger(__name__)


class Engine:
    """Call `start`, feed it by `learn` and `forget`, end it by `stop`. Works while it leads; else it only learns."""

    def __init__(self, settings: Settings, client: KubeClient, leadership: Leadership | None = None) -> None:
        self.settings, self.client, self.leadership = settings, client, leadership or Alone()
        self.metrics = Metrics()
        self.metrics.leader.set_function(lambda: float(self.leadership.works))
        self.echoes = Echoes(settings.watch_limit, settings.namespaces)
        self.queue: WorkQueue[Key] = WorkQueue()
        self.registry = Registry()
        self.kinds: dict[str, AnyKind] = {kind.resource.kind: kind for kind in JOB_KINDS}
        self.store = ObjectStore(self.registry, self.kinds)
        self._tries: dict[Key, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._election: list[asyncio.Task[None]] = []
        self.objects = Objects(client)
        self.census = Census(self.objects, self.store, self.kinds, [*settings.namespaces] or [None])
        self.events = EventPoster(client, instance=f"zilliz-jobs-{uuid.uuid4().hex[:6]}")
        secrets, writer = Secrets(client), StatusWriter(client)
        self.crds = CrdCheck(client, self.metrics)
        self.connections = Connections(secrets, allow_http=settings.allow_http_endpoints, wake=self.queue.add)
        self.recorder = Recorder(
            writer,
            Finalizers(client),
            self.objects,
            self.events,
            self.crds,
            self.metrics,
            progress_interval=settings.progress_interval,
        )
        self.performer = Performer(
            self.registry,
            secrets,
            self.objects,
            wake=self.queue.add,
            ensure_synced=self.census.ensure,
            leads=self.leadership.leads,
        )
        self.rules = Rules(
            missing_grace=settings.missing_grace,
            poll_min=settings.poll_min,
            poll_max=settings.poll_max,
            backoff_max=settings.retry_cap,
        )
        self.jobs = JobTicker(
            self.connections,
            self.performer,
            self.recorder,
            self.crds,
            self.metrics,
            rules=self.rules,
            leads=self.leadership.leads,
        )
        pace = {"interval": settings.connection_check, "cap": settings.retry_cap}
        self.checks = ConnectionTicker(self.connections, writer, self.events, self.metrics, **pace)

    # -- life

    async def start(self) -> None:
        """Compare the CRDs, then start the workers. Raises KubeError when Kubernetes cannot be asked."""
        await self.crds.check()
        crds_changed = asyncio.Event()
        self._election = [asyncio.create_task(self.leadership.run(self._take_over), name="election")]
        self._tasks = [
            asyncio.create_task(self.events.run(), name="events"),
            asyncio.create_task(self.crds.run(crds_changed), name="crds"),
            asyncio.create_task(self._wake_all_on(crds_changed), name="crds changed"),
            *(asyncio.create_task(self._work(), name=f"worker {n}") for n in range(self.settings.workers)),
        ]

    async def stop(self) -> None:
        """Begin nothing new, finish the requests in flight and their records, post the last events."""
        self.queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.performer.drain(DRAIN_SECONDS)
        for task in self._election:  # not before: what is in flight needs the Lease
            task.cancel()
        await asyncio.gather(*self._election, return_exceptions=True)
        await self.leadership.release()
        await self.events.flush(2.0)
        await self.connections.close()

    @property
    def alive(self) -> bool:
        """Whether every task of the engine still runs."""
        return bool(self._tasks) and all(not task.done() for task in [*self._tasks, *self._election])

    def _take_over(self) -> None:
        """This process leads from now on. What another did meanwhile is read anew."""
        self.census.renew()
        for key in self.store.unfinished():
            self.queue.add(key)

    # -- what the watches tell

    def learn(self, body: Body) -> None:
        """An object was made, changed, or seen for the first time. Cheap for a finished one."""
        self.echoes.heard(body)
        key = key_of(body)
        if key.kind == CONNECTION:
            if self.connections.get(key) is not self.connections.learn(key, body):  # else the echo of our own check
                self._tries.pop(key, None)
                self.queue.add(key)
        elif not self.store.is_stale(body):
            self._take_in(key, body)

    def _take_in(self, key: Key, body: Body, *, certain: bool = False) -> None:
        known = self.store.uid(key)
        if known not in (None, body["metadata"]["uid"]):  # another object of the same name; its end went unseen
            self.forget(self.store.body(key) or _stub(key, known))
        news = self.store.is_news(body)
        if not self.store.remember(body, certain=certain):
            self._let_go(key, body["metadata"]["uid"])
        elif news:
            self.queue.add(key)

    def forget(self, body: Body) -> None:
        """An object is gone. Its successor of the same name, if that was told of first, stays."""
        self.echoes.heard(body)
        key, uid = key_of(body), body["metadata"]["uid"]
        if key.kind == CONNECTION:
            if self.connections.forget(key, uid):
                self.metrics.forget_connection(key.namespace, key.name)
                self._wake_dependents(key)
            return
        with contextlib.suppress(ValidationError):
            self.recorder.tell_deleted(self.kinds[key.kind], body, status_of(body))
        self.census.forget(uid)
        self.performer.forget(uid, key)
        if self.store.uid(key) in (None, uid):
            self._let_go(key, uid)
            self.store.forget(key)
            self.queue.forget(key)

    def _let_go(self, key: Key, uid: str) -> None:
        """Nothing is left to do for the object; what is known of a successor of the same name stays."""
        self.performer.let_go(uid, key)
        if self.store.uid(key) in (None, uid):
            self.store.drop(key)
            self._tries.pop(key, None)
            self.recorder.forget(key)

    # -- work

    async def _work(self) -> None:
        while True:
            await self.leadership.until_works()
            key = await self.queue.get()
            try:
                if self.leadership.works:
                    await self._tick(key)
                else:
                    self.queue.add(key)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("%s: this pass failed, which should not happen", key)
                self._again(key)
            finally:
                self.queue.done(key)
                self.metrics.queue_depth.set(len(self.queue))

    async def _tick(self, key: Key) -> None:
        uid = self._uid(key)
        try:
            if key.kind == CONNECTION:
                await self._check(key)
            else:
                await self._job(key)
        except NotFound:
            self._is_gone(key, uid)
        except Conflict:
            await self._refetch(key, uid)
        except (KubeError, ValidationError) as error:
            log.warning("%s: %s", key, error)
            self._again(key, getattr(error, "retry_after", None))

    async def _job(self, key: Key) -> None:
        body = self.store.body(key)
        if body is None:
            self._tries.pop(key, None)
            return
        kind, tries = self.kinds[key.kind], self._tries.get(key, 0)
        if not await self._connection_is_known(connection_key(body)):
            self.queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        uid = body["metadata"]["uid"]
        result = await self.jobs.tick(kind, body, tries)
        if result.body is not None and version_of(result.body) != version_of(body):
            self.echoes.wrote({**result.body, "kind": key.kind})
        self.metrics.ticks.labels(key.kind, "learnt" if result.learnt else "fruitless").inc()
        if self.store.uid(key) != uid:
            return  # gone meanwhile; its successor, if there is one, is in the queue
        if result.learnt:
            self._tries.pop(key, None)
        else:
            self._tries[key] = tries + 1
        if result.body is None or not self.store.remember(result.body):
            self._let_go(key, uid)
        elif result.wake is not None:
            self.queue.add(key, result.wake)

    async def _connection_is_known(self, key: Key) -> bool:
        """False while a connection that exists waits for its first check, which is no news for anybody.

        One that the watch did not tell of is asked for, since the order of first events is by chance.
        """
        connection = self.connections.get(key)
        if connection is None:
            try:
                body = await self.objects.get(ZILLIZ_CONNECTION, key.namespace, key.name)
            except NotFound:
                return True
            self.learn({**body, "kind": CONNECTION})
            connection = self.connections.get(key)
        return connection is None or connection.is_known

    async def _check(self, key: Key) -> None:
        connection, tries = self.connections.get(key), self._tries.get(key, 0)
        if connection is None:
            self._tries.pop(key, None)
            return
        wake, changed = await self.checks.tick(connection, tries)
        if self.connections.get(key) is not connection:
            return  # gone or changed meanwhile, and then it is in the queue
        self._tries[key] = tries + 1 if connection.problem else 0
        self.queue.add(key, wake)
        if changed:
            self._wake_dependents(key)

    async def _refetch(self, key: Key, uid: str | None) -> None:
        """The object changed under our hands: read it and begin anew, a little later."""
        resource = ZILLIZ_CONNECTION if key.kind == CONNECTION else self.kinds[key.kind].resource
        try:
            body = await self.objects.get(resource, key.namespace, key.name)
        except NotFound:
            self._is_gone(key, uid)
            return
        except KubeError:
            self._again(key)
            return
        if key.kind == CONNECTION:
            self.connections.learn(key, body)
        else:
            self._take_in(key, {**body, "kind": key.kind}, certain=True)
        self._again(key, base=REFETCH_SECONDS)

    def _uid(self, key: Key) -> str | None:
        connection = self.connections.get(key)
        return connection.uid if connection else self.store.uid(key)

    def _is_gone(self, key: Key, uid: str | None) -> None:
        """The API server does not know it; a watch that was cut off never tells of that."""
        if uid is not None and self._uid(key) == uid:
            self.forget(self.store.body(key) or _stub(key, uid))

    def _again(self, key: Key, after: float | None = None, *, base: float = 1.0) -> None:
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1
        wait = exponential(tries, base=base, cap=self.settings.retry_cap, jitter=0.5)
        self.queue.add(key, max(wait, after or 0.0))

    def _wake_dependents(self, connection: Key) -> None:
        for key in self.store.dependents(connection):
            self.queue.add(key)

    async def _wake_all_on(self, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            changed.clear()
            for key in self.store.unfinished():
                self.queue.add(key)


def _stub(key: Key, uid: str | None) -> Body:
    """What is left to say of an object that was settled."""
    return {"kind": key.kind, "metadata": {"namespace": key.namespace, "name": key.name, "uid": uid}}
