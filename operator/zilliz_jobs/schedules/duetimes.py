"""When a schedule is due: cron expressions of five fields in a time zone.

A fixed time that the zone's clocks leave out comes once, right after the gap; one that comes twice is due the first
time. Where every hour counts, every real minute does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


class InvalidExpression(ValueError):
    """The expressions or the zone cannot be used; the text says which, and what is allowed."""


@dataclass(frozen=True)
class DueTimes:
    """Made by `parse`. All times are UTC and whole minutes."""

    key: str
    """The expressions and the zone in short; another key means other due times."""

    def next_due(self, after: datetime) -> datetime:
        """The first due time later than `after`."""
        raise NotImplementedError

    def newest_missed(self, after: datetime, now: datetime, deadline: timedelta) -> datetime | None:
        """The newest due time later than `after`, not later than `now`, and not longer ago than `deadline`."""
        raise NotImplementedError

    def count(self, after: datetime, until: datetime, most: int) -> int:
        """How many due times lie after `after` and not after `until`; counting ends at `most`."""
        raise NotImplementedError


def parse(expressions: tuple[str, ...], time_zone: str) -> DueTimes:
    """Raises InvalidExpression. Cheap when repeated."""
    raise NotImplementedError
