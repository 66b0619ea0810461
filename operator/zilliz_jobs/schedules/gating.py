"""Whether the run of a job object lets the job begin, asked of the schedule as it is stored at that moment.

What is kept in memory may be old, so the schedule is read: once before each first submission of a job that a schedule
made. Else a leader that was paused could submit a job of a run that is over.
"""

from __future__ import annotations

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Withdrawn
from zilliz_jobs.kube.errors import NotFound, NotServed
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.schedules.children import Children, owner_of
from zilliz_jobs.schedules.childwriter import RUN_LABEL
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.runs import NotRecorded, Open, PredecessorFailed, RunOver, WaitingFor, run_gate, run_of
from zilliz_jobs.schedules.stored import record_of, stored_status

SOON_SECONDS = 5.0
RECHECK_SECONDS = 60.0  # it is woken earlier when its run changes

_ORPHAN = (
    f"the object has the label {RUN_LABEL} of a schedule's run, and no schedule; remove the label to have the job "
    "submitted"
)


class ScheduledRuns:
    """See `jobs.submissiongates.Runs`."""

    def __init__(self, objects: Objects, children: Children) -> None:
        self._objects, self._children = objects, children

    async def standing(self, body: Body) -> Blocked | Withdrawn | None:
        owner = owner_of(body)
        if owner is None:
            marked = RUN_LABEL in (body["metadata"].get("labels") or {})
            return Blocked(Reason.RUN_OVER, _ORPHAN, RECHECK_SECONDS) if marked else None
        schedule = await self._schedule(body)
        if schedule is None:
            return Withdrawn(Reason.RUN_OVER, f"its JobSchedule {owner[0].name} is gone, so the job is not submitted")
        if schedule["metadata"].get("deletionTimestamp"):
            text = f"its JobSchedule {owner[0].name} is being deleted, so the job is not submitted"
            return Blocked(Reason.RUN_OVER, text, RECHECK_SECONDS)
        return self._gate(schedule, body)

    async def keeps(self, body: Body) -> bool:
        """Whether the object may not go yet: the end of its run is not written, or an unfinished object refers to the
        backup that it made. Raises KubeError."""
        if owner_of(body) is None:
            return False
        if self._children.refers_to(body):
            return True
        schedule = await self._schedule(body)
        if schedule is None:
            return False
        name = run_of(schedule["metadata"]["name"], body["metadata"]["name"])
        run = record_of(stored_status(schedule)).run(name[0]) if name else None
        return run is not None and run.active

    async def _schedule(self, body: Body) -> Body | None:
        """The schedule that owns the object, as it is stored; None where it is gone."""
        owner = owner_of(body)
        if owner is None:
            return None
        key, uid = owner
        try:
            found = await self._objects.get(JOB_SCHEDULE, key.namespace, key.name)
        except NotServed:
            raise  # says nothing of the schedule
        except NotFound:
            return None
        return found if found["metadata"]["uid"] == uid else None

    def _gate(self, schedule: Body, body: Body) -> Blocked | Withdrawn | None:
        meta, name = body["metadata"], schedule["metadata"]["name"]
        known = run_of(name, meta["name"])
        run = known[0] if known else ""
        match run_gate(record_of(stored_status(schedule)), run, meta["name"], meta["uid"]):
            case Open():
                return None
            case NotRecorded():
                return Blocked(Reason.WAITING_FOR, f"run {run} does not hold the object's uid yet", SOON_SECONDS)
            case WaitingFor(entries):
                return Blocked(Reason.WAITING_FOR, f"it waits for {', '.join(entries)} of run {run}", RECHECK_SECONDS)
            case PredecessorFailed(entries):
                text = f"{', '.join(entries)} of run {run} did not end well, so the job was not submitted"
                return Withdrawn(Reason.RUN_FAILED, text)
            case RunOver(ScheduleReason.REPLACED):
                return Withdrawn(Reason.RUN_OVER, f"run {run} was replaced by a newer one; the job was not submitted")
            case RunOver():
                return Withdrawn(
                    Reason.RUN_OVER, f"run {run} of JobSchedule {name} is over; the job was not submitted"
                )
