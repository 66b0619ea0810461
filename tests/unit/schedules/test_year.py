"""A year of schedules in virtual time, in zones that move their clocks, with everything going wrong that can.

Each due time must have its run once, or be told as missed once, as its policy says. What was due is reckoned with
zoneinfo alone; what became of it is read from what the schedule's readers see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from tests.support.examples import sized
from tests.unit.schedules.cluster import (
    ALLOW,
    BACKUP,
    DAY,
    EXPORT,
    FORBID,
    HOUR,
    MINUTE,
    REPLACE,
    Cluster,
    ProcessEndedError,
)
from tests.unit.schedules.wallclock import WallClock

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.schedules.child import Cancelling
from zilliz_jobs.schedules.plan import CancelChild
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.runs import scheduled_name
from zilliz_jobs.schedules.schedule import ConcurrencyPolicy, Schedule
from zilliz_jobs.schedules.starting import wait_ends

ROUTINE = (300.0, 3600.0)
"""Seconds until a pass that finds nothing new; left out here, for they only take time."""
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2027, 1, 1)


def schedule(policy: ConcurrencyPolicy, zone: str, deadline: timedelta, *expressions: str) -> Schedule:
    return Schedule(
        name="yearly",
        uid="s-1",
        generation=1,
        created=datetime(2025, 12, 31, tzinfo=UTC),
        expressions=expressions,
        templates=(BACKUP, EXPORT),
        time_zone=zone,
        concurrency=policy,
        starting_deadline=deadline,
        successful_limit=2,
        failed_limit=1,
    )


@dataclass
class Year:
    """`mark`: the last moment up to which due times were judged. `expected`: those that must have been made;
    `counted`: those that count at all, the others fell into a suspension."""

    cluster: Cluster
    due: list[datetime]
    random: Random
    ends: dict[str, datetime] = field(default_factory=dict)
    up_from: datetime | None = None
    right_from: datetime | None = None
    steps_left: int | None = None
    mark: datetime = datetime(2025, 12, 31, tzinfo=UTC)
    was_suspended: bool = False
    expected: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)

    def step(self, what: str) -> None:
        if self.steps_left is not None:
            if self.steps_left == 0:
                self.steps_left = None
                raise ProcessEndedError
            self.steps_left -= 1
        if what == "store" and self.right_from is None:
            self._judge()
        if what == CancelChild.__name__:
            self._cancel_later()

    def _judge(self) -> None:
        """What a pass at this moment owes, by the promise of the policy alone."""
        now, wanted = self.cluster.now, self.cluster.schedule
        due = [moment for moment in self.due if self.mark < moment <= now]
        self.due = [moment for moment in self.due if moment > now]
        if not (wanted.suspend or self.was_suspended):
            self.counted |= {scheduled_name(moment) for moment in due}
            newest = due[-1] if due and now - due[-1] <= wanted.starting_deadline else None
            if newest and (wanted.concurrency is not FORBID or not self._busy()):
                self.expected.add(scheduled_name(newest))
        self.mark, self.was_suspended = now, wanted.suspend

    def _busy(self) -> bool:
        """Whether a run has an object that has not ended, or that is still to be made."""
        active = self.cluster.record.active
        objects = [self.cluster.objects.get(job.name) for run in active for job in run.jobs if not job.finished]
        lost = [job for run in active for job in run.jobs if not job.uid and job.name not in self.cluster.objects]
        return any(child is not None and not child.finished for child in objects) or bool(lost)

    def _cancel_later(self) -> None:
        """The cloud takes its time."""
        for name, child in self.cluster.objects.items():
            if child.state is State.IN_PROGRESS and self.cluster.schedule.concurrency is REPLACE:
                self.ends[name] = min(self.ends[name], self.cluster.now + self.random.choice((MINUTE, 90 * MINUTE)))

    def live(self) -> None:
        self.cluster.step = self.step
        troubles = self._troubles()
        wake = self.mark
        end = datetime.combine(LAST_DAY, datetime.min.time(), UTC)
        while self.cluster.now < end:
            ending = min(self.ends.values(), default=end)
            trouble = troubles[0][0]
            back = [moment for moment in (self.up_from, self.right_from) if moment is not None]
            self.cluster.now = max(self.cluster.now, min(wake, ending, trouble, *back, end))
            if self.cluster.now == trouble:
                self._make(troubles.pop(0)[1])
            self._end_jobs()
            wake = self._work(end)
        self.cluster.step = lambda _: None

    def _troubles(self) -> list[tuple[datetime, str]]:
        kinds = ("down", "down", "skew", "crash", "crash", "suspend", "delete", "edit")
        moments, moment = [], self.mark
        for _ in range(200):
            moment += timedelta(minutes=self.random.randint(60, 5 * 24 * 60))
            moments.append((moment, kind := self.random.choice(kinds)))
            if kind == "suspend":
                moments.append((moment + timedelta(minutes=self.random.randint(5, 4000)), "resume"))
        return sorted(moments)

    def _make(self, trouble: str) -> None:
        cluster, random, now = self.cluster, self.random, self.cluster.now
        match trouble:
            case "down":
                self.up_from = now + timedelta(minutes=random.choice((3, 50, 200, 1500)))
            case "skew":
                self.right_from = now + timedelta(minutes=random.choice((2, 45, 400)))
            case "crash":
                self.steps_left = random.randint(0, 8)
            case "suspend":
                cluster.edit(suspend=True)
            case "resume":
                cluster.edit(suspend=False)
            case "delete" if cluster.objects:
                name = random.choice(sorted(cluster.objects))
                del cluster.objects[name]
                self.ends.pop(name, None)
            case "edit":
                cluster.edit(successful_limit=random.randint(0, 3))

    def _end_jobs(self) -> None:
        for name in [name for name, moment in self.ends.items() if moment <= self.cluster.now]:
            del self.ends[name]
            child = self.cluster.objects.get(name)
            if child is not None and not child.finished:
                asked = child.cancelling is Cancelling.ASKED
                good = State.CANCELED if asked else State.SUCCESSFUL
                self.cluster.end(name, State.FAILED if self.random.random() < 0.1 else good, "JobFailed")

    def _work(self, end: datetime) -> datetime:
        """A pass, if there is an operator; when the next is due at the latest."""
        now = self.cluster.now
        if self.right_from is not None and now >= self.right_from:
            self.right_from = None
        if self.up_from is not None and now < self.up_from:
            return end
        self.up_from = None
        skew = timedelta(0) if self.right_from is None else timedelta(minutes=7)
        try:
            plan = self.cluster.reconcile(skew)
        except ProcessEndedError:
            self.up_from = now + self.random.choice((timedelta(seconds=5), 4 * MINUTE))
            return end
        finally:
            self._give_ends()
        assert 1 <= plan.wake <= 3600
        if plan.actions or plan.wake not in ROUTINE:
            return now + timedelta(seconds=plan.wake)
        waiting = wait_ends(self.cluster.record, self.cluster.schedule)
        return min(plan.next_schedule_time or end, waiting or end)

    def _give_ends(self) -> None:
        for name, child in self.cluster.objects.items():
            if child.state is State.IN_PROGRESS and name not in self.ends:
                minutes = self.random.choice((2, 20, 20, 50, 300, 1900))
                self.ends[name] = self.cluster.now + timedelta(minutes=minutes)


SCHEDULES = {
    "paris": schedule(FORBID, "Europe/Paris", HOUR, "*/30 2 * * *"),
    "new york": schedule(ALLOW, "America/New_York", 10 * MINUTE, "30 1,2 * * *", "0 12 * * MON-FRI"),
    "lord howe": schedule(REPLACE, "Australia/Lord_Howe", 2 * HOUR, "15 2 * * *", "45 1 * * *", "0 9-21/4 * * *"),
}


@pytest.mark.parametrize(("name", "seed"), [("paris", 1), ("new york", 2), ("lord howe", 3)][: sized(3, 1)])
def test_each_due_time_of_a_year_has_its_run_once_or_is_told_as_missed(name: str, seed: int) -> None:
    wanted = SCHEDULES[name]
    clocks = [WallClock(expression, wanted.time_zone) for expression in wanted.expressions]
    all_due = sorted({due for clock in clocks for due in clock.due_on_days(FIRST_DAY - DAY, LAST_DAY + DAY)})
    year = Year(Cluster(wanted, now=wanted.created), [due for due in all_due if due > wanted.created], Random(seed))
    year.cluster.record = Record()
    year.live()

    night = year.cluster
    started = [text.split()[1].rstrip(",") for text in night.told(ScheduleReason.RUN_STARTED)]
    missed = sum(news.count for news in night.news if news.reason is ScheduleReason.RUN_MISSED)
    waiting = [] if night.record.waiting is None else [night.record.waiting]
    assert len(started) == len(set(started))
    assert set(night.submitted.values()) == {1}
    assert {name.split("-")[1] for name in night.submitted} <= set(started)
    assert set(started) <= year.counted
    if wanted.concurrency is not REPLACE:
        assert set(started) == year.expected
    else:
        assert set(started) <= year.expected
    assert missed + len(started) + len(waiting) == len(year.counted)
    ends = night.told(ScheduleReason.RUN_SUCCEEDED) + night.told(ScheduleReason.RUN_FAILED)
    assert len(ends) + len(night.record.active) == len(started)
    assert len(started) > 200
    assert len(night.record.runs) < 40
