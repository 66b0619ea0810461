"""The composition root: makes all parts from the settings, starts them, passes events to them, and stops them.

    event -> controller -> queue -> worker -> controller -> the key back into the queue with a time

`main` passes the events of kopf's watches; nothing here imports kopf.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from functools import partial

from zilliz_jobs.accounts.claims import ShardClaims
from zilliz_jobs.accounts.clockwitness import ClockWitness
from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.accounts.controller import ConnectionController
from zilliz_jobs.accounts.memory import SubmissionMemory
from zilliz_jobs.accounts.reconciler import ConnectionReconciler
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cloud.seatunnel import SeaTunnel
from zilliz_jobs.cloud.session import CloudSession, Hearing
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.dispatcher import Dispatcher
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.leaderelection import Alone, Leadership, LeasePort
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.control.redaction import hidden, over_key, text_without_secrets
from zilliz_jobs.control.shardleases import ShardLeases
from zilliz_jobs.control.sweep import Sweep
from zilliz_jobs.control.watches import Watches
from zilliz_jobs.control.watchhealth import WatchHealth
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.engine.feed import Feed
from zilliz_jobs.engine.gauges import GaugeCollector, ScheduleGauges
from zilliz_jobs.engine.strays import Strays
from zilliz_jobs.jobcenter.owners import Owners
from zilliz_jobs.jobcenter.ownjobs import OwnJobs
from zilliz_jobs.jobcenter.rowjobs import RowJobs, RowOwnership
from zilliz_jobs.jobcenter.rowkind import RowKind
from zilliz_jobs.jobcenter.rowstore import RowStatusWriter, RowStore
from zilliz_jobs.jobcenter.wiring import JobCenterParts
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.cache import JobCache
from zilliz_jobs.jobs.cachesync import CacheSync
from zilliz_jobs.jobs.controller import JobController
from zilliz_jobs.jobs.deletions import Deletions, Leftover
from zilliz_jobs.jobs.inventory import Inventory
from zilliz_jobs.jobs.reconciler import JobReconciler
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.jobs.submissiongates import SubmissionGates
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kinds.workeraccess import VtsSettings
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.finalizers import Finalizers
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.kube.status import StatusWriter
from zilliz_jobs.kube.workers import Workers
from zilliz_jobs.schedules.wiring import ScheduleParts
from zilliz_jobs.settings import Settings
from zilliz_jobs.telemetry.metrics import Metrics

DRAIN_SECONDS = 25.0

log = logging.getLogger(__name__)


class Engine:
    """Call `start`, then `on_upsert` and `on_delete` for each event, and `stop` at the end.

    It reconciles objects while it leads; else it only keeps its caches up to date.
    """

    def __init__(
        self,
        settings: Settings,
        client: KubeClient,
        leadership: Leadership | None = None,
        metrics: Metrics | None = None,
        rules: Rules | None = None,
        clock: ServerClock | None = None,
        lease_of: Callable[[str], LeasePort] | None = None,
    ) -> None:
        """`lease_of`: reads a Lease of another shard by its name, where the election has one."""
        self.settings, self.client, self.leadership = settings, client, leadership or Alone()
        self.shard = settings.shard
        self.metrics = metrics or Metrics()
        self.clock = clock or ServerClock()
        client.on_answer = self.clock.hear
        self.watch_health = WatchHealth(settings.watch_limit, settings.namespaces, shard=self.shard)
        self.queue: WorkQueue[Key] = WorkQueue(settings.retry_cap)
        self.ownership = JobOwnership()
        self.kinds: dict[str, AnyKind] = {kind.resource.kind: kind for kind in JOB_KINDS}
        self.inventory = Inventory(self.kinds)
        self.cache = JobCache(self.ownership, self.kinds, inventory=self.inventory)
        self._tasks: list[asyncio.Task[None]] = []
        self._election: list[asyncio.Task[None]] = []
        self.objects = Objects(client)
        instance = f"zilliz-jobs-{uuid.uuid4().hex[:6]}"
        self.events = EventPoster(client, instance=instance, now=self.clock.now, redacted=text_without_secrets)
        self.rules = rules or _rules(settings)
        secrets, writer = Secrets(client), StatusWriter(client, hidden=hidden)
        self.memory = SubmissionMemory(
            self.ownership, self.objects, writer, now=self.clock.now, works=lambda: self.leadership.works
        )
        self.ownership.settle, self.ownership.remember = self._settle, self.memory.departed
        self.backup_use = BackupUse()
        self.in_flight = RequestsInFlight(self.leadership.leads)
        namespaces: list[str | None] = [*settings.namespaces] or [None]
        self.cache_sync = CacheSync(
            self.objects,
            self.cache,
            self.ownership,
            self.kinds,
            namespaces,
            self.memory,
            self.backup_use,
            selector=str(self.shard.selector),
        )
        self.crds = CrdCheck(client, self.metrics)
        self.connections = Connections(
            secrets,
            allow_http=settings.allow_http_endpoints,
            wake=self.queue.add,
            make_session=partial(CloudSession, hearing=Hearing(self.metrics, over_key)),
            workers=Workers(client),
            vts=_vts(settings),
            seatunnel=SeaTunnel(settings.vts_cluster) if settings.vts_cluster else None,
        )
        self.connections.shards = ShardClaims(
            self.shard,
            self.objects,
            writer,
            [kind.resource for kind in JOB_KINDS],
            namespaces,
            ShardLeases(self.leadership.lease, lease_of),
            self.in_flight,
            self.memory.recall,
        )
        self.status_writer = JobStatusWriter(
            writer,
            Finalizers(client),
            self.objects,
            self.events,
            self.crds,
            self.metrics,
            progress_interval=settings.progress_interval,
        )
        self.deletions = Deletions(
            self.events, self.metrics, stopwatch=self.clock.stopwatch(), works=lambda: self.leadership.works
        )
        deletion = BackupDeletion(self.connections, self.backup_use, self.in_flight, self.metrics)
        self.actions = Actions(
            self.ownership,
            secrets,
            self.objects,
            self.in_flight,
            wake=self.queue.add,
            connections_known=self.connections.bodies,
            ensure_synced=self.cache_sync.wait_for_sync,
            deletion=deletion,
        )
        gates = SubmissionGates(self.crds)
        reconciler = JobReconciler(
            self.connections,
            self.actions,
            self.status_writer,
            gates,
            self.metrics,
            self.deletions,
            rules=self.rules,
            clock=self.clock,
        )
        checks = ConnectionReconciler(
            self.connections,
            writer,
            self.events,
            interval=settings.connection_check,
            cap=settings.retry_cap,
            now=self.clock.now,
        )
        self.accounts = ConnectionController(
            self.connections,
            checks,
            self.objects,
            self.queue,
            wake_dependents=self._wake_dependents,
        )
        self.jobs = JobController(
            self.kinds,
            self.cache,
            reconciler,
            self.accounts,
            self.objects,
            self.queue,
            self.metrics,
            progress_interval=settings.progress_interval,
        )
        self.jobs.shard = self.shard
        access = ObjectAccess(self.objects, writer, self.events, self.crds, self.metrics, self.shard)
        self.schedules = ScheduleParts(
            self.kinds,
            self.connections,
            self.jobs,
            access,
            self.queue,
            self.clock,
            self.cache_sync.wait_for_sync,
            deletion,
        )
        gates.runs = self.schedules.runs
        self.jobcenter = JobCenterParts(
            Owners(OwnJobs(self.kinds, self.cache.body), self.ownership, self.cache_sync),
            self.accounts,
            self.jobs.poller,
            self.jobs,
            access,
            self.queue,
            self._row_jobs(secrets, writer, deletion),
            self.clock.now,
        )
        listeners = self.watch_health, self.cache_sync, self.jobcenter, self.memory, ClockWitness(self.connections)
        self.cache.listeners.subscribe(*listeners, self.schedules.children, self.backup_use)
        controllers = (
            self.accounts,
            self.jobs,
            self.jobcenter.centers,
            self.jobcenter.rows,
            self.schedules.controller,
        )
        self.dispatcher = Dispatcher(
            controllers, self.queue, self.objects, self.leadership, self.events, self.metrics, self.shard
        )
        self.feed = Feed(self.on_upsert, self.on_delete, self.dispatcher, self.watch_health, self.cache_sync)
        self.watches: Watches | None = None
        """Set by `main`, which passes the events."""
        self.dispatcher.went_back = self._history_went_back
        self.dispatcher.verified_gone = self._note_gone
        self.sweep = Sweep(controllers, self.queue, self.leadership, self.metrics, interval=settings.sweep_interval)
        watched = [resource.kind for resource in RESOURCES]
        self.metrics.begin(self.kinds, [PROJECT_JOB.kind], watched)
        parts = self.inventory, self.queue, self.watch_health, self.connections, self.leadership, self.clock
        gauges = GaugeCollector(*parts, watched, lambda: self.watches.unwatched if self.watches else watched)
        schedules = ScheduleGauges(self.schedules.controller, self.leadership)
        self.strays = Strays(settings.shards, self.objects, self.events, self.leadership, namespaces)
        self.metrics.read_from(lambda: {**gauges.read(), **schedules.read(), **self.strays.read()})

    def _row_jobs(self, secrets: Secrets, writer: StatusWriter, deletion: BackupDeletion) -> RowJobs:
        """The machinery of job objects once more, for rows whose job belongs to none: what it stores is a row, and
        what it locks is its own."""
        ownership = RowOwnership(self.ownership)
        ownership.settle = self._settle
        status_writer = RowStatusWriter(
            RowStore(self.objects, writer, self.metrics, self.clock.now),
            Finalizers(self.client),
            self.objects,
            self.events,
            self.crds,
            self.metrics,
            progress_interval=0.0,
        )
        reconciler = JobReconciler(
            self.connections,
            Actions(
                ownership,
                secrets,
                self.objects,
                self.in_flight,
                wake=self.queue.add,
                ensure_synced=self.cache_sync.wait_for_sync,
                deletion=deletion,
            ),
            status_writer,
            SubmissionGates(self.crds),
            self.metrics,
            self.deletions,
            rules=self.rules,
            clock=self.clock,
        )
        return RowJobs(reconciler, ownership, status_writer, RowKind())

    # -- life

    async def start(self) -> None:
        """Compare the CRDs, then take part in the election and start all tasks. Call once. Raises KubeError where the
        API server cannot be asked; then nothing was started."""
        await self.crds.check()
        crds_changed = asyncio.Event()
        self._election = [
            asyncio.create_task(self.leadership.run(self._take_over, self.dispatcher.rest), name="election")
        ]
        self._tasks = [
            asyncio.create_task(self.events.run(), name="events"),
            asyncio.create_task(self.feed.run(), name="absences"),
            asyncio.create_task(self.sweep.run(), name="sweep"),
            asyncio.create_task(self.strays.run(), name="objects of no shard"),
            asyncio.create_task(self.crds.run(crds_changed), name="crds"),
            asyncio.create_task(self._wake_all_on(crds_changed), name="crds changed"),
            *(asyncio.create_task(self.dispatcher.work(), name=f"worker {n}") for n in range(self.settings.workers)),
        ]

    async def stop(self) -> None:
        """Begin nothing new, finish the requests in flight and store their answers, give the Lease back, post the
        last events. Takes at most about 30 s."""
        self.queue.close()
        await _end(self._tasks)
        await self.jobs.poller.close()
        await self.in_flight.drain(DRAIN_SECONDS)
        await self.memory.flush(2.0)
        await _end(self._election)  # not before: what is in flight needs the Lease
        await self.leadership.release()
        await self.events.flush(2.0)
        await self.connections.close()

    @property
    def alive(self) -> bool:
        """Whether every task of the engine still runs."""
        tasks = [*self._tasks, *self._election]
        return bool(self._tasks) and all(not task.done() for task in tasks) and self.jobs.poller.alive

    # -- events of the watches

    def on_upsert(self, body: Body) -> None:
        """An object was made, changed, or seen for the first time. Idempotent."""
        self.watch_health.heard(body)
        self.dispatcher.on_upsert(body)

    def on_delete(self, body: Body) -> None:
        """An object is gone, as its watch says. Idempotent."""
        self.watch_health.heard(body)
        if self.shard.filters(body["kind"]):
            self.feed.doubt(body)  # its labels may have changed
            return
        self._note_gone(body)
        self.dispatcher.on_delete(body)

    def _note_gone(self, body: Body) -> None:
        if body["kind"] not in self.kinds:
            self.deletions.note(body, Leftover.NO_JOB)

    def _history_went_back(self, key: Key, before: int, version: int) -> None:
        if self.watches is not None:
            self.watches.went_back(key, before, version)
        else:
            self.feed.rewound()

    def _wake_dependents(self, connection: Key) -> None:
        self.jobs.wake_dependents(connection)
        self.jobcenter.centers.wake_dependents(connection)

    def _settle(self, connection: Key) -> float:
        return float(self.rules.fence_seconds + self.connections.link(connection).settle_seconds)

    async def _wake_all_on(self, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            changed.clear()
            self.dispatcher.wake_all()

    def _take_over(self) -> None:
        """This process leads from now on. Another one may have led before: all objects are listed again."""
        self.dispatcher.rest()
        self.deletions.renew()
        self.cache_sync.renew()
        self.accounts.claim_anew()
        self.dispatcher.wake_all()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _rules(settings: Settings) -> Rules:
    return Rules(
        missing_grace=settings.missing_grace,
        poll_min=settings.poll_min,
        poll_max=settings.poll_max,
        backoff_max=settings.retry_cap,
    )


def _vts(settings: Settings) -> VtsSettings | None:
    """None where the operator was installed without the engine."""
    if not (settings.vts_image or settings.vts_cluster):
        return None
    return VtsSettings(settings.vts_image, settings.vts_pull_policy, settings.vts_cluster)
