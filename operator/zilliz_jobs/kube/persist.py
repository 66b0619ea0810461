"""The one loop for writes to Kubernetes: tried until they are stored, or until their owner wants no further try.

For what must not get lost by one failed request: the answer to a submission, one-time credentials, what a connection
remembers, rows and statuses that others change at the same time, events. Not for passes over objects, which the work
queue repeats; nor for the Lease, whose holder counts by the time that the Lease has left; nor for reads, which those
who wait for them repeat.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol, TypeVar

from zilliz_jobs.kube.errors import KubeError, Unavailable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Write(Protocol[T_co]):
    """One write, as often as it is tried. What it must know from try to try it keeps itself."""

    async def once(self) -> T_co:
        """Try it, and return what came of it. Raises KubeError. After an `Unavailable` the try before may have
        succeeded, so it must do no harm twice."""

    def again(self, error: KubeError, tries: int) -> None:
        """The try number `tries` (from 1) failed. Returns where another one is wanted; else raises `error`, or what
        the caller of `persist` should get in its place: the object is gone, say, or this process leads no more."""


@dataclass(frozen=True)
class Pace:
    """Seconds before the second try; before each further one twice as many, and `longest` at most. Where the server
    names a time (Retry-After), it is not asked sooner, again up to `longest`."""

    first: float
    longest: float

    def pause(self, error: KubeError, tries: int) -> float:
        """Pure. Seconds to wait after try number `tries` (from 1) failed with `error`."""
        asked = (error.retry_after if isinstance(error, Unavailable) else None) or 0.0
        return min(self.longest, max(asked, self.first * 2.0 ** min(tries - 1, 32)))


PATIENT = Pace(0.5, 10.0)
AT_ONCE = Pace(0.0, 0.0)
"""For writes that fail because somebody else was faster, and that begin with a read. They need a limit of tries."""


async def persist(write: Write[T], pace: Pace = PATIENT) -> T:
    """Try `write` until it is stored, and return what it returned. Raises what its `again` raises, and whatever is no
    KubeError. May be cancelled at any time; what a try has sent by then may be stored."""
    tries = 0
    while True:
        tries += 1
        try:
            return await write.once()
        except KubeError as error:
            write.again(error, tries)
            pause = pace.pause(error, tries)
        await asyncio.sleep(pause)
