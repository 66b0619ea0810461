"""Due times. If these fail, a nightly backup is made twice, at the wrong hour, or not at all."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.schedules.wallclock import WallClock

from zilliz_jobs.schedules.duetimes import InvalidScheduleError, parse

DAY = timedelta(days=1)
PARIS, NEW_YORK, LORD_HOWE = "Europe/Paris", "America/New_York", "Australia/Lord_Howe"
CHANGES = {  # forward and back, in 2026
    PARIS: ((3, 29), (10, 25)),
    NEW_YORK: ((3, 8), (11, 1)),
    LORD_HOWE: ((10, 4), (4, 5)),
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(expression: str, zone: str, after: str, number: int) -> list[str]:
    times, moment, found = parse((expression,), zone), utc(after), []
    for _ in range(number):
        moment = times.next_due(moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


def test_a_time_that_spring_leaves_out_comes_once_after_the_gap() -> None:
    """Otherwise there is no backup of that night."""
    assert due("30 2 * * *", PARIS, "2026-03-28T12:00", 2) == ["03-29 01:00", "03-30 00:30"]
    assert due("0,15,30 2 * * *", PARIS, "2026-03-28T12:00", 2) == ["03-29 01:00", "03-30 00:00"]
    assert due("*/30 2 * * *", PARIS, "2026-03-28T12:00", 2) == ["03-29 01:00", "03-30 00:00"]
    assert due("15 2 * * *", LORD_HOWE, "2026-10-03T00:00", 2) == ["10-03 15:30", "10-04 15:15"]


def test_a_time_that_autumn_brings_twice_is_due_the_first_time() -> None:
    """Otherwise there are two backups of that night, and both cost."""
    assert due("30 2 * * *", PARIS, "2026-10-24T12:00", 2) == ["10-25 00:30", "10-26 01:30"]
    assert due("*/30 2 * * *", PARIS, "2026-10-24T12:00", 3) == ["10-25 00:00", "10-25 00:30", "10-26 01:00"]
    assert due("45 1 * * *", LORD_HOWE, "2026-04-04T12:00", 2) == ["04-04 14:45", "04-05 15:15"]


def test_what_is_due_every_hour_goes_on_through_both_changes() -> None:
    spring = due("*/30 * * * *", PARIS, "2026-03-29T00:10", 3)
    autumn = due("*/30 * * * *", PARIS, "2026-10-24T23:40", 5)
    assert spring == ["03-29 00:30", "03-29 01:00", "03-29 01:30"]
    assert autumn == ["10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]
    assert due("0 0-23 * * *", PARIS, "2026-10-24T23:40", 3) == ["10-25 00:00", "10-25 01:00", "10-25 02:00"]


def test_two_expressions_that_meet_make_one_due_time() -> None:
    both = parse(("30 2 * * *", "0 3 * * *"), PARIS)
    assert both.next_due(utc("2026-03-28T12:00")) == utc("2026-03-29T01:00")
    assert both.next_due(utc("2026-03-29T01:00")) == utc("2026-03-30T00:30")
    assert both.key == parse(("0 3 * * *", "30 2 * * *"), PARIS).key
    assert both.key != parse(("30 2 * * *", "0 3 * * *"), NEW_YORK).key


def test_days_are_chosen_as_a_cronjob_chooses_them() -> None:
    """Where both fields of days choose, either is enough; a step is a choice too."""
    assert due("0 0 13 * FRI", "UTC", "2026-11-01T00:00", 3) == ["11-06 00:00", "11-13 00:00", "11-20 00:00"]
    assert due("0 0 */15 * 1", "UTC", "2026-11-01T12:00", 3) == ["11-02 00:00", "11-09 00:00", "11-16 00:00"]
    assert due("0 0 ? * 7", "UTC", "2026-11-01T12:00", 1) == due("@weekly", "UTC", "2026-11-01T12:00", 1)
    assert due("0 0 29 2 *", "UTC", "2026-03-01T00:00", 1) == ["02-29 00:00"]


field = st.sampled_from
expressions = st.tuples(
    field(["0", "30", "59", "*", "*/7", "15,45", "0-10/5"]),
    field(["*", "0", "1", "2", "3", "23", "*/2", "1-3", "0-23", "2,14"]),
    field(["*", "*", "*", "1", "*/2", "25-31", "29"]),
    field(["*", "*", "3,4,10,11", "*/3"]),
    field(["*", "*", "SUN", "1-5", "*/3", "6,7"]),
).map(" ".join)


@given(expressions, st.sampled_from([PARIS, NEW_YORK, LORD_HOWE]), st.booleans(), st.integers(0, 1439))
@example("*/30 2 * * *", PARIS, True, 0)
@example("*/30 2 * * *", PARIS, False, 0)
@example("* * * * *", LORD_HOWE, False, 900)
def test_due_times_are_those_of_a_clock_on_the_wall(expression: str, zone: str, spring: bool, minute: int) -> None:
    """Compared with a reckoning of each minute around a change of the clocks."""
    month, day = CHANGES[zone][0 if spring else 1]
    start = datetime(2026, month, day, tzinfo=UTC) - DAY + timedelta(minutes=minute)
    end = start + 1.5 * DAY
    expected = list(WallClock(expression, zone).due(start, end))
    times, found, moment = parse((expression,), zone), [], start
    while (moment := times.next_due(moment)) <= end:
        found.append(moment)
    assert found == expected
    newest = times.newest_missed(start, end, end - start)
    assert newest == (expected[-1] if expected else None)
    assert times.count(start, end, 10_000) == len(expected)
    for one, following in pairwise(expected[:3]):
        assert times.newest_missed(start, following - timedelta(seconds=1), end - start) == one


def test_a_year_of_missed_minutes_is_judged_at_once() -> None:
    """A CronJob gives up after 100 missed starts, or reckons them one by one."""
    times = parse(("* * * * *",), PARIS)
    now, began = utc("2026-11-28T03:00:30"), time.process_time()
    assert times.newest_missed(now - 365 * DAY, now, 365 * DAY) == utc("2026-11-28T03:00")
    assert times.count(now - 365 * DAY, now, 100) == 100
    assert time.process_time() - began < 0.5


def test_the_deadline_is_kept_to_the_second() -> None:
    times, hour = parse(("0 3 * * *",), "UTC"), timedelta(hours=1)
    start = utc("2026-11-27T12:00")
    assert times.newest_missed(start, utc("2026-11-28T04:00:00"), hour) == utc("2026-11-28T03:00")
    assert times.newest_missed(start, utc("2026-11-28T04:00:01"), hour) is None
    assert times.newest_missed(start, utc("2026-11-28T02:59:59"), hour) is None
    assert times.newest_missed(utc("2026-11-28T03:00"), utc("2026-11-28T03:30"), hour) is None


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("* * * *", "five fields"),
        ("0 * * * * *", "five fields"),
        ("", "five fields"),
        ("@every 1h", "@hourly"),
        ("@reboot", "@hourly"),
        ("TZ=UTC 0 3 * * *", "spec.timeZone"),
        ("61 * * * *", "minute is not in 0-59"),
        ("0 24 * * *", "hour is not in 0-23"),
        ("0 0 0 * *", "day of month is not in 1-31"),
        ("0 0 * 13 *", "month is not in 1-12"),
        ("0 0 * * 8", "day of week is not in 0-7"),
        ("0 0 5-2 * *", "runs backwards"),
        ("*/0 * * * *", "minute"),
        ("0 0 L * *", "day of month is 'L'"),
        ("0 0 * * 5#2", "day of week is '5#2'"),
        ("? 0 * * *", "minute is '?'"),
        ("0 0 * * lundi", "day of week is 'LUNDI'"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_is_allowed(expression: str, says: str) -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        parse((expression,), "UTC")
    assert says in str(refused.value)
    assert repr(expression) in str(refused.value)


@pytest.mark.parametrize("zone", ["Nowhere/City", "Europe", "../etc/passwd", "", "localtime", "UTC\0"])
def test_a_zone_that_no_machine_need_have_is_refused(zone: str) -> None:
    with pytest.raises(InvalidScheduleError, match="IANA"):
        parse(("0 3 * * *",), zone)
    with pytest.raises(InvalidScheduleError, match=r"spec\.schedules is empty"):
        parse((), "UTC")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0 3 * * *", "0 3,4 * * *", "2026-11-28T03:00"),
        ("*/7 * * * *", "*/5 * * * *", "2026-11-28T11:35"),
        ("0 3 * * MON", "0 3 * * *", "2026-11-23T03:00"),
        ("0 3 * * *", "0 4 * * *", None),
        ("*/2 * * * *", "1-59/2 * * * *", None),
    ],
)
def test_the_newest_missed_of_two_expressions_is_one_of_both(old: str, new: str, expected: str | None) -> None:
    now, week = utc("2026-11-28T11:59"), 7 * DAY
    one, other = parse((old,), "UTC"), parse((new,), "UTC")
    for left, right in ((one, other), (other, one)):
        assert left.newest_missed_of_both(right, now - week, now, week) == (utc(expected) if expected else None)
        assert left.newest_missed_of_both(right, now - week, now, timedelta(hours=1)) == (
            utc(expected) if expected and now - utc(expected) <= timedelta(hours=1) else None
        )
