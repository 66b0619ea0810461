"""A request as the cloud reads it, and what leaves it, carried by HTTP (`server`) or within the process (`door`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Request(Protocol):
    """One of aiohttp's has all that."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> str: ...
    async def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves the server: bytes, or nothing at all when the connection is dropped."""

    http: int = 200
    body: bytes = b""
    retry_after: int | None = None
    dropped: bool = False
    date_skew_seconds: float = 0
    outcome: str = ""
    request_id: str = ""
    encoding: str = ""
    date: str = ""


DROPPED = Outgoing(dropped=True, outcome="dropped")
