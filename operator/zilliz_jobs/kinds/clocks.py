"""The cloud's clocks, of which it has several: one that its answers carry, and those by which it dates its jobs.

Whether something began before a submission is told by comparing the two. They may be apart, by a slow server or by a
time zone; so jobs of which the cloud itself said that they are ours are measured, and what they show is allowed for.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.cloud.readings import Readings

SLACK = timedelta(seconds=60)
"""By which the clocks may be apart without our knowing."""
TICK = timedelta(seconds=1)
"""To which the cloud tells its times; what is of one second has no order."""
MAX_LAG = timedelta(days=36_500)
"""That still can be reckoned with."""


class CloudClocks:
    """The clocks as one connection sees them."""

    def __init__(self) -> None:
        self._lag = timedelta(0)

    @property
    def slack(self) -> timedelta:
        """What began so much before a submission, and no more, may be of it all the same."""
        return SLACK + self._lag

    def witness(self, sent: datetime, began: datetime) -> None:
        """The cloud answered the request sent after `sent` with a job that it dates `began`; both are the cloud's
        times. The slack grows where they contradict one another, and never shrinks. Idempotent."""
        self._lag = min(max(self._lag, sent - began), MAX_LAG)

    def is_older(self, began: datetime | None, submission: Submission) -> bool:
        """Whether it is certain to have begun before the request was sent; without a time, nothing is."""
        sent = submission.cloud_time
        return began is not None and sent is not None and began < sent - self.slack

    def is_near(self, began: datetime | None, submission: Submission) -> bool:
        """Whether it began before the request or in the very second of the read before it: times do not tell which of
        the two was first."""
        sent = submission.cloud_time
        return began is not None and sent is not None and began < sent + TICK


def is_ahead(began: datetime | None, now: datetime | None) -> bool:
    """Whether a job is dated in the future, so that times say nothing of it."""
    return began is not None and now is not None and began > now + SLACK


async def second_before(readings: Readings, since: float | None) -> datetime | None:
    """The cloud's clock at a moment after `since` (seconds of the event loop's clock) whose second has passed: a job
    that is started now is dated later. Waits for a second at most; None where the clock is not known."""
    loop = asyncio.get_running_loop()
    reading = readings.since(since, loop.time()) if since is not None else None
    if reading is None:
        return None
    await asyncio.sleep(max(0.0, reading.over - loop.time()))
    return reading.date
