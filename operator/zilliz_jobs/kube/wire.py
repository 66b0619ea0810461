"""What carries a request to the API server and the answer back, with the login of the Kubernetes client."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from yarl import URL

from zilliz_jobs.api.jsonbytes import packed
from zilliz_jobs.kube.connection import Credentials, credentials_of
from zilliz_jobs.kube.session import Observer, SharedConnector


@dataclass(frozen=True, slots=True)
class Answer:
    """`took`: seconds until its head was there."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    took: float = 0.0


class Wire(Protocol):
    """Only tests have another one."""

    async def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: object | None,
        limits: aiohttp.ClientTimeout,
    ) -> Answer:
        """Send once. Raises aiohttp.ClientError, OSError or TimeoutError where no whole answer came."""

    async def stream(
        self, target: str, headers: dict[str, str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """GET, and return as soon as the head is there; to be closed. Raises as `send` does."""

    def open_session(self, known: Credentials, observer: Observer | None) -> aiohttp.ClientSession:
        """One more over the connections of this wire; whoever asked for it closes it, before or after this wire."""

    async def close(self) -> None:
        """Close all connections that nobody else uses. Idempotent."""


class ApiWire(Wire):
    """Connections of the server, proxy, trust and credentials that a `Configuration` names."""

    def __init__(self, configuration: Any) -> None:
        self._configuration = configuration
        self._session: aiohttp.ClientSession | None = None
        self._connector: SharedConnector | None = None

    async def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: object | None,
        limits: aiohttp.ClientTimeout,
    ) -> Answer:
        data = None if body is None else packed(body)
        session, headers = await self._opened(), await self._with_login(headers)
        sent = time.monotonic()
        async with session.request(method, self._url(target), headers=headers, data=data, timeout=limits) as response:
            took = time.monotonic() - sent
            return Answer(response.status, await response.read(), response.headers, took)

    async def stream(
        self, target: str, headers: dict[str, str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        session, headers = await self._opened(), await self._with_login(headers)
        return await session.get(self._url(target), headers=headers, timeout=limits)

    def open_session(self, known: Credentials, observer: Observer | None = None) -> aiohttp.ClientSession:
        if self._connector is None or self._connector.closed:
            self._connector = SharedConnector(known)
        return self._connector.open_session(known, observer)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            known = await credentials_of(self._configuration, "")
            if self._session is None:  # nobody else did it meanwhile
                self._session = self.open_session(known)
        return self._session

    async def _with_login(self, headers: dict[str, str]) -> dict[str, str]:
        """Of now: the token of a pod is read again when its time has come."""
        login = await self._configuration.get_api_key_with_prefix("BearerToken")
        return {**headers, "Authorization": login} if login else headers

    def _url(self, target: str) -> URL:
        return URL(self._configuration.host + target, encoded=True)
