"""Sessions of the HTTP client that reach the API server, for `KubeClient` and for kopf's watches: all reach the same
server by the same proxy, with the same trust and the same name in its certificate, over shared connections."""

from __future__ import annotations

import base64
import ssl
from typing import Any, Protocol

import aiohttp

from zilliz_jobs.kube.connection import Credentials


class Observer(Protocol):
    """Sees what goes through a session. `path`: of the request, at the API server."""

    def asked(self, path: str, *, watch: bool, goes_on: bool) -> None:
        """Each request, before it is sent. `goes_on`: it asks for the next part of a list."""

    def answered(self, path: str, answer: Any) -> Any:
        """Each answer that is one JSON document, not a stream of events; returns what the asker is to get for it."""


class _NamedServer(ssl.SSLContext):
    """Expects this name in the server's certificate, whatever name or address the server is reached by."""

    server_name: str = ""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **options | {"server_hostname": self.server_name})


def tls_of(known: Credentials) -> ssl.SSLContext:
    """Raises OSError (ssl.SSLError is one) where a file cannot be used."""
    context = ssl.create_default_context(cafile=known.ca_path)
    if known.tls_server_name:
        named = _NamedServer(ssl.PROTOCOL_TLS_CLIENT)
        named.server_name, named.verify_flags = known.tls_server_name, context.verify_flags
        if known.ca_path:
            named.load_verify_locations(cafile=known.ca_path)
        else:
            named.load_default_certs()
        context = named
    if known.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if known.certificate_path:
        context.load_cert_chain(known.certificate_path, known.private_key_path)
    return context


class SharedConnector(aiohttp.TCPConnector):
    """The connections of one event loop to the server of `known`, for sessions of the same user: as many as are
    needed at once, however many sessions there are. Closed with the last of its sessions. Raises OSError where a
    file cannot be used."""

    def __init__(self, known: Credentials) -> None:
        # A local server may be reached without TLS; no trust is read for it.
        secure = tls_of(known) if known.server.startswith("https:") else True
        super().__init__(limit=0, ssl=secure)
        self._sessions = 0

    def open_session(self, known: Credentials, observer: Observer | None = None) -> aiohttp.ClientSession:
        """To be closed by whoever asked for it. What the environment says of proxies is in `known` already."""
        headers = {}
        if known.token:
            headers["Authorization"] = f"Bearer {known.token}"
        elif known.username is not None and known.password is not None:
            both = base64.b64encode(f"{known.username}:{known.password}".encode()).decode()
            headers["Authorization"] = f"Basic {both}"
        self._sessions += 1
        return aiohttp.ClientSession(
            connector=self,
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=known.proxy_url,
            trust_env=False,
            trace_configs=[_telling(observer)] if observer else None,
            response_class=_answering(observer) if observer else aiohttp.ClientResponse,
        )

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Called by each session at its end."""
        self._sessions -= 1
        if self._sessions <= 0:
            await super().close(abort_ssl=abort_ssl)


def _telling(observer: Observer) -> aiohttp.TraceConfig:
    async def tell(
        _session: aiohttp.ClientSession, _context: object, params: aiohttp.TraceRequestStartParams
    ) -> None:
        query = params.url.query
        observer.asked(params.url.path, watch="watch" in query, goes_on="continue" in query)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(tell)
    return trace


def _answering(observer: Observer) -> type[aiohttp.ClientResponse]:
    class Response(aiohttp.ClientResponse):
        async def json(self, **how: Any) -> Any:
            return observer.answered(self.url.path, await super().json(**how))

    return Response
