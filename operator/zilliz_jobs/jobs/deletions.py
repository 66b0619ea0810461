"""Objects that are being deleted: since when, and, once they are gone, one report of what became of their job.

The API server refuses events in a namespace that is being deleted, so the report goes to the log too, and a metric
counts every object.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zilliz_jobs.api.jobstatus import JobStatus, Outcome
from zilliz_jobs.control.clock import Stopwatch
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.core.observation import CancelRefused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, handle_of, is_finished
from zilliz_jobs.core.steps import left_behind
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.telemetry.metrics import Metrics

MAX_TOLD = 10_000

log = logging.getLogger(__name__)


class Leftover(StrEnum):
    """What a deleted object leaves in the cloud, as far as is known."""

    ENDED = "ended"
    UNSENT = "not_submitted"
    CANCELED = "canceled"
    RUNNING = "left_running"
    BEHIND = "left_behind"
    UNKNOWN = "unknown"
    NO_JOB = "no_job"


@dataclass(frozen=True)
class DeletionReport:
    """`text`: for people; empty where there is nothing to report."""

    left: Leftover
    text: str = ""


def report(
    traits: Traits, status: JobStatus | None, refusal: CancelRefused | None = None, why: str = ""
) -> DeletionReport:
    """The report about an object that goes. `status`: None where its record cannot be read; `refusal`: the cloud's
    answer to the cancel that the deletion caused; `why`: what kept the deletion from asking for a cancel. Pure."""
    if status is None:
        return DeletionReport(
            Leftover.UNKNOWN, "the object is gone, and its record unreadable; look for its job in the cloud"
        )
    if is_finished(status):
        swept = all(row.reason != Reason.LEFT_BEHIND for row in status.steps or [])
        return DeletionReport(Leftover.ENDED if swept else Leftover.BEHIND)  # the status has told of it
    submission, behind = status.submission, left_behind(traits, status)
    if submission is None:
        return (
            DeletionReport(Leftover.BEHIND, f"the object is gone half way; {behind}")
            if behind
            else DeletionReport(Leftover.UNSENT)
        )
    job = status.job_id or ", ".join(handle_of(status).values())
    if job and refusal is not None:
        left = Leftover.ENDED if refusal.reason is Reason.ALREADY_FINISHED else Leftover.RUNNING
        told = DeletionReport(left, f"the object is gone; the cloud did not cancel job {job}: {refusal.message}")
    elif submission.cancel_time or (status.cancel and status.cancel.outcome is Outcome.ACCEPTED):
        told = DeletionReport(Leftover.CANCELED, f"the object is gone; the cloud was asked to cancel job {job}")
    elif job and status.cancel and status.cancel.outcome is Outcome.REQUESTED:
        told = DeletionReport(
            Leftover.RUNNING, f"the object is gone; job {job} may still run in the cloud, its cancel was not answered"
        )
    elif job:
        because = f", and was not cancelled: {why}" if why else ""
        told = DeletionReport(Leftover.RUNNING, f"the object is gone; job {job} still runs in the cloud{because}")
    else:
        told = DeletionReport(
            Leftover.UNKNOWN, "the object is gone while its submission was open; look for its job in the cloud"
        )
    return DeletionReport(told.left, f"{told.text}; {behind}") if behind else told


class Deletions:
    """`works`: whether this process leads; a process that stands by leaves log and metric to the leader."""

    def __init__(
        self,
        events: EventPoster,
        metrics: Metrics,
        *,
        stopwatch: Stopwatch,
        works: Callable[[], bool],
    ) -> None:
        self._events, self._metrics, self._works = events, metrics, works
        self._stopwatch = stopwatch
        self._led_from = stopwatch.begin()
        self._told: dict[str, None] = {}

    def since(self, entry: JobEntry, body: Body) -> datetime | None:
        """When this process first knew that the object is being deleted; None where it is not. Idempotent.

        Not deletionTimestamp: an object that was deleted while no operator ran gets the full time for its cancel all
        the same. By the steady clock, so that setting a clock makes that time neither shorter nor endless.
        """
        if not body["metadata"].get("deletionTimestamp"):
            return None
        if entry.deleting_from is None:
            entry.deleting_from = self._stopwatch.begin()
        return self._stopwatch.since(max(entry.deleting_from, self._led_from))

    def renew(self) -> None:
        """This process leads from now on: all deletions are timed from now."""
        self._led_from = self._stopwatch.begin()

    # -- objects in hand

    def hold(self, entry: JobEntry) -> None:
        """A request for the object is about to leave, or its finalizer to be removed. Until `let_go` no report is
        given, since the caller will soon know better what becomes of the job."""
        entry.report_held, entry.report_due = True, False

    def let_go(self, entry: JobEntry) -> bool:
        """End of `hold`; whether the object was deleted meanwhile. Then the caller must report it."""
        due, entry.report_held, entry.report_due = entry.report_due, False, False
        return due

    # -- the report

    def tell(
        self,
        traits: Traits,
        body: Body,
        status: JobStatus | None,
        refusal: CancelRefused | None = None,
        why: str = "",
        *,
        entry: JobEntry | None,
    ) -> None:
        """The object is gone, or its finalizer was just removed: report what is known of its job. Idempotent.
        `entry`: None where nothing was known of the object."""
        if entry is not None and entry.report_held:
            entry.report_due = True
            return
        if self._is_told(body["metadata"]["uid"]):
            return
        said = report(traits, status, refusal, why)
        self._count(body, said.left)
        if not said.text:
            return
        if self._works():
            level = logging.INFO if said.left in (Leftover.CANCELED, Leftover.ENDED) else logging.WARNING
            log.log(level, "%s: %s", key_of(body), said.text)
        reason = str(Reason.DELETED_WHILE_RUNNING)
        # While no process leads, one that stands by may be the only one to see this; `once_per` makes it one event.
        self._events.post(body, "Warning", reason, said.text, once_per=reason, logged=True)

    def note(self, body: Body, left: Leftover) -> None:
        """An object is gone of which nothing is known but `left`: count it. Idempotent."""
        if not self._is_told(body["metadata"]["uid"]):
            self._count(body, left)

    def _is_told(self, uid: str) -> bool:
        if uid in self._told:
            return True
        self._told[uid] = None
        if len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]
        return False

    def _count(self, body: Body, left: Leftover) -> None:
        if self._works():
            self._metrics.deleted.labels(body["kind"], str(left)).inc()
