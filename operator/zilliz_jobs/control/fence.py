"""The fence: the last check before a request leaves, so that nothing is sent late, or by a former leader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.control.clock import steady

MARGIN_SECONDS = 5.0
"""For how long the Lease must still belong to this process: by then, a request that passed the fence is at the cloud.

Its answer may take longer. That does no harm: its intent is stored, so the next leader finds it and waits for its
effect.
"""


@dataclass(frozen=True)
class Fence:
    """Open for `limit` seconds after the intent was *sent* to the API server, by a clock that never stands still.

    `leads`: whether this process will still lead for so many seconds; without an election it always does. Call
    `start` just before the intent is sent, and the fence itself just before the request is.
    """

    limit: float
    leads: Callable[[float], bool] = lambda _seconds: True
    clock: Callable[[], float] = steady
    began: float = field(default=-1.0)

    def start(self) -> Fence:
        """A fence whose time begins now."""
        return Fence(self.limit, self.leads, self.clock, self.clock())

    def __call__(self) -> None:
        """Raises FenceClosed when nothing may be sent any more: too late, or another process may lead soon."""
        if self.began < 0:
            raise FenceClosed("the fence was never started")
        waited = self.clock() - self.began
        if waited >= self.limit:
            raise FenceClosed(
                f"{waited:.0f} s went by since the intent was written; at most {self.limit:.0f} are safe"
            )
        if not self.leads(MARGIN_SECONDS):
            raise FenceClosed("this process may no longer lead")
