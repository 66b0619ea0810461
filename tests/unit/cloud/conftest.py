"""A cloud of canned answers behind the HTTP client's own transport seam: no patched clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Transport

KEY = "0123456789abcdef-key"
URL = "https://cloud.test"
Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class StubCloud:
    """Answers in order, then repeats the last; remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answers: list[Answer] = []

    def says(self, *answers: Answer | dict[str, Any] | list[Any]) -> None:
        """Data is wrapped into the v2 envelope."""
        self.answers = [data(answer) if isinstance(answer, dict | list) else answer for answer in answers]

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content or "null") for request in self.requests]


def data(value: object, code: int = 0) -> httpx2.Response:
    return httpx2.Response(200, json={"code": code, "data": value}, headers={"requestid": "req-1"})


def failure(code: int, message: str, status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"code": code, "message": message}, headers=headers)


def open_fence() -> None:
    """A fence that lets everything pass."""


@pytest.fixture(scope="session", autouse=True)
def no_stray_event_loop() -> None:
    """Else the virtual-time plugin makes a loop for the first synchronous test, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture
def cloud() -> StubCloud:
    return StubCloud()


@pytest.fixture
async def transport(cloud: StubCloud) -> AsyncIterator[Transport]:
    transport = Transport(URL, KEY, Limiter(10_000), wire=httpx2.MockTransport(cloud.handle))
    yield transport
    await transport.close()


@pytest.fixture
async def session(cloud: StubCloud) -> AsyncIterator[CloudSession]:
    session = CloudSession(
        URL, KEY, rate=10_000, console_path="/console/v1", wire=httpx2.MockTransport(cloud.handle)
    )
    yield session
    await session.close()
