"""A cluster as a schedule sees it: objects, one stored record, and an operator that may end between any two steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.child import Cancelling, Child
from zilliz_jobs.schedules.decide import decide, with_answers
from zilliz_jobs.schedules.plan import (
    CancelChild,
    ChildAnswer,
    CreateChild,
    Created,
    DeleteChild,
    LookUpChild,
    News,
    NotCreated,
    Plan,
    ScheduleAction,
)
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run
from zilliz_jobs.schedules.runs import Open, PredecessorFailed, RunOver, run_gate, run_of
from zilliz_jobs.schedules.schedule import ConcurrencyPolicy, Schedule, Template

BACKUP = Template("backup", "BackupJob", {"clusterId": "in01-a"})
EXPORT = Template("export", "ExportJob", {"backup": {"backupJobRef": {"name": "backup"}}, "directory": "nightly"})
START = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def nightly(*templates: Template, expression: str = "0 3 * * *", **fields: Any) -> Schedule:
    """Each night at three, by default one backup."""
    made = {"name": "nightly", "uid": "s-1", "generation": 1, "created": START, "expressions": (expression,)}
    return Schedule(**made | {"templates": templates or (BACKUP,)} | fields)


class ProcessEndedError(Exception):
    """The operator's process ended at this step."""


@dataclass
class Cluster:
    """`submitted`: how often a job of each object name was submitted to the cloud. `seen`: whether events of objects
    reach the operator. `step`: called before each thing that the operator does; it may raise `ProcessEndedError`."""

    schedule: Schedule
    now: datetime = START
    record: Record = field(default_factory=Record)
    objects: dict[str, Child] = field(default_factory=dict)
    submitted: dict[str, int] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    refuses: dict[str, NotCreated] = field(default_factory=dict)
    seen: bool = True
    step: Callable[[str], None] = lambda _: None
    uids: int = 0

    def at(self, text: str) -> Cluster:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return self

    def edit(self, **fields: Any) -> None:
        """An edit of the spec, as kubectl makes it."""
        self.schedule = replace(self.schedule, **{"generation": self.schedule.generation + 1} | fields)

    def annotate(self, token: str | None) -> None:
        self.schedule = replace(self.schedule, run_requested=token)

    def reconcile(self, skew: timedelta = timedelta(0)) -> Plan:
        """Passes until nothing is left to do at this moment."""
        for _ in range(6):
            before = self.record
            plan = self._pass(skew, frozenset())
            if self.record == before and not plan.actions:
                break
        return plan

    def _pass(self, skew: timedelta, gone: frozenset[str]) -> Plan:
        """In the promised order: the record first, then what it says, then the answers."""
        shown = dict(self.objects) if self.seen else {}
        plan = decide(self.schedule, self.record, shown, self.now, skew=skew, gone=gone)
        self.step("store")
        self.record = plan.record
        self.news += plan.news
        lost = frozenset(a.name for a in plan.actions if isinstance(a, LookUpChild) and a.name not in self.objects)
        answers = self._carry_out(plan.actions)
        self.step("store answers")
        self.record = with_answers(self.record, answers)
        self._submit()
        return self._pass(skew, lost) if lost and not gone else plan

    def _carry_out(self, actions: Iterable[ScheduleAction]) -> list[ChildAnswer]:
        answers: list[ChildAnswer] = []
        for action in actions:
            self.step(type(action).__name__)
            match action:
                case CreateChild(name=name) if name in self.refuses:
                    return [*answers, self.refuses[name]]
                case CreateChild():
                    answers.append(self._create(action))
                    if isinstance(answers[-1], NotCreated):
                        return answers
                case CancelChild(name=name):
                    self.cancels.append(name)
                    self.end(name, State.CANCELED, "Canceled")
                case DeleteChild(name=name):
                    self.objects.pop(name, None)
                case LookUpChild():
                    pass
        return answers

    def _create(self, action: CreateChild) -> ChildAnswer:
        there = self.objects.get(action.name)
        if there is None:
            self.uids += 1
            there = Child(action.name, action.kind, f"u-{self.uids}", True, self.now)
            self.objects[action.name] = replace(there, cancelling=Cancelling.POSSIBLE)
        if not there.owned:
            return NotCreated(action.name, ScheduleReason.NAME_TAKEN, "it exists")
        return Created(action.name, there.uid)

    def _submit(self) -> None:
        """What the jobs' own passes do: they ask the gate before their first submission."""
        for name, child in list(self.objects.items()):
            named = run_of(self.schedule.name, name)
            if child.state is not None or named is None:
                continue
            match run_gate(self.record, named[0], name, child.uid):
                case Open():
                    self.submitted[name] = self.submitted.get(name, 0) + 1
                    self.objects[name] = replace(child, state=State.IN_PROGRESS)
                case PredecessorFailed():
                    self.end(name, State.CANCELED, "RunFailed")
                case RunOver():
                    self.end(name, State.CANCELED, "RunOver")

    def end(self, name: str, state: State = State.SUCCESSFUL, reason: str = "") -> None:
        child = self.objects[name]
        self.objects[name] = replace(child, state=state, reason=reason, completed=self.now)

    def change(self, name: str, **fields: Any) -> None:
        self.objects[name] = replace(self.objects[name], **fields)

    def end_all(self, state: State = State.SUCCESSFUL, reason: str = "") -> None:
        """All that run or wait end so, in the order in which they may."""
        for _ in range(len(self.objects) + 1):
            for name in [name for name, child in self.objects.items() if child.state is State.IN_PROGRESS]:
                self.end(name, state, reason)
            self.reconcile()

    def told(self, reason: ScheduleReason) -> list[str]:
        return [news.message for news in self.news if news.reason is reason]

    def run(self, name: str) -> Run:
        found = self.record.run(name)
        assert found is not None, [run.name for run in self.record.runs]
        return found


def cluster(*templates: Template, **fields: Any) -> Cluster:
    """A schedule that was made at START and seen by the operator."""
    made = Cluster(nightly(*templates, **fields))
    made.reconcile()
    return made


ALLOW, FORBID, REPLACE = ConcurrencyPolicy.ALLOW, ConcurrencyPolicy.FORBID, ConcurrencyPolicy.REPLACE
