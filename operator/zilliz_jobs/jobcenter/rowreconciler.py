"""One pass over a ProjectJob: which object its job belongs to, and what people ask of it by annotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.control.objects import CANCEL, RETRY, Body, Key, connection_key, key_of
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import is_new, mirrored
from zilliz_jobs.jobcenter.forwarding import Forwarding, requests_taken_over
from zilliz_jobs.jobcenter.owners import Owners
from zilliz_jobs.jobcenter.ownjob import OwnJob
from zilliz_jobs.jobcenter.rowjob import is_at_work, is_sent
from zilliz_jobs.jobcenter.rowjobs import RowJobs
from zilliz_jobs.jobcenter.rowstatus import made_by_hand
from zilliz_jobs.jobcenter.rowwriter import RowWriter, center_uid, is_ours, row_status
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects

AGAIN_SECONDS = 5.0
RECHECK_SECONDS = 30.0


def is_quiet(body: Body) -> bool:
    """Whether a JobCenter owns the row and all requests on it are answered, which is so for nearly all rows. Pure."""
    if not is_ours(body) or (body["metadata"].get("deletionTimestamp")):
        return False
    annotations, status = body["metadata"].get("annotations") or {}, row_status(body)
    if is_new(annotations.get(CANCEL), status.cancel) or is_new(annotations.get(RETRY), status.retry):
        return False
    return not (_is_waiting(status) if status.owner is None else is_sent(status))


@dataclass(frozen=True)
class RowPass:
    """The result of a pass. `wake`: seconds until the next one, None: at the next change; `learnt`: False where it
    achieved nothing, so that the next one waits longer."""

    wake: float | None = None
    learnt: bool = True


class RowReconciler:
    """`jobs`: carries out the requests on rows of nobody's jobs. `wake_center`: called with a JobCenter whose rows
    changed in the cloud. `now`: the API server's time."""

    def __init__(
        self,
        owners: Owners,
        forwarding: Forwarding,
        writer: RowWriter,
        objects: Objects,
        jobs: RowJobs,
        *,
        wake_center: Callable[[Key], None],
        now: Callable[[], datetime],
    ) -> None:
        self._owners, self._forwarding, self._writer, self._objects = owners, forwarding, writer, objects
        self._jobs, self._wake_center, self._now = jobs, wake_center, now

    def forget(self, key: Key, uid: str) -> None:
        """The row is gone. Idempotent."""
        self._jobs.forget(key, uid)

    def rest(self) -> None:
        """This process does not lead any more. Idempotent."""
        self._jobs.rest()

    async def reconcile(self, body: Body, tries: int = 0) -> RowPass:
        """One pass over the row. `tries`: passes before it that achieved nothing. May be repeated. Raises
        KubeError."""
        meta = body["metadata"]
        if meta.get("deletionTimestamp"):
            return RowPass()
        if not is_ours(body):
            await self._write(
                body, lambda row, old: made_by_hand(old, row["metadata"].get("generation") or 1, self._now())
            )
            return RowPass()
        center = await self._center(body)
        if center is None:
            # The garbage collector of Kubernetes removes rows of a deleted JobCenter; where none runs, this does.
            await self._writer.delete(meta["namespace"], meta["name"], meta["uid"])
            return RowPass()
        if is_quiet(body) or center["metadata"].get("deletionTimestamp"):
            return RowPass()
        await self._owners.known()
        row_id, status = str(body["spec"]["jobId"]), row_status(body)
        own = self._owners.of_job(status.job_id or row_id) or self._owners.get(row_id)
        if own is None or is_sent(status):
            return await self._unowned(body, center, tries, owned=own is not None)
        if own.namespace != meta["namespace"] or row_id not in (own.row, *own.ids) or own.type != status.type:
            await self._write(body, lambda row, old: _refused(row, old, own, self._now()))
            return RowPass()
        return RowPass(await self._owned(body, own))

    async def _center(self, body: Body) -> Body | None:
        try:
            found = await self._objects.get(
                JOB_CENTER, body["metadata"]["namespace"], str(body["spec"]["jobCenterRef"]["name"])
            )
        except NotFound:
            return None
        return {**found, "kind": JOB_CENTER.kind} if found["metadata"]["uid"] == center_uid(body) else None

    async def _write(
        self, body: Body, change: Callable[[Body, ProjectJobStatus], ProjectJobStatus | None]
    ) -> Body | None:
        return await self._writer.change(body["metadata"]["namespace"], body["metadata"]["name"], change, body)

    # -- a job that belongs to an object

    async def _owned(self, body: Body, own: OwnJob) -> float | None:
        try:
            theirs = await self._objects.get(self._owners.resource(own), own.namespace, own.name)
        except NotFound:
            return AGAIN_SECONDS  # the event of its deletion will come
        if theirs["metadata"]["uid"] != own.uid:
            return AGAIN_SECONDS
        tokens = self._forwarding.ask(own, body, row_status(body), theirs.get("status") or {})
        await self._write(body, lambda row, old: requests_taken_over(old, theirs, row))
        if any(tokens):
            self._forwarding.wake({**theirs, "kind": own.kind}, tokens)
        return None

    # -- a job that belongs to no object

    async def _unowned(self, body: Body, center: Body, tries: int, *, owned: bool) -> RowPass:
        """By the row as it is now: by the event of an earlier write, the cloud would be asked once more. `owned`: an
        object has adopted the job since a retry of the row was sent, which is still decided here."""
        key, uid = key_of(body), body["metadata"]["uid"]
        fresh = {**await self._objects.get(PROJECT_JOB, key.namespace, key.name), "kind": key.kind}
        if fresh["metadata"]["uid"] != uid:
            return RowPass()
        if is_quiet(fresh):
            self._jobs.settled(key)
            return RowPass()
        if owned and not is_sent(row_status(fresh)):
            return RowPass(AGAIN_SECONDS)  # it was decided meanwhile, and what is asked now is its owner's to decide
        done = await self._jobs.carry_out(fresh, connection_key(center), tries)
        if done.asked:
            self._wake_center(key_of(center))
        if is_quiet(done.row):
            self._jobs.settled(key)
            return RowPass()
        wake = RECHECK_SECONDS if done.wake is None and _is_waiting(row_status(done.row)) else done.wake
        return RowPass(wake, done.learnt)


def _refused(row: Body, old: ProjectJobStatus, own: OwnJob, now: datetime) -> ProjectJobStatus:
    """Refuse requests on a row that is not its owner's present job: an earlier attempt, a step, another namespace."""
    text = f"the job belongs to {own.kind} {own.name} in namespace {own.namespace}; annotate that object"
    verdict = (Outcome.REFUSED, Reason.OWNED_ELSEWHERE, text)
    cancel, retry = _annotation(row, CANCEL), _annotation(row, RETRY)
    return old.but(
        cancel=mirrored(cancel, verdict, now) if cancel and is_new(cancel, old.cancel) else old.cancel,
        retry=mirrored(retry, verdict, now) if retry and is_new(retry, old.retry) else old.retry,
    )


def _annotation(row: Body, name: str) -> str | None:
    value = (row["metadata"].get("annotations") or {}).get(name)
    return None if value is None else str(value)


def _is_waiting(status: ProjectJobStatus) -> bool:
    """Whether a request on the row is not answered yet."""
    return (status.cancel is not None and status.cancel.outcome is Outcome.REQUESTED) or is_at_work(status)
