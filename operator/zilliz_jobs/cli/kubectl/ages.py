"""Spans of time in one short word, as kubectl writes them. Pure."""

from __future__ import annotations

from datetime import datetime

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


def age(since: datetime | None, now: datetime) -> str:
    """How long ago; "" for a time that is not told."""
    return "" if since is None else duration((now - since).total_seconds())


def duration(seconds: float) -> str:
    """The same figures as kubectl's column AGE; what lies in the future by a little is 0s."""
    total = int(seconds)
    if total < 0:
        return "0s" if total > -2 else "<invalid>"
    for below, unit, part in (
        (2 * MINUTE, 1, 0),
        (10 * MINUTE, MINUTE, 1),
        (3 * HOUR, MINUTE, 0),
        (8 * HOUR, HOUR, MINUTE),
        (2 * DAY, HOUR, 0),
        (8 * DAY, DAY, HOUR),
        (2 * YEAR, DAY, 0),
        (8 * YEAR, YEAR, DAY),
    ):
        if total < below:
            whole, rest = divmod(total, unit)
            more = f"{rest // part}{_LETTER[part]}" if part and rest // part else ""
            return f"{whole}{_LETTER[unit]}{more}"
    return f"{total // YEAR}y"


_LETTER = {1: "s", MINUTE: "m", HOUR: "h", DAY: "d", YEAR: "y"}
