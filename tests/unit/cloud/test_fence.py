"""The fence, on real sockets: the HTTP client's trace events are relied on, so they are proven here.

If these fail, a submission goes out after another operator has taken over, and the job runs twice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from zilliz_jobs.cloud.effects import NotSent, Taken, Uncertain
from zilliz_jobs.cloud.errors import FenceClosed, Transient
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.transport import Timeouts, Transport
from zilliz_jobs.core.reasons import Reason

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\n{"code":0,"data":{"jobId":"job-1"}}'


@dataclass
class Socket:
    """A server that counts bytes. `answer` is written as it is; None: it hangs up at once; b"": it says nothing."""

    answer: bytes | None = OK
    tunnel: bytes = b""
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    received: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await self._head(reader):
                self.heads.append(head)
                if head.startswith(b"CONNECT") and self.tunnel:
                    writer.write(self.tunnel)
                elif self.answer is None:
                    return
                else:
                    writer.write(self.answer)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as cut:
            self.received += len(cut.partial)
            return b""
        self.received += len(head)
        return head


@asynccontextmanager
async def listening(socket: Socket) -> AsyncIterator[Socket]:
    server = await asyncio.start_server(socket.serve, "127.0.0.1", 0)
    socket.port = server.sockets[0].getsockname()[1]
    try:
        yield socket
    finally:
        server.close()


@asynccontextmanager
async def transport_to(url: str, **timeouts: float) -> AsyncIterator[Transport]:
    transport = Transport(url, "the-api-key", Limiter(1000), timeouts=Timeouts(**timeouts))
    try:
        yield transport
    finally:
        await transport.close()


async def submit(transport: Transport, fence=lambda: None):
    return await transport.effect("POST", "/v2/start", token="t", fence=fence, doing="start x")


class ClosesAt:
    """A fence that closes when it is asked for the n-th time."""

    def __init__(self, nth: int) -> None:
        self.nth, self.asked = nth, 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked == self.nth:
            raise FenceClosed("too late")


async def test_a_fence_that_closes_on_the_open_connection_lets_no_byte_out():
    async with listening(Socket()) as server, transport_to(server.url) as transport:
        reply = await submit(transport, ClosesAt(2))
        await asyncio.sleep(0.05)
        assert reply == NotSent(Reason.NOT_SUBMITTED, "cannot start x: too late")
        assert (server.connections, server.received) == (1, 0)


async def test_a_fence_that_is_closed_from_the_start_opens_no_connection():
    async with listening(Socket()) as server, transport_to(server.url) as transport:
        assert isinstance(await submit(transport, ClosesAt(1)), NotSent)
        assert server.connections == 0


async def test_an_open_fence_is_asked_before_and_on_the_connection():
    """Were the client to stop telling when it writes, the fence would be asked once only: noticed here."""
    fence = ClosesAt(0)
    async with listening(Socket()) as server, transport_to(server.url) as transport:
        reply = await submit(transport, fence)
        assert isinstance(reply, Taken)
        assert fence.asked == 2
        assert len(server.heads) == 1


async def test_each_effect_has_a_fresh_connection_and_reads_share_one():
    async with listening(Socket()) as server, transport_to(server.url) as transport:
        for _ in range(3):
            await submit(transport)
        assert server.connections == 3
        for _ in range(3):
            await transport.read("GET", "/v2/x")
        assert server.connections == 4


async def test_a_refused_connection_is_not_sent():
    async with listening(Socket()) as server:
        port = server.port
    async with transport_to(f"http://127.0.0.1:{port}") as transport:
        reply = await submit(transport)
        assert isinstance(reply, NotSent)
        assert reply.reason == Reason.CLOUD_UNREACHABLE
        with pytest.raises(Transient):
            await transport.read("GET", "/v2/x")


async def test_a_name_that_does_not_resolve_is_not_sent():
    async with transport_to("http://no-such-host.invalid", connect=2) as transport:
        assert isinstance(await submit(transport), NotSent)


async def test_a_failed_tls_handshake_is_not_sent():
    async with (
        listening(Socket()) as server,
        transport_to(f"https://127.0.0.1:{server.port}", connect=0.5) as transport,
    ):
        assert isinstance(await submit(transport), NotSent)


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        ("hangs up after the request", None),
        ("never answers", b""),
        ("dies within the head", b"HTTP/1.1 200 OK\r\nConte"),
        ("stalls within the body", OK[:-5]),
        ("talks something else", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("a damaged compression", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
    ],
)
async def test_whatever_goes_wrong_after_the_first_byte_is_uncertain(case, answer):
    async with listening(Socket(answer)) as server, transport_to(server.url, total=0.3) as transport:
        assert isinstance(await submit(transport), Uncertain), case
        assert server.connections == 1, "no hidden second try"


async def test_a_proxy_is_asked_for_its_tunnel_before_the_fence_is(monkeypatch):
    """The CONNECT writes bytes too; it must neither pass for the submission nor make a failure uncertain."""
    fence = ClosesAt(0)
    async with listening(Socket(tunnel=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with transport_to("https://cloud.invalid") as transport:
            reply = await submit(transport, fence)
    assert proxy.heads[0].startswith(b"CONNECT cloud.invalid:443")
    assert b"the-api-key" not in proxy.heads[0]
    assert isinstance(reply, NotSent)
    assert fence.asked == 1


async def test_a_proxy_that_hangs_up_on_the_tunnel_is_not_sent(monkeypatch):
    async with listening(Socket(answer=None)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with transport_to("https://cloud.invalid") as transport:
            assert isinstance(await submit(transport), NotSent)
