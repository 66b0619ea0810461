"""What carries the operator's requests to the simulated cloud without sockets, for tests of all but the transport."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx2

from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.passage import FIRST_BYTE
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Timeouts
from zilliz_local.cloud import KEY, CloudSimulator
from zilliz_local.cloud.door import CutError

PIECE = 64 * 1024


class Pieces(httpx2.AsyncByteStream):
    """A body as it comes out of a socket: a piece at a time."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), PIECE):
            yield self._body[start : start + PIECE]


class CloudWire(httpx2.AsyncBaseTransport):
    """To close it cuts nothing: a session is closed when its requests have ended. What becomes of those that have
    not is tested with sockets."""

    def __init__(self, cloud: CloudSimulator) -> None:
        self._door = cloud.door

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raw = await request.aread()
        try:
            self._door.connect()
            if (trace := request.extensions.get("trace")) is not None:  # an effect asks its fence there
                await trace(FIRST_BYTE, {"request": SimpleNamespace(method=request.method.encode())})
            answer = await self._door.request(request.method, str(request.url), request.headers, raw)
        except ConnectionRefusedError as error:
            raise httpx2.ConnectError("All connection attempts failed", request=request) from error
        except CutError as error:
            raise httpx2.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from error
        return httpx2.Response(answer.status, headers=dict(answer.headers), stream=Pieces(answer.body))


def session_of(cloud: CloudSimulator, *, console_path: str | None = None) -> CloudSession:
    """With the key that the simulator knows, and no limit of its own. To be closed."""
    return CloudSession(
        cloud.url,
        KEY,
        limiter=Limiter(1e6),
        console_path=console_path,
        timeouts=Timeouts(total=5),
        wire=CloudWire(cloud),
    )
