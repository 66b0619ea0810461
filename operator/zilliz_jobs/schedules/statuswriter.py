"""Stores what was decided about a schedule, and tells of it: the record first, then events and figures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE, JobScheduleStatus
from zilliz_jobs.api.jobstatus import MAX_MESSAGE
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.core.conditions import Row, dated
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.kube.errors import StrictDecoding
from zilliz_jobs.schedules.plan import News, Plan
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.stored import status_with, stored_status, with_record

OUTCOMES = {
    ScheduleReason.RUN_STARTED: "started",
    ScheduleReason.RUN_SUCCEEDED: "succeeded",
    ScheduleReason.RUN_FAILED: "failed",
    ScheduleReason.RUN_MISSED: "missed",
}

log = logging.getLogger(__name__)


class ScheduleStatusWriter:
    """Each write has the version that was read as its precondition. `now`: the API server's time."""

    def __init__(self, access: ObjectAccess, now: Callable[[], datetime]) -> None:
        self._access, self._now = access, now

    async def write(self, body: Body, plan: Plan) -> Body:
        """Store the plan's record, then post its news; returns the object as stored. Raises Conflict where somebody
        changed the object since it was read: nothing of the plan may be carried out then. Raises KubeError."""
        ready = plan.conditions.get("Ready")
        old = stored_status(body)
        word, message = (ready[1], ready[2]) if ready else (old.reason or "", old.message or "")
        generation = body["metadata"].get("generation") or 1
        stored = await self._store(
            body, status_with(old, plan, generation, self._now(), reason=word, message=message)
        )
        self._tell(stored, plan.news)
        for news in plan.news:
            if (outcome := OUTCOMES.get(news.reason)) is not None:
                self._access.metrics.schedule_runs.labels(outcome).inc(news.count)
        if ready is not None and ready[0] == "False":
            self._warn(stored, old, word, message)
        return stored

    async def note(self, body: Body, record: Record, news: Iterable[News] = ()) -> Body:
        """Store which objects were made, and which cannot be, and what became of backups; then post the news. Returns
        the object as stored. Raises as `write`."""
        stored = await self._store(body, with_record(stored_status(body), record))
        self._tell(stored, news)
        return stored

    async def refuse(self, body: Body, reason: str, message: str, *, needs_a_person: bool) -> Body:
        """Say why nothing is decided about the schedule at the moment; its record stays. Raises as `write`."""
        old, generation = stored_status(body), body["metadata"].get("generation") or 1
        rows: dict[str, Row] = {
            c.type: (c.status, c.reason, c.message) for c in old.conditions or [] if _lasts(c.type)
        }
        rows["Ready"] = ("False", reason, message)
        rows["Stalled" if needs_a_person else "Reconciling"] = ("True", reason, message)
        new = old.but(
            observed_generation=generation,
            reason=reason,
            message=shortened(message, MAX_MESSAGE),
            conditions=dated(rows, old.conditions, generation, self._now()),
        )
        stored = await self._store(body, new)
        self._warn(stored, old, reason, message)
        return stored

    def _warn(self, stored: Body, old: JobScheduleStatus, reason: str, message: str) -> None:
        """Tell why the schedule is not ready, where that is news."""
        if old.reason != reason:
            self._access.events.post(stored, "Warning", reason, message, logged=True)
            log.warning("%s: %s: %s", key_of(stored), reason, message)

    def _tell(self, stored: Body, news: Iterable[News]) -> None:
        for one in news:
            self._access.events.post(
                stored, "Warning" if one.warning else "Normal", str(one.reason), one.message, logged=True
            )
            log.info("%s: %s: %s", key_of(stored), one.reason, one.message)

    async def _store(self, body: Body, new: JobScheduleStatus) -> Body:
        wire = hidden(body, new.wire())
        if wire == (body.get("status") or {}):
            return body
        try:
            stored = await self._access.statuses.write(JOB_SCHEDULE, body, wire)
        except StrictDecoding as error:
            self._access.crds.doubt(JOB_SCHEDULE.kind, str(error))
            raise
        self._access.metrics.status_writes.labels(JOB_SCHEDULE.kind, "state").inc()
        return {**stored, "kind": JOB_SCHEDULE.kind}


def _lasts(condition: str) -> bool:
    return condition not in ("Ready", "Stalled", "Reconciling")
