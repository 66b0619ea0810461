"""Every write to a job object, with the events and counts that the change causes."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.control import obstacles
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.objects import FINALIZER, Body, key_of, raw_status, status_of
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.core.attempts import said
from zilliz_jobs.core.conditions import dated
from zilliz_jobs.core.read_status import RecordError, was_stored
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import handle_of
from zilliz_jobs.jobs.answerwrite import AnswerWrite, Patience, SecondJobWrite
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.events import news
from zilliz_jobs.jobs.snapshots import weigh
from zilliz_jobs.jobs.statuses import Statuses
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import (
    Conflict,
    HandleConflict,
    KubeError,
    NotFound,
    StrictDecoding,
    Unavailable,
)
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.finalizers import Finalizers
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.persist import persist
from zilliz_jobs.telemetry.concealed import CONCEALED
from zilliz_jobs.telemetry.metrics import Metrics
from zilliz_jobs.telemetry.metrics_delta import count_job

TURN_SECONDS = 60.0  # an object that waits for a submission lock for so long says so in its status

log = logging.getLogger(__name__)


class JobStatusWriter:
    """`progress_interval`: least seconds between two writes of mere progress; `clock`: seconds that never go back."""

    def __init__(
        self,
        writer: Statuses,
        finalizers: Finalizers,
        objects: Objects,
        events: EventPoster,
        crds: CrdCheck,
        metrics: Metrics,
        *,
        progress_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer, self._finalizers, self._objects = writer, finalizers, objects
        self._events, self._crds, self._metrics = events, crds, metrics
        self._progress_interval, self._clock = progress_interval, clock
        self.turn_seconds = TURN_SECONDS

    async def write(self, entry: JobEntry, body: Body, status: JobStatus, *, force: bool = False) -> Body:
        """Store the status where a reader would see a difference; mere progress only at intervals, unless `force`.

        Raises Conflict when the object changed since it was read, Unavailable when the write may be lost, KubeError.
        """
        old, version, known = body.get("status") or {}, _version(body), CONCEALED.generation
        is_own = entry.as_written == version
        wire = new = status.wire_after(status_of(body), old) if is_own else status.wire()
        weight, searched = weigh(old, new), entry.searched == (known, version)
        if weight != "none" or not searched:
            clean = hidden(body, new, searched=old if searched else None)
            new, weight = clean, weight if clean is new else weigh(old, clean)
        entry.held_back = False
        if weight != "turn":
            entry.lock_told_from = None
        if weight == "none":
            entry.searched = known, version
            if wire == old:  # as another process wrote it
                entry.as_written = version
            return body
        now = self._clock()
        if weight == "turn":
            entry.lock_told_from = now if entry.lock_told_from is None else entry.lock_told_from
            if now - entry.lock_told_from < self.turn_seconds:
                entry.held_back = True
                return body
        lately = entry.written_at is not None and now - entry.written_at < self._progress_interval
        if weight == "minor" and lately and not force:
            entry.held_back = True
            return body
        stored = await self._store(entry, body, status, weight, wire, clean=new)
        entry.searched = known, _version(stored)
        return stored

    async def write_intent(self, entry: JobEntry, body: Body, status: JobStatus) -> Body:
        """Return the object once it is proven that this intent is stored; else raise KubeError: send nothing."""
        submission = status.submission
        assert submission is not None  # noqa: S101 - a plan to submit holds an intent
        try:
            stored = await self._store(entry, body, status, "major", status.wire())
        except Unavailable:
            # The write may have succeeded: the intent is our own only if the stored record names this process.
            stored = await self.read(entry.kind, body)
        record = (stored.get("status") or {}).get("submission") or {}
        if stored["metadata"]["uid"] != body["metadata"]["uid"]:
            raise Conflict("cannot submit: the object was replaced meanwhile")
        if (record.get("token"), record.get("holder"), record.get("sends")) != (
            submission.token,
            submission.holder,
            submission.sends,
        ):
            raise Conflict("cannot submit: the stored intent is not the one that was written")
        return stored

    async def write_answer(
        self,
        kind: AnyKind,
        body: Body,
        intent: JobStatus,
        status: JobStatus,
        *,
        went: Callable[[], bool] = lambda: False,
        patience: Callable[[], float] = lambda: math.inf,
    ) -> Body:
        """Store what became of the request, whatever the object's version, and try until it is stored.

        Returns the object as stored; with another result, if another process recorded one first. Raises NotFound when
        the object is gone, and the KubeError of the last try when it could not be stored for `patience` seconds: then
        only the caller knows the answer. May be repeated. `went`: whether the object is known to be gone.
        """
        submission = intent.submission
        assert submission is not None  # noqa: S101 - callers sent an intent
        so_long = Patience(patience, self._clock(), self._clock, went)
        stored = await persist(AnswerWrite(self, kind, body, status, submission.token, so_long))
        if isinstance(stored, HandleConflict):
            return await self._another_record(kind, body, stored.body, status, so_long)
        self.tell(kind, stored, intent, status)
        return stored

    async def add_finalizer(self, kind: AnyKind, body: Body) -> Body:
        """Add the finalizer. Raises Conflict when the object changed or is gone, KubeError."""
        stored = await self._finalizers.add(kind.resource, body, FINALIZER)
        if stored is None:
            raise Conflict("cannot add the finalizer: the object is gone")
        return stored

    async def try_finalizer(self, kind: AnyKind, body: Body) -> Body | None:
        """Add the finalizer to an object whose job was submitted without it. None: it was refused, and an event says
        so. Raises Conflict, NotFound."""
        try:
            return await self.add_finalizer(kind, body)
        except (Conflict, NotFound):
            raise
        except KubeError as error:
            log.warning("%s: %s", key_of(body), error)
            obstacles.tell(self._events, body, error)
            return None

    async def remove_finalizer(self, kind: AnyKind, body: Body) -> Body | None:
        """Remove the finalizer; None when the object is gone by that. Idempotent. Raises KubeError."""
        stored = await self._finalizers.remove(kind.resource, body, FINALIZER)
        return stored if stored and stored["metadata"].get("finalizers") else None if _is_deleting(body) else stored

    async def delete(self, kind: AnyKind, body: Body) -> None:
        """Delete the object. Idempotent. Raises KubeError."""
        try:
            await self._objects.delete(kind.resource, body)
            log.info("%s: deleted, its time to live is over", key_of(body))
        except NotFound:
            pass

    def note(self, body: Body, reason: Reason, message: str = "", *, once_per: str = "") -> None:
        """Post a Warning event about something that no status shows; once, however often it is called."""
        self._events.post(body, "Warning", str(reason), message or reason.help, once_per=once_per or str(reason))

    def unreadable(self, body: Body, problem: str) -> None:
        """Post an event and log that nothing is done for the object, and what is wrong with its status."""
        reason = Reason.RECORD_UNREADABLE
        log.error("%s: %s: %s", key_of(body), reason, problem)
        self._events.post(body, "Warning", str(reason), f"{problem}. {reason.help}", once_per=problem, logged=True)

    async def set_back(self, kind: AnyKind, body: Body, problem: str, now: datetime) -> Body:
        """Write into the status that it tells less than it did. All other fields stay, and what is written makes the
        next process refuse the status too. Raises KubeError."""
        try:
            status = JobStatus.model_validate(raw_status(body))
        except ValidationError:
            return body
        reason, message = Reason.RECORD_UNREADABLE, f"{problem}. {Reason.RECORD_UNREADABLE.help}"
        generation, old = body["metadata"].get("generation") or 1, status.conditions or []
        why = (str(reason), message)
        rows = {c.type: (c.status, c.reason, c.message) for c in old if c.type != "Reconciling"}
        rows |= {"Ready": ("False", *why), "Stalled": ("True", *why), "Submitted": ("Unknown", *why)}
        status = status.but(observed_generation=generation, conditions=dated(rows, old, generation, now))
        return await self._writer.write(kind.resource, body, said(status, reason, message).wire())

    def tell(self, kind: AnyKind, body: Body, old: JobStatus, new: JobStatus) -> None:
        """Post the events of the change of the status, log them, and count."""
        for item in news(old, new):
            if item.posted:
                self._events.post(body, item.type, item.reason, item.message, once_per=item.once_per, logged=True)
            log.log(
                logging.WARNING if item.type == "Warning" else logging.INFO,
                "%s: %s: %s",
                key_of(body),
                item.reason,
                item.message,
            )
        created = parse_time(body["metadata"].get("creationTimestamp"))
        count_job(self._metrics, kind.resource.kind, created, old, new)

    # -- parts

    async def store_handle(self, kind: AnyKind, body: Body, status: JobStatus, token: str) -> Body:
        """For `AnswerWrite`; see there."""
        return await self._writer.write_handle(kind.resource, body, status.wire(), token)

    async def store(self, kind: AnyKind, body: Body, status: JobStatus) -> Body:
        """For `SecondJobWrite`; see there."""
        return await self._writer.write(kind.resource, body, status.wire())

    def not_stored(self, kind: AnyKind, body: Body, error: KubeError, tries: int) -> None:
        """Log that the answer is not stored yet, and post an event; once for each answer."""
        if isinstance(error, StrictDecoding):
            self._crds.doubt(kind.resource.kind, str(error))
        if tries == 1:
            log.warning("%s: the answer is not stored yet: %s", key_of(body), error)
            obstacles.tell(self._events, body, error)

    async def read(self, kind: AnyKind, body: Body) -> Body:
        """The object as it is now. Raises KubeError."""
        return await self._objects.get(kind.resource, body["metadata"]["namespace"], body["metadata"]["name"])

    async def _store(
        self, entry: JobEntry, body: Body, status: JobStatus, weight: str, wire: Body, clean: Body | None = None
    ) -> Body:
        """`wire`: the status as JSON; `clean`: the same without secrets, where it was searched for them just now."""
        kind, new = entry.kind, wire if clean is None else clean
        try:
            stored = await self._writer.write(kind.resource, body, new, clean=clean is not None)
        except StrictDecoding as error:
            self._crds.doubt(kind.resource.kind, str(error))
            reason = str(Reason.CRD_OUTDATED)
            self._events.post(body, "Warning", reason, Reason.CRD_OUTDATED.help, once_per=reason)
            raise
        finally:
            self._metrics.status_writes.labels(kind.resource.kind, weight).inc()
        entry.written_at, entry.lock_told_from = self._clock(), None
        entry.as_written = None
        if raw_status(stored) == wire:
            was_stored(raw_status(stored), status)
            entry.as_written = _version(stored)
        self.tell(kind, stored, status_of(body), status)
        return stored

    async def _another_record(
        self, kind: AnyKind, body: Body, live: Body, status: JobStatus, so_long: Patience
    ) -> Body:
        """Another process recorded a result for this submission first. If it names another job, both must be in the
        status. Raises NotFound, and KubeError where that could not be stored for `so_long`."""
        ours = handle_of(status)
        try:
            theirs = handle_of(status_of(live))
        except RecordError as error:
            theirs = {}
            if live["metadata"]["uid"] == body["metadata"]["uid"]:
                names = ", ".join(sorted(ours.values())) or "nothing"
                self.unreadable(live, f"{error}; the cloud named {names} for the submission")
                return live
        if live["metadata"]["uid"] != body["metadata"]["uid"]:
            log.warning("%s: replaced while it was submitted; its job: %s", key_of(body), ours)
            raise NotFound("cannot store the answer: the object was replaced meanwhile")
        if not ours or ours == theirs or set(ours.values()) <= set(theirs.values()):
            return live
        names = ", ".join(sorted(ours.values()))
        message = f"the cloud also named {names} for this submission; look at both"
        log.error("%s: TwoHandles: %s", key_of(live), message)
        self._events.post(live, "Warning", str(Reason.TWO_HANDLES), message)
        return await persist(SecondJobWrite(self, kind, live, frozenset(ours.values()), so_long))


def _version(body: Body) -> str:
    return str(body["metadata"].get("resourceVersion"))


def _is_deleting(body: Body) -> bool:
    return bool(body["metadata"].get("deletionTimestamp"))
