"""Two clocks: a steady one for spans of time, and the API server's time for what is compared with times in an object.

`creationTimestamp` is written by the API server. The clock of the operator's machine may differ from it by hours, so
an age that is the difference of the two says nothing. The API server tells its time in every answer (`Date`).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median_low

# CLOCK_MONOTONIC of Linux stands still while the machine is suspended, and a Lease does not.
_AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)

log = logging.getLogger(__name__)


def steady() -> float:
    """Seconds since an arbitrary moment. Nobody can set this clock; its values mean nothing in another process."""
    return time.monotonic() if _AWAKE_OR_NOT is None else time.clock_gettime(_AWAKE_OR_NOT)


def machine_time() -> datetime:
    """The time by this machine's clock. Do not compare it with a time that another machine wrote."""
    return datetime.now(UTC)


STEP = 5.0  # more than NTP slews away between two looks, less than any wait that matters
SLACK = 1.0  # `Date` is in whole seconds, so an estimate is no better than this
ANSWERS = 9  # the median of so many counts, so that one server of three whose clock is wrong changes nothing
APART = 1.0  # least time between two answers that count
PROMPT = 2.0  # an answer that took longer is too inexact
ROUNDING = 0.001  # a sum of two floats may fall short of a whole second
TOLD_FROM, TOLD_UNTIL = 60.0, 30.0  # differences at which a warning begins and ends; the estimate is never exact
FIRST, LAST = datetime(2014, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # there was no Kubernetes before


class ServerClock:
    """The time of the API server: this process's steady clock, and an offset that the server's answers tell.

    Before the first answer it is the clock of the machine. It goes on evenly, and back only where the API server's
    own clock was set back by more than `STEP`.
    """

    def __init__(self, machine: Callable[[], datetime] = machine_time, beside: Callable[[], float] = steady) -> None:
        self._machine, self._beside = machine, beside
        self._heard: deque[float] = deque(maxlen=ANSWERS)
        self._heard_at: float | None = None
        self._offset: float | None = None
        self._shown: float | None = None
        self._complains = False
        self.set_at: datetime | None = None
        """When it was last set, by its new time; None where it never was."""
        self.skew = 0.0
        """By how many seconds the machine's clock is ahead of the API server's, as of the last answer."""

    def now(self) -> datetime:
        """Whole seconds, as a status can hold them."""
        if not self._heard:
            self._follow(self._machine().timestamp() - self._beside(), slack=0.0)
        assert self._offset is not None  # noqa: S101 - the first answer, or the line above, has set it
        moment = self._beside() + self._offset
        self._shown = moment if self._shown is None else max(self._shown, moment)
        return _whole(self._shown)

    def stopwatch(self) -> Stopwatch:
        """For spans that are compared with `now`."""
        return Stopwatch(self.now, self._beside)

    def hear(self, date: str, took: float) -> None:
        """An answer of the API server came this moment. `date`: its header, empty where there is none; `took`:
        seconds since the request was sent. What is no time of this age is ignored."""
        came = self._beside()
        if self._heard_at is not None and (took > PROMPT or came - self._heard_at < APART):
            return
        if (told := _moment(date)) is None:
            return
        self._heard_at = came
        self._heard.append(told + 0.5 - (came - took / 2))
        self._follow(median_low(self._heard), slack=SLACK)
        assert self._offset is not None  # noqa: S101 - `_follow` has set it
        self.skew = self._machine().timestamp() - (came + self._offset)
        self._complain()

    def _follow(self, offset: float, slack: float) -> None:
        step = 0.0 if self._offset is None else offset - self._offset
        if self._offset is not None and abs(step) <= slack:
            return
        self._offset = offset
        if abs(step) > STEP and self._shown is not None:
            self._shown = self._beside() + offset
            self.set_at = _whole(self._shown)

    def _complain(self) -> None:
        ahead, apart = "ahead of" if self.skew > 0 else "behind", abs(self.skew)
        if not self._complains and apart > TOLD_FROM:
            self._complains = True
            log.warning(
                "this machine's clock is %.0f s %s the API server's; times and deadlines go by the API server's; "
                "set the clock of this node",
                apart,
                ahead,
            )
        elif self._complains and apart < TOLD_UNTIL:
            self._complains = False
            log.info("this machine's clock agrees with the API server's again")


class Stopwatch:
    """Since when something goes on: measured by the steady clock, given as a time that `now` can be compared with.
    Setting any clock makes no span longer or shorter."""

    def __init__(self, now: Callable[[], datetime], beside: Callable[[], float]) -> None:
        self._now, self._beside = now, beside

    def begin(self) -> float:
        """The present moment, for a later `since`."""
        return self._beside()

    def since(self, began: float) -> datetime:
        """The moment of a `begin`, as a time that `now` can be compared with."""
        return self._now() - timedelta(seconds=int(self._beside() - began))


def _whole(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds + ROUNDING), UTC)


def _moment(date: str) -> float | None:
    """The time of a `Date` header in seconds; None for what is none, or is far from any time that there is."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    return told.timestamp() if FIRST <= told < LAST else None
