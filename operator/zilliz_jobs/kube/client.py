"""One connection to one Kubernetes API server: JSON in, JSON out, every failure a KubeError.

The generated methods of the Kubernetes client are left aside: they turn each object into models and back,
while custom resources are plain dicts anyway. What is used is its configuration and authentication.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from zilliz_jobs.api.jsonbytes import unpacked
from zilliz_jobs.kube.connection import Credentials, Source, credentials_of, find_source
from zilliz_jobs.kube.contact import Contact
from zilliz_jobs.kube.errors import Body, KubeError, Unauthorised, Unavailable, error_of
from zilliz_jobs.kube.session import Observer
from zilliz_jobs.kube.wire import ApiWire, Wire

REQUEST_SECONDS = 15.0
CONNECT_SECONDS = 5.0
RELOAD_SECONDS = 10.0  # credentials are read again at most this often; an exec plugin takes seconds

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

FIELD_MANAGER = "zilliz-jobs"
USER_AGENT = "zilliz-jobs-operator"

Opener = Callable[[Any], Wire]

_LOGIN = re.compile(r"://[^\s/@]+@")


@lru_cache(maxsize=64)
def _encoded(*query: tuple[str, str]) -> str:
    return urlencode(query)


@lru_cache(maxsize=8)
def _limits(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)


class KubeClient:
    """Made by `connect`; to be closed. Safe for any number of concurrent calls of one event loop."""

    def __init__(self, source: Source, configuration: Any, wire: Opener = ApiWire) -> None:
        self._source = source
        self._namespace: str | None = None
        self._open = wire
        self._configuration, self._wire = configuration, wire(configuration)
        self._retired: Wire | None = None
        self._loaded = time.monotonic()
        self._reloading = asyncio.Lock()
        self.on_answer: Callable[[str, float], None] = lambda _date, _took: None
        """Told of every answer, a refusal too: its `Date` header, and the seconds that it took."""
        self.contact = Contact()

    @classmethod
    async def connect(
        cls,
        *,
        kubeconfig: str | Path | None = None,
        context: str | None = None,
        trust_env: bool = False,
        wire: Opener = ApiWire,
    ) -> Self:
        """Read the configuration (see `find_source`) and prepare a client; nothing is sent to the server.

        `trust_env`: use the proxies that the environment names. `wire`: opens the connections; again when the
        credentials have changed. Raises KubeError when the configuration cannot be used.
        """
        source = find_source(kubeconfig, context, trust_env=trust_env)
        return cls(source, await source.load(), wire)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        for wire in (self._wire, self._retired):
            if wire is not None:
                await wire.close()
        self._retired = None

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self._configuration.host)

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig's context, or of the pod; `default` when none is named."""
        if self._namespace is None:
            self._namespace = self._source.namespace()
        return self._namespace

    @property
    def in_cluster(self) -> bool:
        """Whether this is a pod, with the rights of its service account."""
        return self._source.kubeconfig is None

    async def credentials(self, *, fresh: bool = False) -> Credentials:
        """What kopf's login needs. `fresh`: after a 401, read the configuration again first.

        Raises KubeError when the configuration cannot be used any more.
        """
        if fresh:
            await self._reload()
        return await credentials_of(self._configuration, self.namespace)

    def open_session(self, known: Credentials, observer: Observer | None = None) -> aiohttp.ClientSession:
        """A session of the user of `known`, which `credentials` just gave, over the connections of this client; to be
        closed. Raises OSError where a file of `known` cannot be used."""
        return self._wire.open_session(known, observer)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Body:
        """GET `path`. Raises KubeError; changes nothing."""
        return await self.request("GET", path, query=query)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        content_type: str = JSON,
        timeout: float = REQUEST_SECONDS,
    ) -> Body:
        """Send one request and return the JSON object of the answer; `timeout` in seconds, over all.

        Never repeated, except once with fresh credentials after a 401, which did nothing. Raises a KubeError:
        Unavailable where the effect of a write is unknown, the others where nothing was written.
        """
        url = f"{path}{'&' if '?' in path else '?'}{_encoded(*query.items())}" if query else path
        asked = f"{method} {path.partition('?')[0]}"
        try:
            return await self._send(asked, method, url, body, content_type, timeout)
        except Unauthorised:
            if not await self._reload():
                raise
        return await self._send(asked, method, url, body, content_type, timeout)

    async def stream(self, path: str, query: Mapping[str, str], *, timeout: float) -> AsyncIterator[Body]:
        """GET `path`, and give each line of the answer as it comes; `timeout` in seconds, over all. It ends where the
        server ends it. Raises as `request` does; Unavailable also where the answer breaks off."""
        try:
            response = await self._open_stream(path, query, timeout)
        except Unauthorised:
            if not await self._reload():
                raise
            response = await self._open_stream(path, query, timeout)
        rest = b""
        try:
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if (body := _object(line)) is not None:
                        yield body
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"cannot GET {path}: {str(error) or type(error).__name__}") from error
        finally:
            response.close()

    async def _open_stream(self, path: str, query: Mapping[str, str], timeout: float) -> aiohttp.ClientResponse:
        headers = {"Accept": JSON, "User-Agent": USER_AGENT}
        limits = _limits(timeout)
        try:
            response = await self._wire.stream(f"{path}?{urlencode(query)}", headers, limits)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            cause = _LOGIN.sub("://***@", str(error)) or type(error).__name__
            raise Unavailable(f"cannot GET {path}: {cause}") from error
        if response.status != 200:
            body = _object(await response.read()) or {}
            response.release()
            raise error_of(f"GET {path}", response.status, body)
        return response

    async def _send(
        self, asked: str, method: str, url: str, body: object | None, content_type: str, timeout: float
    ) -> Body:
        headers = {"Accept": JSON, "Content-Type": content_type, "User-Agent": USER_AGENT}
        limits = _limits(timeout)
        try:
            heard = await self._wire.send(method, url, headers, body, limits)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            cause = _LOGIN.sub("://***@", str(error)) or type(error).__name__  # of a proxy
            raise Unavailable(f"cannot {asked}: {cause}") from error
        self.contact.answered(heard.status)
        self.on_answer(heard.headers.get("Date") or "", heard.took)
        answer = _object(heard.content)
        if not 200 <= heard.status < 300:
            retry_after = _seconds(heard.headers.get("Retry-After"))
            raise error_of(asked, heard.status, answer or {}, retry_after)
        if answer is None:
            raise Unavailable(f"cannot {asked}: the answer is no JSON object", status=heard.status)
        return answer

    async def _reload(self) -> bool:
        """Read the configuration again; False when that was done a moment ago and cannot help."""
        before = self._wire
        async with self._reloading:
            if self._wire is not before:
                return True  # another request did it meanwhile
            if time.monotonic() - self._loaded < RELOAD_SECONDS:
                return False
            configuration = await self._source.load()
            self._loaded = time.monotonic()
            if self._retired is not None:
                await self._retired.close()
            # Requests in flight go on with the old connections, which are closed at the next turn.
            self._configuration = configuration
            self._retired, self._wire = self._wire, self._open(configuration)
            return True


def _object(data: bytes) -> Body | None:
    try:
        value = unpacked(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


__all__ = ["FIELD_MANAGER", "JSON", "JSON_PATCH", "MERGE_PATCH", "Credentials", "KubeClient", "KubeError"]
