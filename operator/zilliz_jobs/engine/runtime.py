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
from zilliz_jobs.engine.connections import Connections
from zilliz_jobs.engine.connectiontick import ConnectionTicker
from zilliz_jobs.engine.crdcheck import CrdCheck
from zilliz_jobs.engine.perform import Performer
from zilliz_jobs.engine.recorder import Recorder
from zilliz_jobs.engine.registry import Registry
from zilliz_jobs.engine.store import ObjectStore
from zilliz_jobs.engine.tick import JobTicker
from zilliz_jobs.engine.workqueue import WorkQueue
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Conflict, KubeError, NotFound, StrictDecoding, Unavailable
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
    """Call `start`, feed it by `learn` and `forget`, end it by `stop`."""

    def __init__(self, settings: Settings, client: KubeClient, metrics: Metrics | None = None) -> None:
        self.settings, self.client = settings, client
        self.metrics = metrics or Metrics()
        self.queue: WorkQueue[Key] = WorkQueue()
        self.registry = Registry()
        self.kinds: dict[str, AnyKind] = {kind.resource.kind: kind for kind in JOB_KINDS}
        self.store = ObjectStore(self.registry, self.kinds)
        self._tries: dict[Key, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._synced = asyncio.Event()
        self._syncing = asyncio.Lock()
        self.objects = Objects(client)
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
        self.performer = Performer(self.registry, secrets, wake=self.queue.add, ensure_synced=self._ensure_synced)
        self.rules = Rules(
            missing_grace=settings.missing_grace,
            poll_min=settings.poll_min,
            poll_max=settings.poll_max,
            backoff_max=settings.retry_cap,
        )
        self.jobs = JobTicker(
            self.connections, self.performer, self.recorder, self.crds, self.metrics, rules=self.rules
        )
        self.checks = ConnectionTicker(
            self.connections,
            writer,
            self.events,
            self.metrics,
            interval=settings.connection_check,
            cap=settings.retry_cap,
        )

    # -- life

    async def start(self) -> None:
        """Compare the CRDs, then start the workers. Raises KubeError when Kubernetes cannot be asked."""
        await self.crds.check()
        crds_changed = asyncio.Event()
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
        await self.events.flush(2.0)
        await self.connections.close()

    @property
    def alive(self) -> bool:
        """Whether every task of the engine still runs."""
        return bool(self._tasks) and all(not task.done() for task in self._tasks)

    # -- what the watches tell

    def learn(self, body: Body) -> None:
        """An object was made, changed, or seen for the first time. Cheap for a finished one."""
        key = key_of(body)
        if key.kind == CONNECTION:
            if self.connections.get(key) is not self.connections.learn(key, body):
                self.queue.add(key)
            return
        replaced = self.store.replaced_uid(body)
        if replaced is not None:
            self.performer.forget(replaced)
            self._tries.pop(key, None)
        news = self.store.is_news(body)
        if self.store.remember(body):
            if news:
                self.queue.add(key)
        else:
            self._let_go(key)

    def forget(self, body: Body) -> None:
        """An object is gone."""
        key = key_of(body)
        if key.kind == CONNECTION:
            self.connections.forget(key)
            self._wake_dependents(key)
        else:
            with contextlib.suppress(ValidationError):
                self.recorder.tell_deleted(body, status_of(body))
            self.performer.forget(body["metadata"]["uid"])
            self.store.forget(key)
            self._let_go(key)
        self.queue.forget(key)
        self._tries.pop(key, None)

    def _let_go(self, key: Key) -> None:
        self.store.drop(key)
        self._tries.pop(key, None)
        self.recorder.forget(key)

    async def _ensure_synced(self) -> None:
        """Know every object before the first submission or look-up, whatever the watches have told so far."""
        if self._synced.is_set():
            return
        async with self._syncing:
            if self._synced.is_set():
                return
            for kind in self.kinds.values():
                for namespace in self._namespaces:
                    async for body in self.objects.list_all(kind.resource, namespace):
                        self.store.note({**body, "kind": kind.resource.kind})
            self._synced.set()

    @property
    def _namespaces(self) -> list[str | None]:
        return [*self.settings.namespaces] or [None]

    # -- work

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self._tick(key)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("%s: this pass failed, which should not happen", key)
                self._again(key)
            finally:
                self.queue.done(key)
                self.metrics.queue_depth.set(len(self.queue))

    async def _tick(self, key: Key) -> None:
        try:
            if key.kind == CONNECTION:
                await self._check(key)
            else:
                await self._job(key)
        except NotFound:
            self._let_go(key)
        except Conflict:
            await self._refetch(key)
        except (StrictDecoding, Unavailable) as error:
            log.warning("%s: %s", key, error)
            self._again(key, getattr(error, "retry_after", None))
        except (KubeError, ValidationError) as error:
            log.warning("%s: %s", key, error)
            self._again(key)

    async def _job(self, key: Key) -> None:
        body = self.store.body(key)
        if body is None:
            return
        kind, tries = self.kinds[key.kind], self._tries.get(key, 0)
        if not await self._connection_is_known(connection_key(body)):
            self.queue.add(key, FIRST_CHECK_SECONDS)  # woken earlier when the check is over
            return
        result = await self.jobs.tick(kind, body, tries)
        self.metrics.ticks.labels(key.kind, "learnt" if result.learnt else "fruitless").inc()
        if result.learnt:
            self._tries.pop(key, None)
        else:
            self._tries[key] = tries + 1
        if result.body is None or not self.store.remember(result.body):
            self._let_go(key)
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
        return connection is None or connection.spec is None or connection.checked or connection.problem is not None

    async def _check(self, key: Key) -> None:
        connection = self.connections.get(key)
        if connection is None:
            return
        tries = self._tries.get(key, 0)
        wake, changed = await self.checks.tick(connection, tries)
        self._tries[key] = tries + 1 if connection.problem else 0
        self.queue.add(key, wake)
        if changed:
            self._wake_dependents(key)

    async def _refetch(self, key: Key) -> None:
        """The object changed under our hands: read it and begin anew, a little later."""
        resource = ZILLIZ_CONNECTION if key.kind == CONNECTION else self.kinds[key.kind].resource
        try:
            body = await self.objects.get(resource, key.namespace, key.name)
        except NotFound:
            self._let_go(key)
            return
        except KubeError:
            self._again(key)
            return
        self.learn({**body, "kind": key.kind})
        self.queue.add(key, REFETCH_SECONDS)

    def _again(self, key: Key, after: float | None = None) -> None:
        tries = self._tries.get(key, 0)
        self._tries[key] = tries + 1
        wait = exponential(tries, base=1.0, cap=self.settings.retry_cap, jitter=0.5)
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
