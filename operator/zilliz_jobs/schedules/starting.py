"""Which run starts now: the one that waits for the end of a replaced one, that of a due time, or a requested one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.api.model import format_time
from zilliz_jobs.core.requests import MAX_TOKEN
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.schedules.child import Cancelling, Child
from zilliz_jobs.schedules.duetimes import DueTimes
from zilliz_jobs.schedules.plan import MAX_COUNTED, News, run_missed
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run, RunRequest
from zilliz_jobs.schedules.runs import requested_name, run_jobs, run_of, scheduled_name
from zilliz_jobs.schedules.schedule import ConcurrencyPolicy, Schedule

MAX_ACTIVE = 20
"""Runs of one schedule at a time, also with Allow: a record is bounded."""


@dataclass(frozen=True)
class Starter:
    """One pass over one schedule. Each step takes a record, and gives a later one with what is to be told of it."""

    schedule: Schedule
    children: Mapping[str, Child]
    now: datetime

    def waiting(self, record: Record) -> tuple[Record, list[News]]:
        """The due time that waits: until the run that it replaces has ended, or through an edit of the schedule."""
        due = record.waiting
        if due is None:
            return record, []
        if self._is_made(record, scheduled_name(due)):
            return record.but(waiting=None), []
        if self.now - due > self.schedule.starting_deadline:
            return record.but(waiting=None), [run_missed(due, 1, "the run to replace did not end in time")]
        if self._has_room(record):
            return self._started(record.but(waiting=None), due)
        if not self._can_replace(record):
            return record.but(waiting=None), [run_missed(due, 1, self._obstacle(record))]
        return self._replacing(record), []

    def due(self, record: Record, times: DueTimes) -> tuple[Record, list[News]]:
        """The due times since the last pass: the newest is made, if its policy lets it; the others are missed."""
        after = record.due_after or self.now
        if times.next_due(after) > self.now:
            return record, []
        newest = times.newest_missed(after, self.now, self.schedule.starting_deadline)
        number = times.count(after, self.now, MAX_COUNTED)
        oldest = times.next_due(after)
        news = list[News]()
        if newest is None or number > 1:
            lost = number if newest is None or number == MAX_COUNTED else number - 1
            news.append(run_missed(oldest, lost, "the operator could not start it in time"))
        record = record.but(due_after=newest or self.now)
        if newest is None or self._is_made(record, scheduled_name(newest)):
            return record, news
        if record.waiting is not None and self.schedule.concurrency is ConcurrencyPolicy.REPLACE:
            news.append(run_missed(record.waiting, 1, "a newer due time took its place"))
            return record.but(waiting=newest), news
        if self._has_room(record):
            record, started = self._started(record, newest)
            return record, news + started
        if self._can_replace(record):
            return self._replacing(record).but(waiting=newest), news
        return record, [*news, run_missed(newest, 1, self._obstacle(record))]

    def requested(self, record: Record) -> tuple[Record, list[News]]:
        """The run that is asked for by annotation: one for each token, also while the schedule is suspended."""
        token, before = self.schedule.run_requested, record.request
        waits = before is not None and before.outcome is Outcome.REQUESTED
        if token is None:
            if before is not None and waits:
                return self._answered(record, before.token, Outcome.REFUSED, "the annotation was removed"), []
            return record, []
        if before is not None and before.token == shortened(token, MAX_TOKEN) and not waits:
            return record, []
        if len(token) > MAX_TOKEN:
            text = ScheduleReason.TOKEN_TOO_LONG.help
            return self._answered(record, shortened(token, MAX_TOKEN), Outcome.REFUSED, text), []
        name = requested_name(token)
        if self._is_made(record, name):
            text = f"{ScheduleReason.TOKEN_USED.help} It was run {name}."
            return self._answered(record, token, Outcome.REFUSED, text), []
        if record.waiting is None and self._has_room(record):
            record = self._answered(record, token, Outcome.ACCEPTED, f"run {name}")
            return self._begun(record, name, self.now, requested=True)
        if before is not None and waits and before.token == token:
            return record, []
        if record.waiting is None and self._can_replace(record):
            record = self._replacing(record)
        text = "the run starts when no other is active"
        if before is not None and waits:
            text += f"; the one requested before, with token {before.token}, is not made"
        return self._answered(record, token, Outcome.REQUESTED, text), []

    def _has_room(self, record: Record) -> bool:
        allows = self.schedule.concurrency is ConcurrencyPolicy.ALLOW
        return len(record.active) < (MAX_ACTIVE if allows else 1)

    def _can_replace(self, record: Record) -> bool:
        replaces = self.schedule.concurrency is ConcurrencyPolicy.REPLACE
        return replaces and all(self._can_be_cancelled(run) for run in record.active)

    def _can_be_cancelled(self, run: Run) -> bool:
        """What is not made yet, or not seen at the moment, is no obstacle."""
        seen = [self.children[job.name] for job in run.jobs if not job.finished and job.name in self.children]
        return all(child.cancelling is not Cancelling.IMPOSSIBLE for child in seen)

    def _obstacle(self, record: Record) -> str:
        names = ", ".join(run.name for run in record.active[:3])
        match self.schedule.concurrency:
            case ConcurrencyPolicy.FORBID:
                return f"run {names} is active, and concurrencyPolicy is Forbid"
            case ConcurrencyPolicy.ALLOW:
                return f"{MAX_ACTIVE} runs are active"
            case ConcurrencyPolicy.REPLACE:
                return f"run {names} is active and cannot be cancelled"

    def _replacing(self, record: Record) -> Record:
        return record.but(runs=tuple(run.but(replaced=True) if run.active else run for run in record.runs))

    def _is_made(self, record: Record, name: str) -> bool:
        names = [run_of(self.schedule.name, child.name) for child in self.children.values() if child.owned]
        return record.run(name) is not None or name in {named[0] for named in names if named}

    def _started(self, record: Record, due: datetime) -> tuple[Record, list[News]]:
        last = max(due, record.last_schedule_time or due)
        return self._begun(record.but(last_schedule_time=last), scheduled_name(due), due, requested=False)

    def _begun(self, record: Record, name: str, time: datetime, *, requested: bool) -> tuple[Record, list[News]]:
        jobs = run_jobs(self.schedule.name, name, self.schedule.templates)
        run = Run(name, time, self.schedule.generation, self.now, jobs, requested=requested)
        what = "requested" if requested else f"due {format_time(time)}"
        return record.but(runs=(run, *record.runs)), [News(ScheduleReason.RUN_STARTED, f"run {name}, {what}")]

    def _answered(self, record: Record, token: str, outcome: Outcome, message: str) -> Record:
        before = record.request
        if before is not None and (before.token, before.outcome, before.message) == (token, outcome, message):
            return record
        return record.but(request=RunRequest(token, self.now, outcome, message))


def wait_ends(record: Record, schedule: Schedule) -> datetime | None:
    """When a due time that waits is given up at the latest."""
    return None if record.waiting is None else record.waiting + schedule.starting_deadline + timedelta(seconds=1)
