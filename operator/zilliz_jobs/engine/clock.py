"""The clock of everything that must not be late: steady, and it goes on while the machine sleeps."""

from __future__ import annotations

import time

# CLOCK_MONOTONIC of Linux stands still while the machine is suspended, and a Lease does not.
_AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def steady() -> float:
    """Seconds since some moment. Never set, never turned back; of use within this process only."""
    return time.monotonic() if _AWAKE_OR_NOT is None else time.clock_gettime(_AWAKE_OR_NOT)
