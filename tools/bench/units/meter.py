"""What a piece of work takes: processor time of this thread, and requests to the two servers.

Processor time is not wall time: a machine on which others work too gives nearly the same figures. The median of
several rounds is kept, and garbage is collected between them, not during them.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.bench.units.inside import Inside

ROUNDS = 7
BY_TIME = "kube GET secrets"  # a Secret in use is read every half minute, whatever is done meanwhile


class Meter:
    """`units`: how many units of work a round has, where the round does not say."""

    def __init__(self, inside: Inside, units: int = 1) -> None:
        self._inside, self._units = inside, units
        self._done = 0
        self._seconds: list[float] = []
        """Of one unit, by round."""
        self._calls: Counter[str] = Counter()

    @contextmanager
    def round(self, units: int | None = None) -> Iterator[None]:
        gc.collect()
        gc.disable()
        try:
            with self._measured(units or self._units):
                yield
        finally:
            gc.enable()

    @contextmanager
    def _measured(self, units: int) -> Iterator[None]:
        before, began = self._inside.calls(), time.thread_time()
        try:
            yield
        finally:
            self._seconds.append((time.thread_time() - began) / units)
        self._done += units
        self._calls += self._inside.calls() - before
        del self._calls[BY_TIME]

    def figures(self) -> dict[str, Any]:
        """Of one unit: `ms` of processor time (the median of the rounds), `least` in the best round, calls."""
        return {
            "ms": round(1000 * statistics.median(self._seconds), 4),
            "leastMs": round(1000 * min(self._seconds), 4),
            "cloudCalls": round(sum_of(self._calls, "cloud ") / self._done, 4),
            "kubeCalls": round(sum_of(self._calls, "kube ") / self._done, 4),
        }


@dataclass(frozen=True)
class Meters:
    """Meters of one kind, and how many rounds each unit is measured in."""

    inside: Inside
    rounds: int = ROUNDS
    kind: type[Meter] = Meter

    def new(self, units: int = 1) -> Meter:
        """`units`: how many a round has, where the round does not say."""
        return self.kind(self.inside, units)


def sum_of(calls: Counter[str], start: str) -> int:
    """How many of the calls begin with these words."""
    return sum(count for name, count in calls.items() if name.startswith(start))
