"""One pass over a ProjectJob: which object its job belongs to, and what people ask of it by annotation."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import Outcome, RequestStatus
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import CANCEL, RETRY, Body, Key, connection_key, key_of
from zilliz_jobs.core.observation import CancelUnclear, NotSent, SubmitAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import again, is_new, mirrored
from zilliz_jobs.jobcenter import unowned_requests
from zilliz_jobs.jobcenter.centerreconciler import Accounts
from zilliz_jobs.jobcenter.forwarding import Forwarding, requests_taken_over
from zilliz_jobs.jobcenter.owners import Owners
from zilliz_jobs.jobcenter.ownjobs import OwnJob
from zilliz_jobs.jobcenter.rowstatus import made_by_hand
from zilliz_jobs.jobcenter.rowwriter import RowWriter, center_uid, is_ours, row_status
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.objects import Objects

FENCE_SECONDS = 10.0
AGAIN_SECONDS = 5.0
RECHECK_SECONDS = 30.0
STORE_TRIES = 60
STORE_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


def is_quiet(body: Body) -> bool:
    """Whether a JobCenter owns the row and all requests on it are answered, which is so for nearly all rows. Pure."""
    if not is_ours(body) or (body["metadata"].get("deletionTimestamp")):
        return False
    annotations, status = body["metadata"].get("annotations") or {}, row_status(body)
    for token, request in ((annotations.get(CANCEL), status.cancel), (annotations.get(RETRY), status.retry)):
        if is_new(token, request) or (request is not None and status.owner is None and _is_waiting(request)):
            return False
    return True


class RowReconciler:
    """`wake_center`: called with a JobCenter whose rows changed in the cloud. `now`: the API server's time."""

    def __init__(
        self,
        connections: Accounts,
        owners: Owners,
        forwarding: Forwarding,
        writer: RowWriter,
        objects: Objects,
        in_flight: RequestsInFlight,
        *,
        wake_center: Callable[[Key], None],
        now: Callable[[], datetime],
    ) -> None:
        self._connections, self._owners, self._forwarding = connections, owners, forwarding
        self._writer, self._objects, self._in_flight = writer, objects, in_flight
        self._wake_center, self._now = wake_center, now

    async def reconcile(self, body: Body) -> float | None:
        """Seconds until the next pass; None: at the next change. May be repeated. Raises KubeError."""
        meta = body["metadata"]
        if meta.get("deletionTimestamp"):
            return None
        if not is_ours(body):
            await self._write(
                body, lambda row, old: made_by_hand(old, row["metadata"].get("generation") or 1, self._now())
            )
            return None
        center = await self._center(body)
        if center is None:
            # The garbage collector of Kubernetes removes rows of a deleted JobCenter; where none runs, this does.
            await self._writer.delete(meta["namespace"], meta["name"], meta["uid"])
            return None
        if is_quiet(body) or center["metadata"].get("deletionTimestamp"):
            return None
        await self._owners.known()
        row_id, status = str(body["spec"]["jobId"]), row_status(body)
        own = self._owners.of_job(status.job_id or row_id) or self._owners.get(row_id)
        if own is None:
            return await self._stranger(body, center)
        if own.namespace != meta["namespace"] or row_id not in (own.row, *own.ids) or own.type != status.type:
            await self._write(body, lambda row, old: _refused(row, old, own, self._now()))
            return None
        return await self._owned(body, own)

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

    async def _stranger(self, body: Body, center: Body) -> float | None:
        """First the cancel; the retry is judged by the row as the cancel left it."""
        wait = await self._cancel(body, center)
        fresh = await self._objects.get(PROJECT_JOB, body["metadata"]["namespace"], body["metadata"]["name"])
        if fresh["metadata"]["uid"] != body["metadata"]["uid"]:
            return None
        later = await self._retry(fresh, center)
        return min((seconds for seconds in (wait, later) if seconds is not None), default=None)

    async def _cancel(self, body: Body, center: Body) -> float | None:
        connection = connection_key(center)
        link = self._connections.link(connection)
        row_id = str(body["spec"]["jobId"])

        def judge(row: Body, old: ProjectJobStatus) -> ProjectJobStatus | None:
            token, now = _annotation(row, CANCEL), self._now()
            new = is_new(token, old.cancel)
            if not new and not (old.cancel and old.cancel.outcome is Outcome.REQUESTED):
                return None
            verdict = unowned_requests.judged_cancel(old, row_id, link, now)
            if not new and old.cancel and old.cancel.outcome is verdict[0]:
                return None
            return old.but(cancel=mirrored(token if new and token else again(old.cancel), verdict, now))

        # Judged by the row as it is now: by the event of an earlier write, the cloud would be asked once more.
        stored = await self._writer.change(body["metadata"]["namespace"], body["metadata"]["name"], judge)
        status = row_status(stored) if stored else ProjectJobStatus()
        if status.cancel is None or status.cancel.outcome is not Outcome.REQUESTED:
            return None
        account = await self._account(connection)
        if account is None or stored is None:
            return RECHECK_SECONDS
        token = f"cancel-{_token(body, status.cancel)}"
        fence = self._in_flight.fence(FENCE_SECONDS)
        answer = await answers.cancel(account.session, status.job_id or "", token, fence)
        log.info("%s: the cancel was asked of the cloud: %s", key_of(body), type(answer).__name__)
        asked = status.cancel
        await self._record(stored, "cancel", asked, unowned_requests.after_cancel(asked, answer, self._now()))
        self._wake_center(key_of(center))
        return max(AGAIN_SECONDS, answer.retry_after or 0.0) if isinstance(answer, CancelUnclear) else None

    async def _retry(self, body: Body, center: Body) -> float | None:
        connection = connection_key(center)
        link = self._connections.link(connection)
        row_id, known = str(body["spec"]["jobId"]), row_status(body).retry
        if known is not None and _is_sent(known):
            return await self._look(body, known, connection)

        def judge(row: Body, old: ProjectJobStatus) -> ProjectJobStatus | None:
            token, now = _annotation(row, RETRY), self._now()
            new = is_new(token, old.retry)
            if not new and not (old.retry and old.retry.outcome is Outcome.REQUESTED):
                return None
            finished = old.state is not None and old.state.finished
            if not finished and old.cancel and old.cancel.outcome in (Outcome.REQUESTED, Outcome.ACCEPTED):
                return None
            outcome, reason, message = unowned_requests.judged_retry(old, row_id, link, now)
            if outcome is Outcome.ACCEPTED:  # written ahead: a retry that may have left is never sent again
                reason, message = Reason.SUBMITTING, "the retry is on its way"
            if not new and old.retry and old.retry.outcome is outcome:
                return None
            asked = token if new and token else again(old.retry)
            return old.but(retry=mirrored(asked, (outcome, reason, message), now))

        fence = self._in_flight.fence(FENCE_SECONDS)
        stored = await self._write(body, judge)
        status = row_status(stored) if stored else ProjectJobStatus()
        if stored is None or status.retry is None:
            return None
        if status.retry.outcome is Outcome.REQUESTED:
            return RECHECK_SECONDS
        if not _is_sent(status.retry):
            return None
        await self._in_flight.shielded(self._send(stored, status, connection, fence))
        self._wake_center(key_of(center))
        return AGAIN_SECONDS  # looks whether there is something left to do

    async def _send(self, body: Body, status: ProjectJobStatus, connection: Key, fence: Fence) -> None:
        request = status.retry
        assert request is not None  # noqa: S101 - it was just stored
        account = await self._account(connection)
        answer: SubmitAnswer
        if account is None or account.session.console is None:
            answer = NotSent(Reason.CONNECTION_NOT_READY, "the connection was withdrawn")
        else:
            reply = await account.session.console.retry(
                status.job_id or "", token=f"retry-{_token(body, request)}", fence=fence
            )
            answer = answers.submitted(reply, ("jobId",))
        log.info("%s: the retry was asked of the cloud: %s", key_of(body), type(answer).__name__)
        await self._record(body, "retry", request, unowned_requests.after_retry(request, answer, self._now()))

    async def _look(self, body: Body, request: RequestStatus, connection: Key) -> float | None:
        """A process ended between the retry and the record of its answer: read the job, which may tell."""
        account, status = await self._account(connection), row_status(body)
        if account is None or account.session.console is None:
            return RECHECK_SECONDS
        try:
            state = state_of((await account.session.console.describe(status.job_id or "")).status)
        except CloudError as error:
            log.info("%s: cannot tell yet what became of the retry: %s", key_of(body), error)
            return AGAIN_SECONDS
        runs = state is not None and not state.finished
        now = self._now()
        done = request.but(
            outcome=Outcome.COMPLETED, reason=str(Reason.RETRY_STARTED), message="the job runs again", time=now
        )
        await self._record(body, "retry", request, done if runs else unowned_requests.unclear(request, now))
        return None

    async def _record(self, body: Body, verb: str, asked: RequestStatus, answer: RequestStatus) -> None:
        """Store the cloud's answer, if the row still has the request. Tries for a while: it stands nowhere else."""

        def change(_row: Body, old: ProjectJobStatus) -> ProjectJobStatus | None:
            now: RequestStatus | None = getattr(old, verb)
            same = now is not None and (now.token, now.outcome) == (asked.token, asked.outcome)
            return old.but(**{verb: answer}) if same else None

        for left in reversed(range(STORE_TRIES)):
            try:
                await self._writer.change(body["metadata"]["namespace"], body["metadata"]["name"], change)
                return
            except KubeError as error:
                log.warning("%s: the answer is not stored yet: %s", key_of(body), error)
                if not left:
                    raise
            await asyncio.sleep(STORE_PAUSE_SECONDS)

    async def _account(self, connection: Key) -> Account | None:
        usable = self._connections.link(connection).problem is None
        return await self._connections.account(connection) if usable else None


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


def _is_sent(request: RequestStatus) -> bool:
    return request.outcome is Outcome.ACCEPTED and request.reason == Reason.SUBMITTING


def _is_waiting(request: RequestStatus) -> bool:
    return request.outcome is Outcome.REQUESTED or _is_sent(request)


def _token(body: Body, request: RequestStatus) -> str:
    """The Idempotency-Key: the same for the same request, so a repetition counts once where the cloud heeds it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{body['metadata']['uid']} {request.token}").hex
