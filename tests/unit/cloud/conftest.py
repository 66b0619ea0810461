"""Fixtures of the cloud layer's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.unit.cloud.stub import KEY, URL, StubCloud

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Transport


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


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
        URL, KEY, limiter=Limiter(10_000), console_path="/console/v1", wire=httpx2.MockTransport(cloud.handle)
    )
    yield session
    await session.close()
