"""How many passes over an object achieved nothing in a row, and how long to wait before the next one."""

from __future__ import annotations

from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.backoff import exponential


class Tries:
    """Counts by key. `cap`: the longest wait, in seconds."""

    def __init__(self, cap: float) -> None:
        self._cap = cap
        self._counts: dict[Key, int] = {}

    def of(self, key: Key) -> int:
        """How many passes in a row achieved nothing."""
        return self._counts.get(key, 0)

    def forget(self, key: Key) -> None:
        """A pass achieved something, or the object is gone: count from zero."""
        self._counts.pop(key, None)

    def count(self, key: Key) -> int:
        """Count one more; returns how many there were before."""
        before = self.of(key)
        self._counts[key] = before + 1
        return before

    def wait(self, key: Key, *, base: float = 1.0) -> float:
        """Count one more; returns the seconds to wait: `base` doubled with each, with jitter, at most `cap`."""
        return exponential(self.count(key), base=base, cap=self._cap, jitter=0.5)
