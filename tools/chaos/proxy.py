"""A proxy that sees every request of the operator, and may answer, drop, delay, silence or cut."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from tools.chaos.steps import Request
from yarl import URL

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@dataclass(frozen=True)
class Go:
    """On, as if nobody were in between."""


@dataclass(frozen=True)
class Drop:
    """The connection breaks."""


@dataclass(frozen=True)
class Say:
    """Answered in the server's place."""

    code: int
    reason: str


Way = Go | Drop | Say


class Strikes:
    """What a proxy asks on the way there and on the way back. Passes everything."""

    async def before(self, request: Request) -> Way:
        return Go()

    async def after(self, request: Request, code: int) -> Way:
        return Go()


class Proxy:
    def __init__(
        self,
        upstream: str,
        strikes: Strikes,
        *,
        token: str = "",
        ca_file: Path | None = None,
        streams: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self.url, self.down = "", False
        """`down`: every connection is refused, as by a server that is not there."""
        self.failures = 0
        self._upstream, self._strikes, self._streams = upstream, strikes, streams
        self._auth = {"Authorization": f"Bearer {token}"} if token else {}
        self._secure = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
        self._silent_until = 0.0
        self._open: set[asyncio.Transport] = set()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._secure),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{anything:.*}", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        await self._runner.cleanup()
        await self._http.close()

    # -- interfering with what is open

    def silence(self, seconds: float) -> None:
        """Streams carry nothing for so long, and are cut then: what was lost is not sent again."""
        self._silent_until = time.monotonic() + seconds
        asyncio.get_running_loop().call_later(seconds, self.cut)

    def cut(self) -> None:
        for transport in list(self._open):
            transport.abort()
        self._open.clear()

    # -- one request

    async def _answer(self, incoming: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in incoming.headers.items()}
        request = Request(incoming.method, incoming.path, dict(incoming.query), headers, await incoming.read())
        if self.down:
            return _drop(incoming)
        way = await self._strikes.before(request)
        if not isinstance(way, Go):
            return _instead(incoming, way)
        on = {k: v for k, v in incoming.headers.items() if k.lower() not in ("connection", "content-length")}
        # the host stays the proxy's: addresses that the cloud names lead through it too
        url = URL(self._upstream + incoming.raw_path, encoded=True)
        try:
            async with self._http.request(
                incoming.method, url, data=request.body or None, headers=on | self._auth, allow_redirects=False
            ) as answer:
                if self._streams(request):
                    return await self._stream(incoming, answer)
                data = await answer.read()
        except aiohttp.ClientError:
            self.failures += 1
            return _drop(incoming)
        way = await self._strikes.after(request, answer.status)
        if self.down or not isinstance(way, Go):
            return _instead(incoming, Drop() if self.down else way)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP - {"date", "content-encoding"}}
        return web.Response(status=answer.status, body=data, headers=kept)

    async def _stream(self, incoming: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP - {"content-encoding"}}
        out = web.StreamResponse(status=answer.status, headers=kept)
        await out.prepare(incoming)
        transport = incoming.transport
        assert isinstance(transport, asyncio.Transport)
        self._open.add(transport)
        try:
            async for chunk in answer.content.iter_any():
                if time.monotonic() < self._silent_until:
                    continue
                await out.write(chunk)
            await out.write_eof()
        except ConnectionError:
            pass
        finally:
            self._open.discard(transport)
        return out


def _drop(incoming: web.Request) -> web.Response:
    if incoming.transport is not None:
        incoming.transport.abort()
    return web.Response(status=502)


def _instead(incoming: web.Request, way: Way) -> web.Response:
    if not isinstance(way, Say):
        return _drop(incoming)
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": way.code, "reason": way.reason}
    headers = {"Retry-After": "1"} if way.code == 429 else {}
    data = json.dumps(body | {"message": "chaos"}).encode()
    return web.Response(status=way.code, body=data, content_type="application/json", headers=headers)
