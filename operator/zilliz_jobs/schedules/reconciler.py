"""One pass over a JobSchedule: decide, store the record, then make, cancel and remove objects; until nothing is left
to do right now.

A crash between the record and the objects is made up for by the next pass, which finds the run without them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.parse import SpecError
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.schedules.children import Children
from zilliz_jobs.schedules.childwriter import ChildWriter
from zilliz_jobs.schedules.decide import decide, with_answers
from zilliz_jobs.schedules.manifest import schedule_of
from zilliz_jobs.schedules.plan import (
    CancelChild,
    ChildAnswer,
    CreateChild,
    Created,
    DeleteChild,
    LookUpChild,
    Plan,
)
from zilliz_jobs.schedules.runs import run_of
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
    ) -> None:
        self._children, self._writer, self._status_writer = children, writer, status_writer
        self._crds, self._clock, self._synced = crds, clock, synced

    async def reconcile(self, body: Body) -> Passed:
        """May be repeated. Raises Conflict where the object was changed meanwhile, KubeError."""
        if body["metadata"].get("deletionTimestamp"):
            return Passed(body, None)
        if gate := self._crds.gate(JOB_SCHEDULE.kind):
            body = await self._status_writer.refuse(body, str(gate.reason), gate.message, needs_a_person=False)
            return Passed(body, gate.retry_after or RECHECK_SECONDS)
        try:
            schedule_of(body, self._clock.now())
        except SpecError as error:
            body = await self._status_writer.refuse(body, str(Reason.INVALID_SPEC), str(error), needs_a_person=True)
            return Passed(body, None)
        await self._synced()
        version = body["metadata"].get("resourceVersion")
        gone: set[str] = set()
        for _ in range(MAX_ROUNDS):
            body, plan = await self._decided(body, gone)
            done = await self._carried_out(body, plan)
            gone |= done.gone
            if done.answers:
                body = await self._status_writer.note(body, with_answers(plan.record, done.answers))
            if done.problem is not None:
                raise done.problem
            if not done.answers and not done.looked:
                break
        changed = body["metadata"].get("resourceVersion") != version
        waiting = self._writer.waiting(body["metadata"]["uid"]) if changed else []
        return Passed(body, plan.wake, tuple(waiting))

    async def _decided(self, body: Body, gone: set[str]) -> tuple[Body, Plan]:
        now = self._clock.now()
        plan = decide(
            schedule_of(body, now),
            record_of(stored_status(body)),
            self._children.of(body["metadata"]["uid"]),
            now,
            skew=timedelta(seconds=self._clock.skew),
            gone=frozenset(gone),
        )
        return await self._status_writer.write(body, plan), plan

    async def _carried_out(self, schedule: Body, plan: Plan) -> _Round:
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
            except KubeError as error:
                done.problem = done.problem or error
                if isinstance(action, CreateChild):
                    failed.add(action.run)
        return done
