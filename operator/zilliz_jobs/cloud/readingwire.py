"""What carries the reads: aiohttp, at half of the processor time of httpx2.

Requests with an effect do not go this way: whether a byte of them may have left is told by httpx2 alone (`passage`).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import Protocol
from urllib.request import getproxies

import aiohttp
import httpx2
from yarl import URL

from zilliz_jobs.cloud.answerbody import Answer

MAX_HEADER = 64 * 1024
"""Bytes of one line of the answer's head; aiohttp's own bound is 8 KiB, that of httpx2 for the whole head 100 KiB."""

CONNECTIONS, KEEP_SECONDS = 50, 30.0
"""How many connections there may be for reads, and how long an idle one is kept."""

DISCONNECTED = "Server disconnected without sending a response."
REFUSED = "All connection attempts failed"

LATELY_ASKED = 256
"""Addresses that are not taken apart again."""


class Reads(Protocol):
    """What carries the reads. For one event loop."""

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        """Send the request; returns when the head of the answer is there. Raises the errors of httpx2."""

    async def aclose(self) -> None:
        """Close all connections; requests in flight end with an error. Idempotent."""


class ClientReads(Reads):
    """Reads by a client of httpx2: of a proxy of the environment, and of tests."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        request = self._client.build_request(method, url, headers=headers, content=content)
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()


def reading_wire(tls: ssl.SSLContext | None, *, connect: float, read: float) -> ReadingWire | None:
    """See `ReadingWire`. None where the environment names a proxy, whose many forms only httpx2 knows."""
    return None if getproxies() else ReadingWire(tls, connect=connect, read=read)


class ReadingWire(Reads):
    """A pool of connections of aiohttp. `connect`, `read`: seconds until a connection stands, and between two pieces
    of an answer.

    Uses no proxy, follows no redirect, keeps no cookie.
    """

    def __init__(self, tls: ssl.SSLContext | None, *, connect: float, read: float) -> None:
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Answer:
        try:
            answer = await self._opened().request(
                method, _address(url), headers=headers, data=content, allow_redirects=False
            )
        except Exception as error:
            raise _as_httpx(error) from error
        return _Answer(answer)

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("cannot send a request: the client is closed")
        if self._session is None:  # not before there is a loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS, keepalive_timeout=KEEP_SECONDS, ssl=self._tls or True
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=MAX_HEADER,
                max_field_size=MAX_HEADER,
            )
        return self._session


@lru_cache(maxsize=LATELY_ASKED)
def _address(url: str) -> URL:
    """The URL in the form in which httpx2 would send it."""
    return URL(str(httpx2.URL(url)), encoded=True)


class _Answer:
    is_stream_consumed, content = False, b""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.status_code, self.headers = answer.status, answer.headers

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except Exception as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """An answer that was not read to its end takes its connection along."""
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


def _as_httpx(error: Exception) -> Exception:
    """The error as httpx2 would call it, and in its words where it has some, so that people read the same whatever
    carries a request; what is none of aiohttp's stays as it is."""
    words = str(error) or type(error).__name__
    match error:
        case aiohttp.ServerDisconnectedError():
            return httpx2.RemoteProtocolError(DISCONNECTED)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return httpx2.ConnectError(words)
        case aiohttp.ClientConnectorDNSError():
            return httpx2.ConnectError(str(error.os_error))
        case aiohttp.ConnectionTimeoutError():
            return httpx2.ConnectTimeout(words)
        case aiohttp.ServerTimeoutError():
            return httpx2.ReadTimeout(words)
        case aiohttp.ClientConnectorError():
            return httpx2.ConnectError(REFUSED)
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return httpx2.RemoteProtocolError(words)
        case aiohttp.ClientError():
            return httpx2.ReadError(words)
    return error
