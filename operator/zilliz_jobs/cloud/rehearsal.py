"""What a submission would send, without sending it: reads go to the cloud, requests with an effect never do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx2

EFFECT = "Idempotency-Key"
"""The header that every request with an effect carries, and no other."""


@dataclass(frozen=True)
class Withheld:
    """A request that was not sent. Its headers, the API key among them, are not kept."""

    method: str
    url: str
    body: Any = None


class Rehearsal(httpx2.AsyncBaseTransport):
    """Carries the reads of a session; to its caller, a request with an effect finds no connection. `withheld`: takes
    those requests, the oldest first."""

    def __init__(self, withheld: list[Withheld], proxy: str | None = None) -> None:
        self._wire = httpx2.AsyncHTTPTransport(verify=httpx2.create_ssl_context(), proxy=proxy)
        self._withheld = withheld

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a read. Raises httpx2.ConnectError for a request with an effect, which then has not left."""
        if EFFECT not in request.headers:
            return await self._wire.handle_async_request(request)
        content = await request.aread()
        self._withheld.append(Withheld(request.method, str(request.url), json.loads(content) if content else None))
        raise httpx2.ConnectError("it is only planned, and nothing is sent", request=request)

    async def aclose(self) -> None:
        """Called by each of the session's clients; connections are made anew where one goes on."""
        await self._wire.aclose()
