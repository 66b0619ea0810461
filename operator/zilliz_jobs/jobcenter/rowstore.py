"""Rows as job objects, in the place where the machinery of jobs reads and writes the status of an object.

Above, a status is that of a job; below, it is that of a ProjectJob, of which only the requests and the record of a
retry are written. Between two passes the row is all that is kept; within a pass an object carries the row that it
was made of, and the status as the machinery last wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from zilliz_jobs.api.jobstatus import JobStatus, Outcome
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.read_status import SetBackError
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobcenter.rowjob import ROW_ID, is_at_work, is_sent, job_of, row_after
from zilliz_jobs.jobcenter.rowwriter import row_status
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import Conflict, HandleConflict
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.status import StatusWriter
from zilliz_jobs.telemetry.metrics import Metrics
from zilliz_jobs.telemetry.metrics_delta import count_requests

_ROW = "row"


def job_object(row: Body, connection: str) -> Body:
    """The row as a job object over this connection. Pure."""
    status, meta = row_status(row), row["metadata"]
    row_id = str(row["spec"]["jobId"])
    spec = {"connectionRef": {"name": connection}, "rowType": status.type or "", ROW_ID: row_id}
    told = job_of(status, row_id, meta["uid"]).wire()
    return {**row, "kind": PROJECT_JOB.kind, "spec": spec, "status": told, _ROW: row}


def row_in(job: Body) -> Body:
    """The row of a job object that `job_object` made, as last stored."""
    row: Body = job[_ROW]
    return row


class RowStore:
    """Implements `jobs.statuses.Statuses` for such objects. `now`: the API server's time."""

    def __init__(self, objects: Objects, writer: StatusWriter, metrics: Metrics, now: Callable[[], datetime]) -> None:
        self._objects, self._writer, self._metrics, self._now = objects, writer, metrics, now
        self._open: dict[str, str] = {}

    def saw(self, row: Body) -> None:
        """The row as it is now. Raises SetBackError where it tells nothing of a retry that this process knows to be
        open: somebody removed or edited its status, and the retry would be sent once more."""
        uid, status = row["metadata"]["uid"], row_status(row)
        asked = self._open.get(uid)
        if is_sent(status) or asked is None or (_token(status) == asked and not is_at_work(status)):
            self._note(uid, status)
            return
        raise SetBackError(f"status tells of no retry {asked}, although it was sent and is not decided")

    def forget(self, uid: str) -> None:
        """No retry of the row is open, or the row is gone. Idempotent."""
        self._open.pop(uid, None)

    def rest(self) -> None:
        """Another process may decide what is open from now on. Idempotent."""
        self._open.clear()

    async def read(self, job: Body) -> Body:
        """The object as it is now. Raises KubeError."""
        meta = job["metadata"]
        return _again(job, await self._objects.get(PROJECT_JOB, meta["namespace"], meta["name"]))

    def changes(self, job: Body, status: JobStatus) -> bool:
        """Whether the row would say anything else after this status."""
        row = row_in(job)
        return self._after(row, status).wire() != (row.get("status") or {})

    async def write(self, _resource: Resource, job: Body, new_status: Body, /, *, clean: bool = False) -> Body:
        """As `StatusWriter.write`; a row is searched for secrets by itself. Raises Conflict, too, where the row as
        stored lacks the record of the retry."""
        row = row_in(job)
        new = self._after(row, JobStatus.model_validate(new_status))
        stored = await self._writer.write(PROJECT_JOB, row, new.wire())
        if row_status(stored).submission != ProjectJobStatus.model_validate(new.wire()).submission:
            raise Conflict("cannot retry: the record of the retry is not stored as it was written")
        self._wrote(row, row_status(row), new)
        return _stored(job, stored, new_status)

    async def write_handle(self, resource: Resource, job: Body, new_status: Body, token: str, /) -> Body:
        """As `StatusWriter.write_handle`. Where the retry is recorded as decided already, by this process or by
        another one, that stands; but what nobody could tell gives way to the cloud's answer."""
        row = row_in(job)
        old, new = row_status(row), self._after(row, JobStatus.model_validate(new_status))
        try:
            stored = await self._writer.write_handle(PROJECT_JOB, row, new.wire(), token)
        except HandleConflict as conflict:
            live = _again(job, conflict.body)
            told = row_status(conflict.body)
            same = live["metadata"]["uid"] == job["metadata"]["uid"] and _token(told) == _token(old)
            if not same or is_at_work(told):
                raise HandleConflict(str(conflict), live) from None
            if _is_unclear(told) and not is_at_work(new):
                return await self._instead(job, conflict.body, told, new, new_status)
            return _stored(job, conflict.body, new_status)
        self._wrote(row, old, new)
        return _stored(job, stored, new_status)

    async def _instead(
        self, job: Body, live: Body, told: ProjectJobStatus, new: ProjectJobStatus, new_status: Body
    ) -> Body:
        better = told.but(retry=new.retry)
        stored = await self._writer.write(PROJECT_JOB, live, better.wire())
        self._wrote(live, told, better)
        return _stored(job, stored, new_status)

    def _wrote(self, row: Body, old: ProjectJobStatus, new: ProjectJobStatus) -> None:
        self._note(row["metadata"]["uid"], new)
        count_requests(self._metrics, PROJECT_JOB.kind, old, new)

    def _note(self, uid: str, status: ProjectJobStatus) -> None:
        token = _token(status)
        if is_sent(status) and token is not None:
            self._open[uid] = token
        else:
            self._open.pop(uid, None)

    def _after(self, row: Body, status: JobStatus) -> ProjectJobStatus:
        return row_after(row_status(row), status, self._now())


class RowStatusWriter(JobStatusWriter):
    """Writes a row where it would say anything else. Rows post no events of their requests."""

    def __init__(self, store: RowStore, *parts: Any, **named: Any) -> None:
        super().__init__(store, *parts, **named)
        self.rows = store

    async def write(self, entry: JobEntry, body: Body, status: JobStatus, *, force: bool = False) -> Body:
        """As `JobStatusWriter.write`."""
        changes = self.rows.changes(body, status)
        return await self._store(entry, body, status, "state", status.wire()) if changes else body

    def tell(self, kind: AnyKind, body: Body, old: JobStatus, new: JobStatus) -> None:
        """Nothing: the store counts the requests."""

    async def read(self, kind: AnyKind, body: Body) -> Body:
        """As `JobStatusWriter.read`."""
        return await self.rows.read(body)


def _again(job: Body, row: Body) -> Body:
    return job_object({**row, "kind": PROJECT_JOB.kind}, job["spec"]["connectionRef"]["name"])


def _stored(job: Body, row: Body, status: Body) -> Body:
    """The object after a write: with the status as the machinery knows it, which tells more than the row."""
    row = {**row, "kind": PROJECT_JOB.kind}
    return {**job, "metadata": row["metadata"], "status": status, _ROW: row}


def _token(status: ProjectJobStatus) -> str | None:
    return status.retry.token if status.retry else None


def _is_unclear(status: ProjectJobStatus) -> bool:
    retry = status.retry
    return retry is not None and retry.outcome is Outcome.FAILED and retry.reason == Reason.RETRY_UNCLEAR
