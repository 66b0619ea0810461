"""The simulated clock: seconds since the world began, and the wall time they stand for.

Everything the cloud does takes time on this clock, which may run faster than ours (`speed`), stand still
and be stepped (`ManualClock`), or both. Only rate limits and latency faults use real time, which `real` tells.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    """Runs `speed` simulated seconds per real second; can be advanced by hand at any time."""

    def __init__(
        self,
        speed: float = 1.0,
        *,
        began: datetime | None = None,
        real: Callable[[], float] = time.monotonic,
    ) -> None:
        self.real = real
        self._speed = speed
        self._elapsed = 0.0
        self._anchor = real()
        self.began = began or datetime.now(UTC)

    @property
    def speed(self) -> float:
        """Simulated seconds per real second; 0 means the clock stands still."""
        return self._speed

    def now(self) -> float:
        """Simulated seconds since the world began."""
        return self._elapsed + (self.real() - self._anchor) * self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from this moment on; the time already gone stays gone."""
        if speed < 0:
            raise ValueError(f"cannot set the clock's speed to {speed}: it must not be negative")
        self._rebase()
        self._speed = speed

    def measure_by(self, real: Callable[[], float]) -> None:
        """Take real time from this clock from now on: an event loop's, say, whose time is virtual."""
        self._elapsed, self.real = self.now(), real
        self._anchor = real()

    def advance(self, seconds: float) -> None:
        """Jump forward. The clock never goes back: jobs would seem to un-finish."""
        if seconds < 0:
            raise ValueError(f"cannot advance the clock by {seconds} s: time does not go back")
        self._elapsed += seconds

    def wall(self, at: float | None = None) -> datetime:
        """The wall time of a simulated moment (default: now), in UTC."""
        return self.began + timedelta(seconds=self.now() if at is None else at)

    def stamp(self, at: float | None) -> str:
        """ISO-8601 with a Z, as the API writes times (documented); "" for a moment that has not come."""
        return "" if at is None else self.wall(at).strftime("%Y-%m-%dT%H:%M:%SZ")

    def http_date(self, skew_seconds: float = 0.0) -> str:
        """The value of a `Date` header."""
        return format_datetime(self.wall() + timedelta(seconds=skew_seconds), usegmt=True)

    def _rebase(self) -> None:
        self._elapsed, self._anchor = self.now(), self.real()


class ManualClock(Clock):
    """Stands still until a test advances it. Begins at a fixed date, so that answers are repeatable."""

    def __init__(self, began: datetime = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)) -> None:
        super().__init__(speed=0.0, began=began)
