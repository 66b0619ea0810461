"""The fence: the last question before a request leaves, so that nothing is sent late or by a deposed leader."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from zilliz_jobs.cloud.errors import FenceClosed

REQUEST_SECONDS = 30.0


@dataclass(frozen=True)
class Fence:
    """Open for `limit` seconds after the intent was *sent* to the API server, on the monotonic clock.

    `leads`: whether this process will still lead for so many seconds; without an election it always does.
    """

    limit: float
    leads: Callable[[float], bool] = lambda _seconds: True
    clock: Callable[[], float] = time.monotonic
    began: float = field(default=-1.0)

    def start(self) -> Fence:
        return Fence(self.limit, self.leads, self.clock, self.clock())

    def __call__(self) -> None:
        """Raises FenceClosed when it is too late to send."""
        if self.began < 0:
            raise FenceClosed("the fence was never started")
        waited = self.clock() - self.began
        if waited >= self.limit:
            raise FenceClosed(
                f"{waited:.0f} s went by since the intent was written; at most {self.limit:.0f} are safe"
            )
        if not self.leads(REQUEST_SECONDS):
            raise FenceClosed("this process may no longer lead")
