"""How often in a row a pass over an object came to nothing, which says how long to wait for the next one."""

from __future__ import annotations

from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.backoff import exponential


class Tries:
    """`cap`: the longest wait, in seconds."""

    def __init__(self, cap: float) -> None:
        self._cap = cap
        self._counts: dict[Key, int] = {}

    def of(self, key: Key) -> int:
        return self._counts.get(key, 0)

    def forget(self, key: Key) -> None:
        self._counts.pop(key, None)

    def count(self, key: Key) -> int:
        """One more; how many there were before."""
        before = self.of(key)
        self._counts[key] = before + 1
        return before

    def wait(self, key: Key, *, base: float = 1.0) -> float:
        """Counts one more; the seconds to wait after it."""
        return exponential(self.count(key), base=base, cap=self._cap, jitter=0.5)
