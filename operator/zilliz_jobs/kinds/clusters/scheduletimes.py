"""When the schedules of a cluster will run, where the cloud does not show the time zone that was sent.

The field `timezone` is sent by the vendor's Terraform provider and stands in no published page for clusters. A cloud
that ignores it reads the cron texts as UTC (the provider's default): the schedule then runs at another time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from zilliz_jobs.cloud.scaling import Schedule
from zilliz_jobs.kinds.clusters.scalingrules import Rule
from zilliz_jobs.kinds.clusters.scalingtimes import cron_text

DAY = timedelta(days=1)
YEAR_DAYS = 366
MAX_TIMES = 6  # a day, that a sentence names


def unconfirmed(wanted: Sequence[Schedule], shown: Rule | None, now: datetime) -> str:
    """Which schedules will perhaps not run in their time zone, and at which time in UTC they then run; empty where
    the cloud shows every zone that was sent. `shown`: the rule that it tells, None where it tells none. `now`: by
    its clock."""
    listed = (shown or {}).get("schedules")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    doubts = [_doubt(one, _row_of(one, wanted, rows), now) for one in wanted if one.timezone]
    return "; ".join(doubt for doubt in doubts if doubt)


def _row_of(one: Schedule, wanted: Sequence[Schedule], rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """What the cloud shows of this schedule: the one with its times and size, else the only one of its size."""
    sized = [row for row in rows if str(row.get("target")) == str(one.target)]
    exact = [row for row in sized if cron_text(row.get("cron")) == cron_text(one.cron)]
    alone = len(sized) == 1 and sum(other.target == one.target for other in wanted) == 1
    return exact[0] if exact else sized[0] if alone else None


def _doubt(one: Schedule, row: dict[str, Any] | None, now: datetime) -> str:
    wanted = str(one.timezone)
    told = str((row or {}).get("timezone") or "")
    cron = str((row or {}).get("cron") or one.cron)
    if cron_text(cron) == cron_text(one.cron) and told and _same_zone(wanted, told, now):
        return ""
    how = f"the cloud shows time zone {told} for" if told else "the cloud does not show a time zone for"
    runs_in = _zone(told) if told else UTC
    if runs_in is None:
        return f"{how} {one.cron!r}, which is not known here; {wanted} was sent"
    return f"{how} {cron!r} and {wanted} was sent: {_runs(cron, told or 'UTC', runs_in, now)}{_aim(one, now)}"


def _runs(cron: str, name: str, zone: tzinfo, now: datetime) -> str:
    times = _times(cron, zone, now)
    if times:
        read = "" if name == "UTC" else f", read in {name}"
        return f"it then runs at {times} UTC{read}"
    return f"its hours then count in {name}" + ("" if zone is UTC else f", which is UTC{_offset(zone, now)}")


def _aim(one: Schedule, now: datetime) -> str:
    """When it should run: now, and after the next change to or from daylight saving time."""
    name = str(one.timezone)
    zone = _zone(name)
    if zone is None:
        return f"; {name} is not known here, so the wanted time in UTC cannot be named"
    change = _next_change(zone, now)
    times = _times(one.cron, zone, now)
    if not times:
        text = f"; {name} is UTC{_offset(zone, now)}"
        return text + (f" (UTC{_offset(zone, change)} from {change:%Y-%m-%d} on, daylight saving)" if change else "")
    text = f", and not at {times} UTC"
    return text + (
        f" ({_times(one.cron, zone, change)} UTC from {change:%Y-%m-%d} on, daylight saving)" if change else ""
    )


def _times(cron: str, zone: tzinfo, moment: datetime) -> str:
    """The times of day of a cron text in UTC, as the zone stands at `moment`; empty where it names no plain times."""
    fields = cron.split()
    minutes, hours = (_numbers(fields[0], 59), _numbers(fields[1], 23)) if len(fields) == 5 else ([], [])
    if not minutes or not hours or len(minutes) * len(hours) > MAX_TIMES:
        return ""
    shift = moment.astimezone(zone).utcoffset() or timedelta()
    start = datetime(2000, 1, 2, tzinfo=UTC) - shift
    return ", ".join(f"{start + timedelta(hours=hour, minutes=minute):%H:%M}" for hour in hours for minute in minutes)


def _numbers(field: str, most: int) -> list[int]:
    words = field.split(",")
    numbers = [int(word) for word in words if word.isdecimal() and int(word) <= most]
    return numbers if len(numbers) == len(words) else []


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such zone, or a text that is no name of one
        return None


def _offset(zone: tzinfo, moment: datetime) -> str:
    return f"{moment.astimezone(zone):%z}"


def _next_change(zone: tzinfo, now: datetime) -> datetime | None:
    """The first day on which the zone's clocks stand otherwise than now; None within a year."""
    offset = now.astimezone(zone).utcoffset()
    days = (now + day * DAY for day in range(1, YEAR_DAYS))
    return next((day for day in days if day.astimezone(zone).utcoffset() != offset), None)


def _same_zone(one: str, other: str, now: datetime) -> bool:
    """Whether two names mean the same clock: equal, or two zones that do not differ within a year."""
    if one.lower() == other.lower():
        return True
    left, right = _zone(one), _zone(other)
    if left is None or right is None:
        return False
    days = (now + day * DAY for day in range(YEAR_DAYS))
    return all(day.astimezone(left).utcoffset() == day.astimezone(right).utcoffset() for day in days)
