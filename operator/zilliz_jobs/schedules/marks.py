"""From when on due times count: not those before the schedule was made, made again, suspended or edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from zilliz_jobs.api.model import format_time
from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.duetimes import DueTimes, parse_key
from zilliz_jobs.schedules.plan import News, run_missed
from zilliz_jobs.schedules.progress import rebuilt
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.schedule import Schedule

TOLERANCE = timedelta(seconds=60)
"""By how much clocks may differ."""
LONGEST_SET_BACK = timedelta(days=1)
"""What was made by a clock that was ahead by less is not made again. A mark further ahead would stop the schedule."""


def with_beginning(schedule: Schedule, record: Record, children: Mapping[str, Child], now: datetime) -> Record:
    """The record with a moment from which due times count. Where the status was lost, the children tell what was
    made; their ends are told to nobody a second time."""
    if record.due_after is not None:
        known = record.last_schedule_time or record.due_after
        return record.but(due_after=max(record.due_after, schedule.created, min(known, now)))
    found = rebuilt(schedule, children)
    runs = (*record.runs, *(run for run in found if record.run(run.name) is None))
    made = max((run.time for run in runs if not run.requested), default=schedule.created)
    return record.but(due_after=max(schedule.created, min(made, now), record.last_schedule_time or made), runs=runs)


def without_future(record: Record, now: datetime) -> tuple[Record, list[News]]:
    """The record after a clock was set back, or somebody edited it. Due times that were made already by the wrong
    clock are not made again, where it was wrong by less than a day."""
    limit, last, news = now + TOLERANCE, record.last_schedule_time, list[News]()
    if last is not None and last > limit:
        reason = ScheduleReason.LAST_SCHEDULE_IN_FUTURE
        news.append(News(reason, f"{reason.help} It was {format_time(last)}.", warning=True))
        record = record.but(last_schedule_time=now)
    if record.due_after is not None and record.due_after > now + LONGEST_SET_BACK:
        record = record.but(due_after=now)
    if record.waiting is not None and record.waiting > limit:
        record = record.but(waiting=None)
    return record, news


def with_times(schedule: Schedule, record: Record, times: DueTimes, now: datetime) -> tuple[Record, list[News]]:
    """The record after the schedule was suspended, resumed or edited. Time suspended is not missed; an edit makes no
    due time of the past, but one that was due before it too: that one waits for its run."""
    if schedule.suspend:
        return record.but(suspended=True, waiting=None, times=times.key), []
    if record.suspended:
        return record.but(suspended=False, times=times.key, due_after=_later(record, now)), []
    if record.times in ("", times.key):
        return record.but(times=times.key), []
    old, mark = parse_key(record.times), record.due_after or now
    due = old and times.newest_missed_of_both(old, mark, now, schedule.starting_deadline)
    record = record.but(times=times.key, due_after=_later(record, now))
    if due is None:
        return record, []
    news = [] if record.waiting is None else [run_missed(record.waiting, 1, "a newer due time took its place")]
    return record.but(waiting=due), news


def _later(record: Record, now: datetime) -> datetime:
    return max(record.due_after or now, now)
