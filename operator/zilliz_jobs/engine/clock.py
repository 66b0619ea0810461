"""The clock of everything that must not be late: steady, and it goes on while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# CLOCK_MONOTONIC of Linux stands still while the machine is suspended, and a Lease does not.
_AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def steady() -> float:
    """Seconds since some moment. Never set, never turned back; of use within this process only."""
    return time.monotonic() if _AWAKE_OR_NOT is None else time.clock_gettime(_AWAKE_OR_NOT)


STEP = timedelta(seconds=5)  # more than NTP slews away between two looks, less than any wait that matters


class WallClock:
    """Notices when the clock of the machine is set: it and the steady one part ways then."""

    def __init__(self, now: Callable[[], datetime], beside: Callable[[], float] = steady) -> None:
        self._now, self._beside = now, beside
        self._offset: timedelta | None = None
        self.set_at: datetime | None = None
        """When it was last set, by its new time; None where it never was."""

    def now(self) -> datetime:
        moment = self._now()
        offset = moment - datetime.fromtimestamp(0, UTC) - timedelta(seconds=self._beside())
        if self._offset is not None and abs(offset - self._offset) > STEP:
            self.set_at = moment
        self._offset = offset
        return moment
