"""Makes the parts of the job centre and connects them to the rest of the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from zilliz_jobs.accounts.controller import ConnectionController
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobcenter.centercontroller import JobCenterController
from zilliz_jobs.jobcenter.centerreconciler import CenterReconciler
from zilliz_jobs.jobcenter.centerwriter import CenterStatusWriter
from zilliz_jobs.jobcenter.details import DetailReader
from zilliz_jobs.jobcenter.forwarding import Forwarding, JobObjects
from zilliz_jobs.jobcenter.owners import Owners
from zilliz_jobs.jobcenter.pages import Pages
from zilliz_jobs.jobcenter.rowcontroller import ProjectJobController
from zilliz_jobs.jobcenter.rowjobs import RowJobs
from zilliz_jobs.jobcenter.rowreconciler import RowReconciler
from zilliz_jobs.jobcenter.rowsync import RowSync
from zilliz_jobs.jobcenter.rowwriter import RowWriter
from zilliz_jobs.polling.lists import Lists


class JobCenterParts(JobListener):
    """`forwarding`: passes the requests of rows to the job objects; `centers`, `rows`: the controllers. `lists`:
    reads the lists of the cloud; `now`: the API server's time."""

    def __init__(
        self,
        owners: Owners,
        accounts: ConnectionController,
        lists: Lists,
        jobs: JobObjects,
        access: ObjectAccess,
        queue: WorkQueue[Key],
        row_jobs: RowJobs,
        now: Callable[[], datetime],
    ) -> None:
        self._own, self.pages = owners.own, Pages()
        connections, objects, rows = accounts.connections, access.objects, RowWriter(access)
        self.forwarding = Forwarding(self.pages, owners.own, rows, jobs, now)
        row_sync = RowSync(objects, rows, owners.own, DetailReader(owners.own.kinds_by_type()), now)
        status_writer = CenterStatusWriter(access, now)
        center = CenterReconciler(connections, lists, self.pages, owners, row_sync, status_writer, access.crds, now)
        self.centers = JobCenterController(center, self.pages, rows, queue, accounts)
        row = RowReconciler(
            owners,
            self.forwarding,
            rows,
            objects,
            row_jobs,
            wake_center=self.centers.wake,
            now=now,
        )
        self.rows = ProjectJobController(row, self.pages, self.forwarding, queue, center_of=self.centers.uid)

    # -- what the job objects tell

    def on_seen(self, body: Body) -> None:
        self._own.on_upsert(body)

    async def on_stored(self, body: Body) -> None:
        await self.forwarding.owner_changed(body)

    def on_gone(self, uid: str) -> None:
        self.rows.wake_rows_of(uid)
