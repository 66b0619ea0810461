"""What is worth counting about the requests to the cloud, told to whoever counts."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol

from zilliz_jobs.cloud.envelope import SUCCESS_CODES, Codes, Envelope, fault
from zilliz_jobs.cloud.errors import CloudError, NoPermission, NotFound, ProtocolMismatch, Transient, Unauthorised
from zilliz_jobs.cloud.limiter import Limiter, Priority, Throttled
from zilliz_jobs.core.reasons import Reason

NO_ANSWER = ("unavailable", "none")


class Meter(Protocol):
    """`telemetry.metrics.Metrics` is one. Never raises."""

    def called(self, route: str, outcome: str, code: str, seconds: float) -> None:
        """A request was answered, or got no answer. `route`: method and path template; `outcome`: a word of
        `outcome_of` or `unreadable`; `code`: as `code_of` gives it, `none` without an answer; `seconds`: from
        its turn in the budget to the end of the answer, connecting included."""

    def waited(self, priority: str, seconds: float) -> None:
        """A request got its turn in the budget after so many `seconds`. `priority`: the name of a `Priority`, in
        small letters."""

    def turned_away(self, priority: str) -> None:
        """A request got no turn in the time that it could wait."""


class Unmetered(Meter):
    """Counts nothing."""

    def called(self, route: str, outcome: str, code: str, seconds: float) -> None: ...
    def waited(self, priority: str, seconds: float) -> None: ...
    def turned_away(self, priority: str) -> None: ...


async def turn(limiter: Limiter, meter: Meter, route: str, priority: Priority, *, within: float) -> None:
    """Wait for the request's turn in the budget, `within` seconds at most. Raises Throttled."""
    began = asyncio.get_running_loop().time()
    try:
        await limiter.slot(route, priority=priority, within=within)
    except Throttled:
        meter.turned_away(priority.name.lower())
        raise
    meter.waited(priority.name.lower(), asyncio.get_running_loop().time() - began)


class Call:
    """One request on its way, counted when the block ends; not where it never left, or where nobody waited for the
    answer."""

    def __init__(self, meter: Meter, route: str) -> None:
        self._meter, self._route = meter, route
        self._began = 0.0
        self._ended: tuple[str, str] | None = NO_ANSWER

    def __enter__(self) -> Call:
        self._began = asyncio.get_running_loop().time()
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None) -> None:
        if self._ended is not None and not isinstance(error, asyncio.CancelledError):
            self._meter.called(self._route, *self._ended, asyncio.get_running_loop().time() - self._began)

    def withheld(self) -> None:
        """Nothing was sent."""
        self._ended = None

    def unreadable(self) -> None:
        """There was an answer, and nobody can tell what it says."""
        self._ended = ("unreadable", "none")

    def answered(self, envelope: Envelope, codes: Codes) -> None:
        """This is the answer. `codes`: what the codes of the host mean."""
        self._ended = (outcome_of(envelope, codes), code_of(envelope, codes))


def outcome_of(envelope: Envelope, codes: Codes) -> str:
    """One of a few words; as a read takes the answer, whatever the request was."""
    error = fault(envelope, doing="", message="", codes=codes)
    match error:
        case None:
            return "ok"
        case Transient():
            return "throttled" if error.reason is Reason.RATE_LIMITED else "unavailable"
        case CloudError():
            keys = {Unauthorised: "unauthorised", NoPermission: "forbidden"}
            words = keys | {NotFound: "not_found", ProtocolMismatch: "unreadable"}
            return words.get(type(error), "refused")


def code_of(envelope: Envelope, codes: Codes) -> str:
    """200 for every success, the status of HTTP where that tells of a failure, else the cloud's own code, if it is
    one that is known: an answer must not be able to make a series of its own."""
    if envelope.succeeded:
        return "200"
    if not 200 <= envelope.status < 300 or envelope.code is None:
        return str(envelope.status)
    return str(envelope.code) if envelope.code in codes.refused | codes.not_found | SUCCESS_CODES else "other"
