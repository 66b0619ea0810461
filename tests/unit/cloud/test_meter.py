"""If these fail, an outage of the cloud shows nowhere, or an id becomes a series."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx2
import pytest
from tests.unit.cloud.stub import KEY, URL, failure, open_fence

from zilliz_jobs.cloud.dataplane import DATA_PLANE
from zilliz_jobs.cloud.envelope import CONTROL_PLANE, open_envelope
from zilliz_jobs.cloud.errors import CloudError, FenceClosed
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.meter import code_of, outcome_of
from zilliz_jobs.cloud.transport import Transport

pytestmark = pytest.mark.looptime


class PollIndex:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.waits: list[tuple[str, float]] = []
        self.away: list[str] = []

    def called(self, route: str, outcome: str, code: str, _seconds: float) -> None:
        self.calls.append((route, outcome, code))

    def waited(self, priority: str, seconds: float) -> None:
        self.waits.append((priority, round(seconds, 3)))

    def turned_away(self, priority: str) -> None:
        self.away.append(priority)


def metered(cloud: Any, limiter: Limiter | None = None) -> tuple[Transport, PollIndex]:
    book = PollIndex()
    return Transport(URL, KEY, limiter or Limiter(), wire=httpx2.MockTransport(cloud.handle), meter=book), book


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (httpx2.Response(200, json={"code": 0, "data": {}}), "ok", "200"),
        (httpx2.Response(200, json={"code": 200, "data": {}}), "ok", "200"),
        (failure(80020, "no such cluster"), "not_found", "80020"),
        (failure(80001, "bad key"), "unauthorised", "80001"),
        (failure(0, "bad key", 401), "unauthorised", "401"),
        (failure(83001, "no"), "refused", "83001"),
        (failure(987654, "a code that nobody documents"), "refused", "other"),
        (failure(0, "slow down", 429), "throttled", "429"),
        (failure(0, "oh no", 503), "unavailable", "503"),
        (httpx2.Response(302, headers={"location": "https://log.in"}), "unreadable", "302"),
        (httpx2.Response(200, text="<html>"), "unreadable", "200"),
        (httpx2.ConnectError("no route"), "unavailable", "none"),
        (httpx2.DecodingError("gzip"), "unreadable", "none"),
    ],
)
async def test_a_call_is_counted_by_its_route_and_what_came_of_it(
    cloud: Any, answer: Any, outcome: str, code: str
) -> None:
    cloud.says(answer, answer)
    transport, book = metered(cloud)
    with contextlib.suppress(CloudError):
        await transport.read("GET", "/v2/jobs/{jobId}", ids={"jobId": "job-77"})
    await transport.effect("POST", "/v2/x/{id}/y", ids={"id": "in01"}, token="t", fence=open_fence)
    assert book.calls == [("GET /v2/jobs/{jobId}", outcome, code), ("POST /v2/x/{id}/y", outcome, code)]
    await transport.close()


async def test_what_never_left_is_no_call(cloud: Any) -> None:
    def closed() -> None:
        raise FenceClosed("too late")

    cloud.says({})
    transport, book = metered(cloud)
    await transport.effect("POST", "/v2/x", token="t", fence=closed)
    assert (book.calls, cloud.requests) == ([], [])
    await transport.close()


async def test_a_call_whose_answer_nobody_waits_for_says_nothing_of_the_cloud() -> None:
    """Else each stop of the operator looked like an outage."""

    async def slow(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(5)
        raise AssertionError("it was waited for")

    book = PollIndex()
    transport = Transport(URL, KEY, Limiter(), wire=httpx2.MockTransport(slow), meter=book)
    task = asyncio.create_task(transport.read("GET", "/v2/x"))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert book.calls == []
    await transport.close()


async def test_the_wait_for_a_turn_is_told_by_rank_and_so_is_a_turn_that_came_too_late(cloud: Any) -> None:
    cloud.says({})
    transport, book = metered(cloud, Limiter(1.06))  # one turn a second
    low_priority = transport.low_priority()
    await asyncio.gather(transport.read("GET", "/v2/x"), low_priority.read("GET", "/v2/x"))
    assert book.waits == [("need", 0.0), ("poll", 1.0)]
    transport._limiter.pause(100)
    with pytest.raises(CloudError):
        await transport.read("GET", "/v2/x")
    await transport.effect("POST", "/v2/y", token="t", fence=open_fence)
    assert book.away == ["need", "effect"]
    assert len(book.waits) == 2
    await transport.close()


def test_the_codes_of_a_data_plane_are_its_own() -> None:
    envelope = open_envelope(200, {}, b'{"code": 100, "message": "collection not found"}')
    assert (outcome_of(envelope, DATA_PLANE), code_of(envelope, DATA_PLANE)) == ("not_found", "100")
    assert (outcome_of(envelope, CONTROL_PLANE), code_of(envelope, CONTROL_PLANE)) == ("refused", "other")
