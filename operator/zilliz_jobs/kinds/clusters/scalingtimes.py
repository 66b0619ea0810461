"""The schedules of a scaling rule, read from what the cloud tells, and compared with others.

The cloud may write a time in another way than it was given: six fields in place of five (one example of its pages
does), names of days, the same moment in another time zone. So two schedules are equal, or not, or perhaps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from zilliz_jobs.cloud.fields import as_count, as_text

_PLAIN = re.compile(r"[\d*,/ -]+")
_SEASONS = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))
_FIELDS = 5


@dataclass(frozen=True)
class Row:
    """One schedule. `cron` as `cron_text` writes it; `timezone`: empty where none is told."""

    target: int
    cron: str
    timezone: str


def rows_of(schedules: object) -> tuple[Row, ...] | None:
    """The schedules that a rule tells, none for None; None where one of them cannot be read."""
    if schedules is None:
        return ()
    if not isinstance(schedules, list | tuple):
        return None
    rows = [_row(one) for one in schedules]
    read = tuple(row for row in rows if row is not None)
    return read if len(read) == len(rows) else None


def same(some: Sequence[Row], others: Sequence[Row]) -> bool | None:
    """Whether both say the same, in whatever order; None for perhaps. Pure."""
    if sorted(row.target for row in some) != sorted(row.target for row in others):
        return False
    left, right = list(some), list(others)
    for row in some:
        if (twin := next((one for one in right if _is_same(row, one)), None)) is not None:
            left.remove(row)
            right.remove(twin)
    if any(all(_is_same(row, one) is False for one in right) for row in left):
        return False
    return None if left else True


def cron_text(value: object) -> str:
    """A cron text in one way of writing: single blanks, no leading zeros, capital letters."""
    return " ".join(str(int(word)) if word.isdecimal() else word.upper() for word in str(value).split())


def _row(value: object) -> Row | None:
    if not isinstance(value, dict):
        return None
    target, cron = as_count(value.get("target")), as_text(value.get("cron"))
    return Row(target, cron_text(cron), as_text(value.get("timezone"))) if target is not None and cron else None


def _is_same(one: Row, other: Row) -> bool | None:
    if one.target != other.target:
        return False
    zones = _same_zone(one.timezone, other.timezone)
    if one.cron == other.cron:
        # Of time zones only what both name counts: the cloud may add one.
        return zones if one.timezone and other.timezone else True
    # Other numbers are the same moment only in another time zone, which the cloud may have chosen.
    return False if zones and _is_plain(one.cron) and _is_plain(other.cron) else None


def _is_plain(cron: str) -> bool:
    return bool(_PLAIN.fullmatch(cron)) and len(cron.split()) == _FIELDS


def _same_zone(one: str, other: str) -> bool | None:
    """Whether two names mean the same clock; None where one of them is none that is known here."""
    if one.casefold() == other.casefold():
        return True
    left, right = _offsets(one), _offsets(other)
    return None if left is None or right is None else left == right


def _offsets(name: str) -> list[timedelta | None] | None:
    """How far from UTC its clocks stand in winter and in summer; None for a name of no zone."""
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
    return [season.astimezone(zone).utcoffset() for season in _SEASONS]
