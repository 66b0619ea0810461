"""Makes the parts of the job centre and connects them to the rest of the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.inflight import InFlight
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobcenter.centercontroller import JobCenterController
from zilliz_jobs.jobcenter.centerreconciler import CenterReconciler
from zilliz_jobs.jobcenter.forwarding import Forwarding, JobObjects
from zilliz_jobs.jobcenter.ownjobs import OwnJobs
from zilliz_jobs.jobcenter.pages import Pages
from zilliz_jobs.jobcenter.rowcontroller import ProjectJobController
from zilliz_jobs.jobcenter.rowreconciler import RowReconciler
from zilliz_jobs.jobcenter.rowsync import RowSync
from zilliz_jobs.jobcenter.rowwriter import RowWriter
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.status import StatusWriter
from zilliz_jobs.polling.lists import Lists
from zilliz_jobs.telemetry.metrics import Metrics


class JobCenterParts(JobListener):
    """`own`: the jobs of all job objects; `forwarding`: has the requests of rows for them; `centers`, `rows`: the
    controllers."""

    def __init__(
        self,
        kinds: Mapping[str, AnyKind],
        ownership: JobOwnership,
        connections: Connections,
        lists: Lists,
        objects: Objects,
        writer: StatusWriter,
        crds: CrdCheck,
        events: EventPoster,
        metrics: Metrics,
        queue: WorkQueue[Key],
        jobs: JobObjects,
        in_flight: InFlight,
        *,
        ensure_synced: Callable[[], Awaitable[None]],
        connection_is_known: Callable[[Key], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self.own, self.pages = OwnJobs(kinds), Pages()
        rows = RowWriter(objects, writer, crds, metrics)
        self.forwarding = Forwarding(self.pages, self.own, rows, jobs, now)
        row_sync = RowSync(objects, rows, self.own, {name: kind.resource for name, kind in kinds.items()}, now)
        center = CenterReconciler(
            connections,
            lists,
            self.pages,
            self.own,
            ownership,
            row_sync,
            objects,
            writer,
            events,
            metrics,
            ensure_synced=ensure_synced,
            now=now,
            gate=crds.gate,
        )
        self.centers = JobCenterController(center, self.pages, rows, queue, connection_is_known=connection_is_known)
        row = RowReconciler(
            connections,
            self.own,
            ownership,
            self.forwarding,
            rows,
            objects,
            kinds,
            in_flight,
            ensure_synced=ensure_synced,
            wake_center=self.centers.wake,
            now=now,
        )
        self.rows = ProjectJobController(row, self.pages, self.forwarding, queue, center_of=self.centers.uid)

    # -- what the job objects tell

    def on_seen(self, body: Body) -> None:
        self.own.on_upsert(body)

    async def on_stored(self, body: Body) -> None:
        await self.forwarding.owner_changed(body)

    def on_gone(self, uid: str) -> None:
        self.rows.wake_rows_of(uid)
