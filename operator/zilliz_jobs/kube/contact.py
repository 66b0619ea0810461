"""For how long the API server did not answer. While it answers, its history goes on; after a silence it may be
another one, as etcd may have been restored from a backup meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable


class Contact:
    """Times in seconds of `clock`, which must go on while the process stands still. An answer is one that says what
    the API server holds, a refusal by its rules too; not that it is starting, overloaded or broken."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._longest = 0.0

    def answered(self, status: int) -> None:
        """The API server answered with this HTTP status."""
        if status >= 500 or status == 429:
            return
        now = self._clock()
        self._longest, self._last = max(self._longest, now - self._last), now

    def longest_silence(self) -> float:
        """Seconds of the longest time without an answer, since this was asked last; the present one counts."""
        longest = max(self._longest, self._clock() - self._last)
        self._longest = 0.0
        return longest
