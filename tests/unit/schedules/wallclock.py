"""When a cron expression is due, reckoned minute by minute with zoneinfo alone, and with nothing of the operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@lru_cache(maxsize=512)
def numbers(field: int, text: str) -> frozenset[int]:
    low, high = RANGES[field]
    found: set[int] = set()
    for term in text.split(","):
        span, _, step = term.partition("/")
        first, _, last = span.partition("-")
        start = low if first == "*" else _number(first)
        end = high if first == "*" or (step and not last) else _number(last or first)
        found |= set(range(start, end + 1, int(step or 1)))
    return frozenset({0 if field == 4 and one == 7 else one for one in found})


def _number(word: str) -> int:
    return NAMES.index(word) if word in NAMES else int(word)


@dataclass(frozen=True)
class WallClock:
    """One expression of five fields in a zone."""

    expression: str
    zone: str

    def shows(self, wall: datetime) -> bool:
        """Whether the expression names this time on the wall."""
        texts = self.expression.split()
        minutes, hours, days, months, weekdays = (numbers(number, text) for number, text in enumerate(texts))
        if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
            return False
        day, weekday = wall.day in days, wall.isoweekday() % 7 in weekdays
        either = texts[2] != "*" and texts[4] != "*"
        return day or weekday if either else day and weekday

    def due_on_days(self, start: date, end: date) -> Iterator[datetime]:
        """All due minutes of the days from `start`, without `end`: minute by minute on a day with a change of the
        clocks, else by the times on the wall."""
        zone, texts = ZoneInfo(self.zone), self.expression.split()
        times = [(hour, minute) for hour in sorted(numbers(1, texts[1])) for minute in sorted(numbers(0, texts[0]))]
        for number in range((end - start).days):
            day = start + timedelta(days=number)
            morning = datetime.combine(day, time(), zone)
            evening = datetime.combine(day + timedelta(days=1), time(), zone)
            if morning.utcoffset() != evening.utcoffset():
                yield from self.due(morning.astimezone(UTC) - MINUTE, evening.astimezone(UTC) - MINUTE)
                continue
            walls = [datetime.combine(day, time(hour, minute)) for hour, minute in times]
            yield from (wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls if self.shows(wall))

    def due(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """All due minutes after `start`, and not after `end`."""
        zone, every_hour = ZoneInfo(self.zone), len(numbers(1, self.expression.split()[1])) == 24
        moment = start.replace(second=0, microsecond=0)
        before = moment.astimezone(zone)
        while (moment := moment + MINUTE) <= end:
            here = moment.astimezone(zone)
            wall, last = here.replace(tzinfo=None), before.replace(tzinfo=None)
            before = here
            if every_hour:
                due = self.shows(wall)
            else:
                left_out = int((wall - last) / MINUTE) - 1  # more than none where the clocks are set forward
                due = here.fold == 0 and self.shows(wall)
                due = due or any(self.shows(last + number * MINUTE) for number in range(1, left_out + 1))
            if due:
                yield moment.astimezone(UTC)
