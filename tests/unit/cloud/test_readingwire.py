"""What carries the reads, against a server that answers what a test says, byte by byte: httpx2 would say the same."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx2
import pytest
from aiohttp.client_reqrep import ConnectionKey

from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch, TooMuch, Transient
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.readingwire import MAX_HEADER, ReadingWire, reading_wire
from zilliz_jobs.cloud.transport import Timeouts, Transport

KEY = "key-0123456789abcdef"
BODY = b'{"code": 0, "data": {"jobId": "job-1"}}'
ROUTE = "/v2/jobs"
CONNECTION = ConnectionKey("cloud.example.com", 443, True, True, None, None, None)


def answered(body: bytes = BODY, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Server:
    """`heads`: what it was asked, and `connections` how many times somebody connected."""

    def __init__(self, answer: bytes, *, closes: bool = False, holds: bool = False) -> None:
        self.answer, self._closes, self._holds = answer, closes, holds
        self.heads: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode("latin-1"))
                length = next(
                    (int(x.split(":")[1]) for x in self.heads[-1].lower().splitlines() if "content-le" in x), 0
                )
                await reader.readexactly(length)
                writer.write(self.answer)
                await writer.drain()
                if self._holds:
                    await asyncio.sleep(60)
                if self._closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def reading(server: Server, **timeouts: float) -> AsyncIterator[Transport]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}", KEY, Limiter(), timeouts=Timeouts(**{"total": 5.0} | timeouts))
    try:
        yield transport
    finally:
        await transport.close()
        listener.close()


@pytest.fixture(autouse=True)
def no_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_a_read_says_who_asks_and_for_what_and_keeps_its_connection() -> None:
    server = Server(answered(BODY, "Date: Mon, 01 Jun 2026 10:00:00 GMT"))
    async with reading(server) as transport:
        for _ in range(3):
            reply = await transport.read("POST", ROUTE, body={"clusterId": "in01-a", "page": None})
        assert reply.data == {"jobId": "job-1"}
        assert reply.cloud_time is not None
    assert server.connections == 1
    head = server.heads[-1].lower()
    assert head.startswith("post /v2/jobs http/1.1\r\n")
    assert f"authorization: bearer {KEY}" in head
    assert "accept-encoding: gzip" in head
    assert "content-type: application/json" in head
    assert head.count("host:") == head.count("content-length:") == head.count("user-agent:") == 1


async def test_no_cookie_is_kept() -> None:
    server = Server(answered(BODY, "Set-Cookie: session=1; Path=/"))
    async with reading(server) as transport:
        for _ in range(2):
            await transport.read("GET", ROUTE)
    assert "cookie" not in server.heads[-1].lower()


async def test_a_path_leaves_as_it_was_filled() -> None:
    """Neither quoted twice nor tidied: another path is another thing."""
    server = Server(answered())
    async with reading(server) as transport:
        await transport.read("GET", "/v2/clusters/{clusterId}", ids={"clusterId": "a%2Fb"}, params={"q": "a b/c+%20"})
    assert server.heads[0].split()[1] == "/v2/clusters/a%252Fb?q=a+b%2Fc%2B%2520"


async def test_packed_answers_are_unpacked_within_their_bound() -> None:
    server = Server(answered(gzip.compress(BODY), "Content-Encoding: gzip"))
    async with reading(server) as transport:
        assert (await transport.read("GET", ROUTE)).data == {"jobId": "job-1"}
        server.answer = answered(gzip.compress(b" " * 9 * 1024**2 + BODY), "Content-Encoding: gzip")
        with pytest.raises(TooMuch):
            await transport.read("GET", ROUTE)
        server.answer = answered(b"\x1f\x8b no", "Content-Encoding: gzip")
        with pytest.raises(ProtocolMismatch):
            await transport.read("GET", ROUTE)


async def test_a_redirect_is_not_followed() -> None:
    server = Server(answered(b"", "Location: http://127.0.0.1:1/elsewhere", status="302 Found"))
    async with reading(server) as transport:
        with pytest.raises(CloudError) as caught:
            await transport.read("GET", ROUTE)
    assert caught.value.http_status == 302
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAX_HEADER + 1) + b"\r\n\r\n",
    ],
    ids=["nothing", "empty lines", "no HTTP", "cut off", "no chunk", "a length that is none", "an endless line"],
)
async def test_an_answer_that_breaks_off_or_is_none_says_nothing_of_a_job(answer: bytes) -> None:
    async with reading(Server(answer, closes=True)) as transport:
        with pytest.raises(Transient) as caught:
            await transport.read("GET", ROUTE)
    assert KEY not in str(caught.value)


async def test_long_lines_of_a_head_are_read() -> None:
    async with reading(Server(answered(BODY, "X-Trace: " + "x" * 30_000))) as transport:
        assert (await transport.read("GET", ROUTE)).data == {"jobId": "job-1"}


@pytest.mark.parametrize(
    ("timeouts", "words"), [({"total": 0.2}, "no answer within 0.2 s"), ({"total": 0.3, "connect": 0.1}, "no answer")]
)
async def test_a_server_that_holds_its_answer_is_left(timeouts: dict[str, float], words: str) -> None:
    async with reading(Server(answered()[:20], holds=True), **timeouts) as transport:
        with pytest.raises(Transient, match=words):
            await transport.read("GET", ROUTE)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "ConnectError: All connection attempts failed"),
        ("http://cloud.invalid", "ConnectError: .*[Nn]ame"),
    ],
    ids=["nobody listens", "no such name"],
)
async def test_a_connection_that_cannot_be_made_says_why(url: str, words: str) -> None:
    transport = Transport(url, KEY, Limiter())
    with pytest.raises(Transient, match=words):
        await transport.read("GET", ROUTE)
    await transport.close()


async def test_a_read_in_flight_ends_when_the_transport_is_closed_and_none_begins() -> None:
    async with reading(Server(answered()[:20], holds=True)) as transport:
        task = asyncio.create_task(transport.read("GET", ROUTE))
        await asyncio.sleep(0.1)
        await transport.close()
        with pytest.raises(Transient):
            await asyncio.wait_for(task, 2)
        with pytest.raises(Transient, match="closed"):
            await transport.read("GET", ROUTE)


@pytest.mark.parametrize(("proxy", "fast"), [("", True), ("http://proxy.example:3128", False)])
def test_a_proxy_of_the_environment_is_left_to_the_client_that_knows_all_forms(
    monkeypatch: pytest.MonkeyPatch, proxy: str, fast: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    made = reading_wire(None, connect=1.0, read=1.0)
    assert isinstance(made, ReadingWire) is fast


@pytest.mark.parametrize(
    ("error", "called"),
    [
        (aiohttp.ConnectionTimeoutError("Connection timeout to host"), httpx2.ConnectTimeout),
        (aiohttp.ServerTimeoutError("Timeout on reading data"), httpx2.ReadTimeout),
        (
            aiohttp.ClientConnectorDNSError(CONNECTION, OSError(-2, "Name or service not known")),
            httpx2.ConnectError,
        ),
        (
            aiohttp.ClientConnectorSSLError(CONNECTION, OSError(1, "wrong version number")),
            httpx2.ConnectError,
        ),
    ],
    ids=["no connection in time", "no answer in time", "no such host", "no TLS"],
)
async def test_what_goes_wrong_has_the_name_that_httpx2_gives_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, called: type[Exception]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(aiohttp.ClientSession, "request", fail)
    wire = ReadingWire(None, connect=1, read=1)
    with pytest.raises(called) as told:
        await wire.ask("GET", "https://cloud.example.com/v2/jobs", {}, None)
    await wire.aclose()
    assert type(told.value) is called
