"""What carries a request to the API server and the answer back: the transport of the Kubernetes client."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from kubernetes.aio.client import ApiClient


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

    async def close(self) -> None:
        """Close all connections. Idempotent."""


class ApiWire(Wire):
    """Connections of the server, proxy, trust and credentials that a `Configuration` names."""

    def __init__(self, configuration: Any) -> None:
        configuration.client_session_kwargs = {"trust_env": False}  # what the environment says is in it by now
        self._api: Any = ApiClient(configuration)  # its methods carry no types

    async def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: object | None,
        limits: aiohttp.ClientTimeout,
    ) -> Answer:
        api = self._api
        await api.update_params_for_auth(headers, [], ["BearerToken"], target, method, body)
        sent = time.monotonic()
        response = await api.call_api(
            method, api.configuration.host + target, header_params=headers, body=body, _request_timeout=limits
        )
        took = time.monotonic() - sent
        try:
            return Answer(response.status, await response.read(), response.headers, took)
        finally:
            response.response.release()

    async def stream(
        self, target: str, headers: dict[str, str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        api = self._api
        await api.update_params_for_auth(headers, [], ["BearerToken"], target, "GET", None)
        url = api.configuration.host + target
        answer = await api.call_api("GET", url, header_params=headers, _request_timeout=limits)
        response: aiohttp.ClientResponse = answer.response
        return response

    async def close(self) -> None:
        await self._api.close()
