"""Whether the cloud can be reached with one key at one endpoint, as its last answers tell."""

from __future__ import annotations

from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.core.observation import Unreadable
from zilliz_jobs.core.reasons import Reason

TROUBLE = 3  # failed reads in a row after which the cloud counts as out of reach
MAX_PAUSE = 30.0


class Health:
    """One for each endpoint and API key."""

    def __init__(self) -> None:
        self._failures = 0
        self.last = Unreadable(Reason.CLOUD_UNREACHABLE, "")

    def note(self, failure: Unreadable | None) -> None:
        """A read ended: with an answer (None), or with this failure. What the budget, the key or its rights forbid
        says nothing about the cloud and is not counted."""
        if failure is None:
            self._failures = 0
        elif failure.reason not in (Reason.RATE_LIMITED, Reason.KEY_REJECTED, Reason.NO_PERMISSION):
            self._failures += 1
            self.last = failure

    @property
    def is_bad(self) -> bool:
        """Whether the cloud counts as out of reach."""
        return self._failures >= TROUBLE

    @property
    def pause(self) -> float:
        """Seconds until the next read is worth a try; 0.0 while the cloud can be reached."""
        return exponential(self._failures - TROUBLE, base=1.0, cap=MAX_PAUSE, jitter=0.5) if self.is_bad else 0.0
