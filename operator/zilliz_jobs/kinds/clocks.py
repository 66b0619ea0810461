"""The cloud's clocks, of which it has several: those that its answers carry, and those by which it dates its jobs.

Whether something began before a submission is told by comparing the two. They may be apart, by a slow server or by a
time zone; so what can be known of that is allowed for: from jobs that the cloud itself called ours, and from our own
clock, used as a ruler: by it, the time between two answers can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Submission

SLACK = timedelta(seconds=60)
"""By which the clocks may be apart without our knowing."""
TICK = timedelta(seconds=1)
"""To which the cloud tells its times."""
NOISE = timedelta(seconds=30)
"""By which a clock and our ruler may disagree, since an answer is older than the record that it goes into."""
MAX_LAG = timedelta(days=36_500)
"""That still can be reckoned with."""


@dataclass(frozen=True)
class Times:
    """The times of the cloud beside one submission. `sent`: when its request was sent at the earliest, and at the
    latest; two where the clock in its record and the one that answers now are apart. `now`: what that one shows."""

    sent: tuple[datetime, datetime] | None
    now: datetime | None
    slack: timedelta = SLACK

    def older(self, began: datetime | None) -> bool:
        """Whether it is certain to have begun before the request was sent; without a time, nothing is."""
        return began is not None and self.sent is not None and began < self.sent[0] - self.slack

    def near(self, began: datetime | None) -> bool:
        """Whether it began before the request, or so it may be."""
        return began is not None and self.sent is not None and began < self.sent[1] - TICK

    def ahead(self, began: datetime | None) -> bool:
        """Whether it is dated in the future, so that times say nothing of it."""
        return began is not None and self.now is not None and began > self.now + SLACK


class CloudClocks:
    """The clocks as one connection sees them."""

    def __init__(self) -> None:
        self._lag = timedelta(0)

    @property
    def slack(self) -> timedelta:
        """What began so much before a moment of the answers' clock, and no more, may have begun after it."""
        return SLACK + self._lag

    def witness(self, sent: datetime, began: datetime) -> None:
        """A job is dated so, of which the cloud said that it is of the request sent after `sent`. Repeatable."""
        self._lag = min(max(self._lag, sent - began), MAX_LAG)

    def beside(self, submission: Submission, now: datetime | None, ahead: timedelta | None) -> Times:
        """`now`, `ahead`: what the last answer's clock showed, and how far it was ahead of ours then."""
        told, intent = submission.cloud_time, submission.intent_time
        if told is None:
            return Times(None, now, self.slack)
        reckoned = told if ahead is None or intent is None else intent + max(-MAX_LAG, min(ahead, MAX_LAG))
        if abs(reckoned - told) <= NOISE:
            reckoned = told
        return Times((min(told, reckoned), max(told, reckoned)), now, self.slack)
