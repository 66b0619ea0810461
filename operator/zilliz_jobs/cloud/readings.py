"""What the cloud's clock showed in the last seconds: for a time that lies certainly before a request to come.

The cloud tells its times to the second. A job that is started right after a read is dated with the second of that
read as often as not, and so is one that was started right before it. Only a second that has passed tells the two
apart.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime

SECOND = 1.0
EVERY = 0.1
KEPT = 64


@dataclass(frozen=True)
class Reading:
    """`received`: seconds of the event loop's clock."""

    received: float
    date: datetime

    @property
    def over(self) -> float:
        """When its second has passed at the cloud for certain."""
        return self.received + SECOND


class Readings:
    """The last ones, at most ten for each second."""

    def __init__(self) -> None:
        self._last: deque[Reading] = deque(maxlen=KEPT)
        self._newest: Reading | None = None

    def note(self, received: float, date: datetime) -> None:
        """An answer came at `received` (the event loop's clock) with the `Date` header `date`. May be called for
        every answer."""
        self._newest = Reading(received, date)
        if not self._last or received - self._last[-1].received >= EVERY:
            self._last.append(self._newest)

    def since(self, moment: float, now: float) -> Reading | None:
        """Of those after `moment` the newest whose second has passed by `now`, else the one whose second passes
        first; None without any."""
        after = [reading for reading in self._last if reading.received >= moment]
        if not after and self._newest is not None and self._newest.received >= moment:
            after = [self._newest]  # it came right after another one
        passed = [reading for reading in after if reading.over <= now]
        return passed[-1] if passed else after[0] if after else None
