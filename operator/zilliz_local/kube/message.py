"""A request as the API reads it, and its answer, carried by HTTP (`server`) or within the process (`door`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from zilliz_local.kube.accept import Form
from zilliz_local.kube.record import encode
from zilliz_local.kube.refusal import RefusalError
from zilliz_local.kube.route import Route

JSON = "application/json"


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
    def content_type(self) -> str: ...
    async def read(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = field(default=())

    def as_response(self) -> web.Response:
        response = web.Response(status=self.status, body=self.body)
        response.headers["Content-Type"] = self.content_type
        for name, value in self.headers:
            response.headers.add(name, value)
        return response


@dataclass(frozen=True, slots=True)
class Watching:
    """The answer is a stream of changes."""

    route: Route
    form: Form


class CutError(ConnectionResetError):
    """No answer: the connection is cut, as a dying proxy would."""


def refused(refusal: RefusalError) -> Reply:
    headers = tuple(refusal.headers.items())
    if refusal.code == 404 and not refusal.reason:
        return Reply(404, f"{refusal.message}\n".encode(), "text/plain; charset=utf-8", headers)
    return Reply(refusal.code, encode(refusal.status()), headers=headers)
