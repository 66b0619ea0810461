"""What carries the reads: aiohttp below the surface of httpx2, at half of the processor time.

Requests with an effect do not go this way: whether a byte of them may have left is told by httpx2 alone (`passage`).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Final
from urllib.request import getproxies

import aiohttp
import httpx2
from yarl import URL

MAX_HEADER = 64 * 1024
"""Bytes of one line of the answer's head; aiohttp's own bound is 8 KiB, that of httpx2 for the whole head 100 KiB."""

CONNECTIONS, KEEP_SECONDS = 50, 30.0
"""How many connections there may be for reads, and how long an idle one is kept."""

DISCONNECTED = "Server disconnected without sending a response."
REFUSED = "All connection attempts failed"

_OWN: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})
"""Headers that aiohttp writes itself."""


def reading_wire(tls: ssl.SSLContext | None, *, connect: float, read: float) -> ReadingWire | None:
    """See `ReadingWire`. None where the environment names a proxy, whose many forms only httpx2 knows."""
    return None if getproxies() else ReadingWire(tls, connect=connect, read=read)


class ReadingWire(httpx2.AsyncBaseTransport):
    """A pool of connections, for one event loop. `connect`, `read`: seconds until a connection stands, and between
    two pieces of an answer.

    Uses no proxy, follows no redirect. Raises the errors of httpx2.
    """

    def __init__(self, tls: ssl.SSLContext | None, *, connect: float, read: float) -> None:
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; returns when the head of the answer is there. Its body is read as it was packed."""
        try:
            answer = await self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(name, value) for name, value in request.headers.items() if name not in _OWN],
                data=request.content or None,
                allow_redirects=False,
            )
        except Exception as error:
            raise _as_httpx(error, request) from error
        return httpx2.Response(
            answer.status, headers=list(answer.raw_headers), stream=_Body(answer, request), request=request
        )

    async def aclose(self) -> None:
        """Close all connections; requests in flight end with an error. Idempotent."""
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


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer, self._request = answer, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except Exception as error:
            raise _as_httpx(error, self._request) from error

    async def aclose(self) -> None:
        """An answer that was not read to its end takes its connection along."""
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


def _as_httpx(error: Exception, request: httpx2.Request) -> Exception:
    """The error as httpx2 would call it, and in its words where it has some, so that people read the same whatever
    carries a request; what is none of aiohttp's stays as it is."""
    words = str(error) or type(error).__name__
    match error:
        case aiohttp.ServerDisconnectedError():
            return httpx2.RemoteProtocolError(DISCONNECTED, request=request)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return httpx2.ConnectError(words, request=request)
        case aiohttp.ClientConnectorDNSError():
            return httpx2.ConnectError(str(error.os_error), request=request)
        case aiohttp.ConnectionTimeoutError():
            return httpx2.ConnectTimeout(words, request=request)
        case aiohttp.ServerTimeoutError():
            return httpx2.ReadTimeout(words, request=request)
        case aiohttp.ClientConnectorError():
            return httpx2.ConnectError(REFUSED, request=request)
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return httpx2.RemoteProtocolError(words, request=request)
        case aiohttp.ClientError():
            return httpx2.ReadError(words, request=request)
    return error
