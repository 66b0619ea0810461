"""Carries out requests on rows whose job belongs to no object, by the machinery that drives job objects."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import Outcome, RequestStatus
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.control.ownership import JobOwnership, Uid
from zilliz_jobs.core.read_status import NOTHING_KNOWN, Known, RecordError
from zilliz_jobs.jobcenter.rowkind import RowKind
from zilliz_jobs.jobcenter.rowstore import RowStatusWriter, job_object, row_in
from zilliz_jobs.jobcenter.rowwriter import row_status
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.reconciler import JobReconciler


class RowOwnership(JobOwnership):
    """The locks of rows, apart from those of job objects: a row keeps no job from any object. That its status tells
    less than before is no fault: a job is retried in the console, and a retry that is decided leaves no record.
    `objects`: the ownership of job objects."""

    def __init__(self, objects: JobOwnership) -> None:
        super().__init__()
        self._objects = objects
        self._shown: dict[Uid, frozenset[str]] = {}

    def asks(self, job: Body) -> None:
        """The row has a request; `job`: the row as a job object. Idempotent."""
        uid, job_id = job["metadata"]["uid"], row_status(row_in(job)).job_id
        self._shown[uid] = frozenset(name for name in (job_id, row_in(job)["spec"]["jobId"]) if name)
        self.on_upsert(uid, {**job, "status": {}})  # who asks: another row may wait for its lock

    def claim(self, uid: Uid, name: str) -> bool:
        """As `JobOwnership.claim`. A job of another id than the row's was begun by its retry. The row's own may be
        the lost submission of an object all the same, and is left to that."""
        if uid in self._shown and name not in self._shown[uid]:
            self._objects.disown(name)
        return super().claim(uid, name)

    def forget(self, uid: Uid) -> str | None:
        self._shown.pop(uid, None)
        return super().forget(uid)

    def known(self, uid: Uid) -> Known:
        return NOTHING_KNOWN


@dataclass(frozen=True)
class Carried:
    """The result of a pass. `row`: as last stored; `wake`: seconds until the next pass, None: at the next change;
    `learnt`: see `Reconciled`; `asked`: whether the cloud may have done something that the page is to show."""

    row: Body
    wake: float | None
    learnt: bool
    asked: bool


class RowJobs:
    """`ownership`, `status_writer`: those of `reconciler`."""

    def __init__(
        self, reconciler: JobReconciler, ownership: RowOwnership, status_writer: RowStatusWriter, kind: RowKind
    ) -> None:
        self.reconciler, self._ownership, self._status_writer, self._kind = reconciler, ownership, status_writer, kind
        self._entries: dict[Key, JobEntry] = {}
        """Of rows with a request that is not answered."""

    async def carry_out(self, row: Body, connection: Key, tries: int) -> Carried:
        """One pass over a row. `row`: as it is now, not as it was once seen; `tries`: passes before it that achieved
        nothing. May be repeated. Raises KubeError."""
        try:
            self._status_writer.rows.saw(row)
        except RecordError as error:  # whatever is done might be done twice
            self._status_writer.unreadable(row, str(error))
            return Carried(row, None, learnt=True, asked=False)
        job, before = job_object(row, connection.name), row_status(row)
        self._ownership.asks(job)
        result = await self.reconciler.reconcile(self._entry(row), job, tries)
        stored = row_in(result.body) if result.body else row
        after = row_status(stored)
        asked = _is_news(before.cancel, after.cancel) or _is_news(before.retry, after.retry)
        return Carried(stored, result.wake, result.learnt, asked)

    def _entry(self, row: Body) -> JobEntry:
        key, uid = key_of(row), row["metadata"]["uid"]
        entry = self._entries.get(key)
        if entry is None or entry.uid != uid:
            if entry is not None:
                self.forget(key, entry.uid)
            entry = self._entries[key] = JobEntry(key, uid, self._kind)
        return entry

    def settled(self, key: Key) -> None:
        """No request on the row is open. Idempotent."""
        if (entry := self._entries.get(key)) is not None:
            self._ownership.wrote(entry.uid, {})  # whatever was sent is decided, and holds up nobody
            self.forget(key, entry.uid)

    def forget(self, key: Key, uid: str) -> None:
        """The row is gone. If its retry is open, the job stays locked for as long as that may take to show.
        Idempotent."""
        entry = self._entries.get(key)
        if entry is not None and entry.uid == uid:
            del self._entries[key]
            self.reconciler.unstored.forget(entry)
            self.reconciler.actions.forget(entry)
        self._status_writer.rows.forget(uid)

    def rest(self) -> None:
        """This process does not lead any more. Idempotent."""
        self._status_writer.rows.rest()


def _is_news(before: RequestStatus | None, after: RequestStatus | None) -> bool:
    if after is None or after.outcome is Outcome.REQUESTED:
        return False
    return before is None or (before.token, before.outcome) != (after.token, after.outcome)
