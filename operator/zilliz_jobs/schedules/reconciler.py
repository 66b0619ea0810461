"""One pass over a JobSchedule: decide, store the record, then make, cancel and remove objects; until nothing is left
to do right now.

A crash between the record and the objects is made up for by the next pass, which finds the run without them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.parse import SpecError
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.schedules.backups import BackupsSeen, look_at, with_backup_answer
from zilliz_jobs.schedules.backupwriter import BackupWriter
from zilliz_jobs.schedules.children import Children
from zilliz_jobs.schedules.childwriter import ChildWriter
from zilliz_jobs.schedules.decide import decide, with_answers
from zilliz_jobs.schedules.manifest import schedule_of
from zilliz_jobs.schedules.plan import (
    BackupAnswer,
    CancelChild,
    ChildAnswer,
    CreateChild,
    Created,
    DeleteChild,
    EndBackup,
    LookAtBackups,
    LookUpChild,
    News,
    Plan,
)
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.runs import run_of
from zilliz_jobs.schedules.schedule import Schedule
from zilliz_jobs.schedules.statuswriter import ScheduleStatusWriter
from zilliz_jobs.schedules.stored import record_of, stored_status

MAX_ROUNDS = 8
RECHECK_SECONDS = 60.0


@dataclass(frozen=True)
class Passed:
    """The result of a pass. `body`: the object as last stored; `wake`: seconds until the next pass, None: at the next
    change; `waiting`: jobs that may go on by what was stored."""

    body: Body
    wake: float | None
    waiting: tuple[Key, ...] = ()


@dataclass
class _Round:
    """What came of the actions of one plan."""

    answers: list[ChildAnswer]
    gone: set[str]
    ended: list[BackupAnswer] = field(default_factory=list)
    backups: BackupsSeen | None = None
    looked: bool = False
    problem: KubeError | None = None


class ScheduleReconciler:
    """`synced`: returns when every job object was listed once."""

    def __init__(
        self,
        children: Children,
        writer: ChildWriter,
        status_writer: ScheduleStatusWriter,
        crds: CrdCheck,
        clock: ServerClock,
        synced: Callable[[], Awaitable[None]],
        backups: BackupWriter,
    ) -> None:
        self._children, self._writer, self._status_writer = children, writer, status_writer
        self._crds, self._clock, self._synced, self.backups = crds, clock, synced, backups

    async def reconcile(self, body: Body) -> Passed:
        """May be repeated. Raises Conflict where the object was changed meanwhile, KubeError."""
        if body["metadata"].get("deletionTimestamp"):
            return Passed(body, None)
        if gate := self._crds.gate(JOB_SCHEDULE.kind):
            body = await self._status_writer.refuse(body, str(gate.reason), gate.message, needs_a_person=False)
            return Passed(body, gate.retry_after or RECHECK_SECONDS)
        try:
            schedule = schedule_of(body, self._clock.now())
        except SpecError as error:
            body = await self._status_writer.refuse(body, str(Reason.INVALID_SPEC), str(error), needs_a_person=True)
            return Passed(body, None)
        await self._synced()
        version, uid, known = body["metadata"].get("resourceVersion"), body["metadata"]["uid"], False
        gone, seen = set[str](), None
        try:
            for _ in range(MAX_ROUNDS):
                body, plan, fence = await self._decided(schedule, body, gone, seen)
                done = await self._carried_out(body, plan, fence)
                gone |= done.gone
                seen = done.backups
                if done.answers or done.ended:
                    body = await self._noted(body, plan.record, done)
                if done.problem is not None:
                    raise done.problem
                if not done.answers and not done.looked:
                    break
            known = True
        finally:
            self.backups.settle(uid, record_of(stored_status(body)) if known else None)
        changed = body["metadata"].get("resourceVersion") != version
        waiting = self._writer.waiting(uid) if changed else []
        return Passed(body, self._wake(schedule, body, plan), tuple(waiting))

    async def _decided(
        self, schedule: Schedule, body: Body, gone: set[str], seen: BackupsSeen | None
    ) -> tuple[Body, Plan, Fence]:
        now, uid = self._clock.now(), body["metadata"]["uid"]
        plan = decide(
            schedule,
            record_of(stored_status(body)),
            self._children.of(uid),
            now,
            skew=timedelta(seconds=self._clock.skew),
            gone=frozenset(gone),
            backups=seen,
        )
        fence = self.backups.intends(uid, plan.record)
        return await self._status_writer.write(body, plan), plan, fence

    async def _noted(self, body: Body, record: Record, done: _Round) -> Body:
        """Store the answers, and tell of those about backups."""
        record, news = with_answers(record, done.answers), list[News]()
        for answered in done.ended:
            record, told = with_backup_answer(record, answered)
            news += told
        return await self._status_writer.note(body, record, news)

    def _wake(self, schedule: Schedule, body: Body, plan: Plan) -> float:
        """Earlier where a look at backups is still to come."""
        record = record_of(stored_status(body))
        if look_at(schedule, record) is None:
            return plan.wake
        return max(1.0, min(plan.wake, self.backups.look_in(body["metadata"]["uid"], record)))

    async def _carried_out(self, schedule: Body, plan: Plan, fence: Fence) -> _Round:
        """Carry out all actions. What Kubernetes gives no answer to is left for the next pass, after the answers that
        there are were stored."""
        namespace, name = schedule["metadata"]["namespace"], schedule["metadata"]["name"]
        done, failed = _Round([], set()), set[str]()
        for action in plan.actions:
            try:
                match action:
                    case CreateChild():
                        if action.run in failed:
                            continue  # its run has failed: no other job of it is to begin
                        answer = await self._writer.create(schedule, action)
                        done.answers.append(answer)
                        if not isinstance(answer, Created):
                            failed.add(action.run)
                    case LookUpChild():
                        done.looked = True
                        if not await self._writer.look(schedule, action):
                            done.gone.add(action.name)
                    case CancelChild():
                        known = run_of(name, action.name)
                        await self._writer.cancel(namespace, action, known[0] if known else action.name)
                    case DeleteChild():
                        await self._writer.delete(namespace, action)
                    case LookAtBackups():
                        if self.backups.look_in(schedule["metadata"]["uid"], plan.record) <= 0:
                            done.looked = True
                            done.backups = await self.backups.look(schedule, action, plan.record)
                    case EndBackup():
                        done.ended.append(await self.backups.end(schedule, action, fence))
            except KubeError as error:
                done.problem = done.problem or error
                if isinstance(action, CreateChild):
                    failed.add(action.run)
        return done
