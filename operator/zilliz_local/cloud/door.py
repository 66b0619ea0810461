"""The public API without sockets, for clients in the same process: the same requests, answers and faults.

What a client of sockets finds holds here, too: who gives up waiting does not stop what the cloud does meanwhile.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from .message import Outgoing
from .server import Server


class CutError(ConnectionResetError):
    """No answer: the connection is cut."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request; `path` is decoded. `headers` by their names as they are usually written."""

    method: str
    scheme: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    async def read(self) -> bytes:
        return self.raw


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client is sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """Any number of requests may be on their way. `shut`: nobody gets in, as where nothing listens."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiting: set[asyncio.Future[Outgoing]] = set()
        self._work: set[asyncio.Task[None]] = set()
        self.shut = False

    def connect(self) -> None:
        """Raises ConnectionRefusedError where the door is shut."""
        if self.shut:
            raise ConnectionRefusedError("nothing listens")

    async def request(self, method: str, url: str, headers: Mapping[str, str], raw: bytes = b"") -> Answer:
        """Raises `CutError` where no answer comes, and what `connect` raises."""
        self.connect()
        parts = urlsplit(url)
        given = dict(reversed(parse_qsl(parts.query, keep_blank_values=True)))  # of two values the first counts
        named = {name.title(): value for name, value in headers.items()}
        message = Message(method, parts.scheme, parts.netloc, unquote(parts.path), given, named, raw)
        waiting: asyncio.Future[Outgoing] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        work = asyncio.create_task(self._do(message, waiting))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        try:
            out = await waiting
        finally:
            self._waiting.discard(waiting)
        if out.dropped:
            raise CutError("cut on request")
        return Answer(out.http, self._server.headers(out), out.body)

    async def _do(self, message: Message, waiting: asyncio.Future[Outgoing]) -> None:
        try:
            out = await self._server.answer(message)
        except Exception as error:
            if waiting.done():
                raise
            waiting.set_exception(error)
        else:
            if not waiting.done():
                waiting.set_result(out)

    def cut(self) -> None:
        """Whoever waits gets no answer; what the cloud does for them goes on."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(CutError("the connection was closed"))

    async def close(self) -> None:
        """Nobody gets in any more, and what goes on ends."""
        self.shut = True
        self.cut()
        work = [*self._work]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
