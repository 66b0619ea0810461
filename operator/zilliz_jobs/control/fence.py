"""The fence: the last question before a request leaves, so that nothing is sent late or by a deposed leader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.control.clock import steady

MARGIN_SECONDS = 5.0
"""For how long the Lease must still be ours: a request that passes the fence is at the cloud by then.

Its answer may take longer. That is no harm: its intent is stored, so a successor finds that and waits for its effect.
"""


@dataclass(frozen=True)
class Fence:
    """Open for `limit` seconds after the intent was *sent* to the API server, on a clock that never stands still.

    `leads`: whether this process will still lead for so many seconds; without an election it always does.
    """

    limit: float
    leads: Callable[[float], bool] = lambda _seconds: True
    clock: Callable[[], float] = steady
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
        if not self.leads(MARGIN_SECONDS):
            raise FenceClosed("this process may no longer lead")
