"""The API without sockets, for clients in the same process: the same requests, answers, refusals and faults.

Watches are left to `KubeApi.follow`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from zilliz_local.kube.message import Reply, Watching, refused
from zilliz_local.kube.refusal import RefusalError, bad_request
from zilliz_local.kube.server import LARGEST, TOO_LARGE, Server


@dataclass(frozen=True, slots=True)
class Message:
    """One request; `path` is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "application/octet-stream").partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        if len(self.raw) > LARGEST:
            raise TOO_LARGE
        return self.raw


class Door:
    """Any number of requests may be on their way."""

    def __init__(self, server: Server, now: Callable[[], datetime]) -> None:
        self._server, self._now = server, now

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, raw: bytes = b""
    ) -> Reply:
        """`target`: path and query as in a request line. Raises `CutError` where no answer comes."""
        path, _, query = target.partition("?")
        given = dict(reversed(parse_qsl(query, keep_blank_values=True)))  # of two values the first counts
        named = {name.title(): value for name, value in (headers or {}).items()}
        reply = await self._answered(Message(method, unquote(path), given, named, raw))
        date = format_datetime(self._now(), usegmt=True)
        return replace(reply, headers=(*reply.headers, ("Date", date)))

    async def _answered(self, message: Message) -> Reply:
        try:
            found = await self._server.answer(message)
        except RefusalError as refusal:
            return refused(refusal)
        if isinstance(found, Watching):
            return refused(bad_request("watches are not served without HTTP: use KubeApi.follow"))
        return found
