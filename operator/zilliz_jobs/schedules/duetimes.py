"""When a schedule is due: cron expressions of five fields in a time zone.

A fixed time that the zone's clocks leave out comes once, right after the gap; one that comes twice is due the first
time. Where every hour counts, every real minute does.

cronsim computes with the times that a clock on the wall shows; what they are in UTC is decided here, since its own
rules for daylight saving make a fixed hour with many minutes run not at all in spring and twice in autumn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MINUTE = timedelta(minutes=1)
LONGEST_SHIFT = timedelta(hours=26)
"""No zone moves its clocks by more: the change of the side of the date line."""
MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_TERM = r"(\*|\?|{value}(-{value})?)(/[0-9]+)?"
_NUMBER, _MONTH = "[0-9]+", "([0-9]+|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_WEEKDAY = "([0-9]+|SUN|MON|TUE|WED|THU|FRI|SAT)"
_FIELDS = (
    ("minute", _NUMBER, "0-59"),
    ("hour", _NUMBER, "0-23"),
    ("day of month", _NUMBER, "1-31"),
    ("month", _MONTH, "1-12 or JAN-DEC"),
    ("day of week", _WEEKDAY, "0-7 or SUN-SAT"),
)
_WHOLE = {2: "1-31", 4: "0-6"}
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})  # files of a zone database, another on each machine
_LONG_AGO = datetime(2000, 1, 1)  # on the wall
_MOST_LOOKS = 400
ALLOWED = (
    "write five fields (minute, hour, day of month, month, day of week) of numbers, *, lists, ranges and steps, or "
    "one of " + ", ".join(MACROS)
)


class InvalidScheduleError(ValueError):
    """The expressions or the zone cannot be used; the text says which, and what is allowed."""


@dataclass(frozen=True)
class _Expression:
    """`fields`: as cronsim reads them. `hourly`: every hour counts."""

    fields: str
    hourly: bool

    @lru_cache(maxsize=4096)  # noqa: B019 - a value, and passes ask the same again and again
    def next_due(self, after: datetime, zone: tzinfo) -> datetime:
        return self._next_real(after, zone) if self.hourly else self._next_fixed(after, zone)

    def _on_the_wall(self, after: datetime) -> Iterator[datetime]:
        """Times without a zone, as if no clock were ever moved."""
        return CronSim(self.fields, after)

    def _next_fixed(self, after: datetime, zone: tzinfo) -> datetime:
        """Each time on the wall has one moment, and a later time none that is earlier."""
        for wall in self._on_the_wall(_wall(after, zone)):
            moment = _moments(wall, zone)[0] if _moments(wall, zone) else _end_of_gap(wall, zone)
            if moment > after:
                return moment
        raise _never(self.fields)

    def _next_real(self, after: datetime, zone: tzinfo) -> datetime:
        later = (
            moment
            for wall in self._on_the_wall(_wall(after, zone))
            for moment in _moments(wall, zone)
            if moment > after
        )
        found = next(later, None)
        if found is None:
            raise _never(self.fields)
        again = self._next_repeated(after, zone)
        return found if again is None else min(found, again)

    def _next_repeated(self, after: datetime, zone: tzinfo) -> datetime | None:
        """The first due time after the clocks are set back, where that is soon: the wall then shows times that may
        have passed already."""
        end = after + LONGEST_SHIFT
        if _offset(end, zone) >= _offset(after, zone):
            return None
        back = _change(after, end, zone)
        wall = next(self._on_the_wall(_wall(back, zone) - timedelta(seconds=1)), None)
        return None if wall is None else wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


@dataclass(frozen=True)
class DueTimes:
    """Made by `parse`. All times are UTC and whole minutes."""

    key: str
    """The zone and the expressions, as `parse_key` reads them; another key means other due times."""
    expressions: tuple[_Expression, ...]
    zone: tzinfo

    def next_due(self, after: datetime) -> datetime:
        """The first due time later than `after`."""
        return min(expression.next_due(after, self.zone) for expression in self.expressions)

    def newest_missed(self, after: datetime, now: datetime, deadline: timedelta) -> datetime | None:
        """The newest due time later than `after`, not later than `now`, and not longer ago than `deadline`.

        The work does not grow with the number of due times between them.
        """
        before = max(after, now - deadline - timedelta(seconds=1))
        newest = self.next_due(before)
        if newest > now:
            return None
        end = now
        while (following := self.next_due(newest)) <= now:
            newest = following
            middle = newest + (end - newest) / 2
            later = self.next_due(middle)
            newest, end = (later, end) if later <= now else (newest, middle)
        return newest

    def newest_missed_of_both(
        self, other: DueTimes, after: datetime, now: datetime, deadline: timedelta
    ) -> datetime | None:
        """The newest due time of `newest_missed` that is one of `other` too.

        Each look goes back to what only one of them holds; after 400 looks without such a time it is None.
        """
        left, end = deadline, now
        for _ in range(_MOST_LOOKS):
            mine = self.newest_missed(after, end, left)
            both = None if mine is None else other.newest_missed(after, mine, left - (end - mine))
            if mine is None or both is None or both == mine:
                return both
            left, end = left - (end - both), both
        return None

    def count(self, after: datetime, until: datetime, most: int) -> int:
        """How many due times lie after `after` and not after `until`; counting ends at `most`."""
        number = 0
        due = self.next_due(after)
        while due <= until and number < most:
            number += 1
            due = self.next_due(due)
        return number


@lru_cache(maxsize=4096)
def parse(expressions: tuple[str, ...], time_zone: str) -> DueTimes:
    """Raises InvalidScheduleError. Cheap when repeated."""
    if not expressions:
        raise InvalidScheduleError(f"spec.schedules is empty; {ALLOWED}")
    parsed = tuple(_parse(text) for text in expressions)
    key = ";".join((time_zone, *sorted(one.fields for one in parsed)))
    return DueTimes(key, parsed, _zone(time_zone))


def parse_key(key: str) -> DueTimes | None:
    """The due times of a stored key; None where it cannot be read (any more)."""
    time_zone, *expressions = key.split(";")
    try:
        return parse(tuple(expressions), time_zone)
    except InvalidScheduleError:
        return None


def _parse(text: str) -> _Expression:
    words = MACROS.get(text.strip(), text).upper().split()
    if len(words) != len(_FIELDS):
        why = "TZ= is not allowed, use spec.timeZone; " if "TZ=" in text.upper() else ""
        raise InvalidScheduleError(f"cannot use the cron expression {text!r}: {why}{ALLOWED}")
    fields = [_field(text, number, word) for number, word in enumerate(words)]
    expression = " ".join(fields)
    try:
        cron = CronSim(expression, _LONG_AGO)
        comes = next(cron, None) is not None
    except CronSimError as error:
        comes = False
        name = str(error).removeprefix("Bad ").replace("-", " ")
        field = next((row for row in _FIELDS if row[0] == name), None)
        if name == "day of month" and _is_understood([*fields[:3], "*", fields[4]]):
            raise _never(text) from error
        allowed = f"{field[2]}" if field else ALLOWED
        raise InvalidScheduleError(
            f"cannot use the cron expression {text!r}: its {name} is not in {allowed}, or a range runs backwards"
        ) from error
    if not comes:
        raise _never(text)
    return _Expression(expression, hourly=len(cron.hours) == 24)


def _is_understood(fields: list[str]) -> bool:
    try:
        CronSim(" ".join(fields), _LONG_AGO)
    except CronSimError:
        return False
    return True


def _field(text: str, number: int, word: str) -> str:
    """The field as cronsim is to read it: a step over all days is a choice of days, as for a CronJob, and with a
    choice in both fields of days either is enough."""
    name, value, allowed = _FIELDS[number]
    term = re.compile(_TERM.format(value=value))
    terms = word.split(",")
    if not all(term.fullmatch(one) for one in terms) or ("?" in word and number not in _WHOLE):
        raise InvalidScheduleError(
            f"cannot use the cron expression {text!r}: its {name} is {word!r}; use {allowed}, *, lists, ranges, steps"
        )
    terms = [re.sub(r"/0*1$", "", one.replace("?", "*")) if one[0] in "*?" else one for one in terms]
    if "*" in terms:
        return "*"
    return ",".join(one.replace("*", _WHOLE[number]) if number in _WHOLE else one for one in terms)


def _zone(name: str) -> tzinfo:
    try:
        if name not in _NO_ZONES:
            return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such zone, or a text that is no name of one
        pass
    raise InvalidScheduleError(
        f"cannot use the time zone {name!r}: write a name of the IANA database, such as Europe/Paris, or UTC"
    )


def _never(text: str) -> InvalidScheduleError:
    return InvalidScheduleError(
        f"cannot use the cron expression {text!r}: no month has such a day, so it never comes"
    )


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _moments(wall: datetime, zone: tzinfo) -> list[datetime]:
    """When the zone's clocks show this time: never, once, or twice."""
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return sorted({moment for moment in both if _wall(moment, zone) == wall})


def _end_of_gap(wall: datetime, zone: tzinfo) -> datetime:
    """The moment at which the clocks are set forward over this time."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    return _change(early, late, zone)


def _change(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """The first minute later than `early` at which the clocks stand otherwise; at `late` they do."""
    before = _offset(early, zone)
    early = early.replace(second=0, microsecond=0)
    minutes = int((late - early) / MINUTE) + 1
    low, high = 0, minutes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(early + middle * MINUTE, zone) == before else (low, middle)
    return early + high * MINUTE
