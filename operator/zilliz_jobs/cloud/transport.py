"""The only user of the HTTP client: one request, one answer, nothing hidden.

No redirects, no retries, HTTP/1.1 only. Reads reuse connections; an effect always gets a fresh one, since a stale
kept-alive connection would turn "not sent" into "perhaps". The client's trace events tell when an effect's first byte
is about to be written to the open connection: there the fence is asked, and from there on nothing is `NotSent`.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import httpx2

from zilliz_jobs.cloud.answerbody import Answer, TooLong, body_of
from zilliz_jobs.cloud.effects import EffectReply, NotSent, Refused, Uncertain, answered
from zilliz_jobs.cloud.envelope import CONTROL_PLANE, Codes, Envelope, fault, open_envelope, said
from zilliz_jobs.cloud.errors import NotFound, ProtocolMismatch, TooMuch, Transient, Unauthorised
from zilliz_jobs.cloud.limiter import Limiter, Priority, Throttled
from zilliz_jobs.cloud.meter import Call, Meter, Unmetered, turn
from zilliz_jobs.cloud.passage import Fence, Fenced, Passage
from zilliz_jobs.cloud.paths import BadId, fill
from zilliz_jobs.cloud.readings import Readings
from zilliz_jobs.cloud.readingwire import CONNECTIONS, KEEP_SECONDS, ClientReads, Reads, reading_wire
from zilliz_jobs.cloud.redaction import redact, secrets_in
from zilliz_jobs.cloud.trust import trusted
from zilliz_jobs.core.reasons import Reason

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Wire = httpx2.AsyncBaseTransport
"""What carries the requests; only tests pass one."""

READING = httpx2.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_SECONDS)
"""Of the connections for reads."""

HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "zilliz-jobs-operator"}

_NEVER_OPENED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `total` counts from the slot of the limiter to the last byte of the answer; `slot` is how long an
    effect waits for that slot (its fence would close anyway)."""

    connect: float = 5.0
    total: float = 30.0
    slot: float = 5.0


@dataclass(frozen=True)
class Reply:
    """An answered read. `cloud_time`: the cloud's own clock (`Date` header)."""

    data: Any
    cloud_time: datetime | None
    request_id: str


class Transport:
    """Requests with one key to one host, within the budget of `limiter`. Close it with `close()`.

    Raises Unauthorised when the key can be none: empty, or with characters that no header takes.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        limiter: Limiter,
        *,
        timeouts: Timeouts | None = None,
        wire: Wire | None = None,
        codes: Codes = CONTROL_PLANE,
        meter: Meter | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        """`hide`: takes the secrets that are known out of what was heard; those of the request itself go anyway."""
        key = key.strip()  # Secrets made from files end in a line break
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise Unauthorised("cannot use the API key: it is empty, or has characters that no key has")
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._limiter, self._rank = limiter, Priority.NEED
        self._timeouts = timeouts or Timeouts()
        self._wire = wire
        self._traced = wire is None
        self._codes = codes
        self._meter = meter or Unmetered()
        self._hide = hide
        self._tls = trusted() if wire is None else None
        self._begin()

    def _begin(self) -> None:
        """Nothing was heard yet, and no connection is open."""
        self._cloud_time: datetime | None = None
        self.readings = Readings()
        wait = self._timeouts
        direct = None if self._wire else reading_wire(self._tls, connect=wait.connect, read=wait.total)
        self._reading: Reads = direct or ClientReads(self._client(self._wire))
        self._effecting = self._client(self._wire, httpx2.Limits(max_connections=None, max_keepalive_connections=0))

    def __repr__(self) -> str:
        return f"Transport({self._base_url!r})"

    @property
    def cloud_time(self) -> datetime | None:
        """The cloud's clock when it last answered; None before that or where it does not tell."""
        return self._cloud_time

    def low_priority(self) -> Transport:
        """The same, but its reads let all others go first. Closed with the original."""
        twin = copy.copy(self)
        twin._rank = Priority.POLL
        return twin

    def beside(self, base_url: str, limiter: Limiter, codes: Codes) -> Transport:
        """A transport with the same key to another host, whose business codes are `codes`. Close it too."""
        other = copy.copy(self)
        other._base_url, other._limiter, other._codes = base_url.rstrip("/"), limiter, codes
        other._rank = Priority.NEED
        other._begin()
        return other

    async def close(self) -> None:
        """Close all connections. Reads in flight end as Transient, effects as what is proven of them. Idempotent."""
        await self._reading.aclose()
        await self._effecting.aclose()

    async def read(
        self,
        method: Method,
        path: str,
        *,
        route: str | None = None,
        ids: Mapping[str, str] | None = None,
        params: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        bare: bool = False,
        counting: str = "",
        doing: str | None = None,
    ) -> Reply:
        """Ask for something; changes nothing, so it may be repeated at will. No retry here.

        `path` is a template with `{holes}` for `ids`; it is also the route whose budget counts, unless `route` says
        otherwise. Params and body fields that are None are left out. `doing`: "<verb> <thing>" for messages. `bare`:
        see `envelope`. `counting`: see `answerbody`. Raises the tree of `errors`.
        """
        doing = redact(doing or f"call {method} {path}")
        try:
            url = self._base_url + fill(path, ids)
        except BadId as error:
            raise NotFound(f"cannot {doing}: {redact(str(error))}") from None
        try:
            await turn(
                self._limiter, self._meter, route or f"{method} {path}", self._rank, within=self._timeouts.total
            )
        except Throttled as full:
            raise Transient(
                f"cannot {doing}: the request budget of the key is used up",
                reason=Reason.RATE_LIMITED,
                retry_after=full.retry_after,
            ) from None
        query = {name: value for name, value in (params or {}).items() if value is not None}
        asked = str(httpx2.URL(url, params=query)) if query else url
        with Call(self._meter, f"{method} {path}") as call:
            try:
                async with asyncio.timeout(self._timeouts.total):
                    response = await self._reading.ask(method, asked, *self._written(body))
                    content = await body_of(response, f'"{counting}"'.encode() if counting else b"")
            except TimeoutError:
                raise Transient(f"cannot {doing}: no answer within {self._timeouts.total:g} s") from None
            except TooLong as error:
                call.unreadable()
                raise TooMuch(f"cannot {doing}: {error}", error.counted) from None
            except httpx2.DecodingError as error:
                call.unreadable()
                raise ProtocolMismatch(f"cannot {doing}: {self._cause(error, self._secrets(body))}") from None
            except (httpx2.RequestError, OSError, RuntimeError) as error:
                # OSError: TLS errors after the handshake pass through the client as they are. RuntimeError: closed.
                raise Transient(f"cannot {doing}: {self._cause(error, self._secrets(body))}") from None
            envelope = self._open(response, content, bare)
            call.answered(envelope, self._codes)
        message = "" if envelope.succeeded else self._clean(said(envelope), self._secrets(body))
        failure = fault(envelope, doing=doing, message=message, codes=self._codes)
        if failure is not None:
            raise failure
        return Reply(envelope.data, envelope.cloud_time, envelope.request_id)

    async def effect(
        self,
        method: Method,
        path: str,
        *,
        token: str,
        fence: Fence,
        route: str | None = None,
        ids: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        bare: bool = False,
        doing: str | None = None,
    ) -> EffectReply:
        """Change something, once. Never raises for what the cloud or the network does; see `effects`.

        `token` goes out as Idempotency-Key (printable ASCII, at most 128 characters, else ValueError). `fence` is
        asked twice: before a connection is opened, and when the first byte is about to be written; if it raises,
        nothing is sent. A cancelled call leaves the outcome open, as `Uncertain` does. Not repeatable unless the
        answer is `NotSent`.
        """
        doing = redact(doing or f"call {method} {path}")
        if not 0 < len(token) <= 128 or not token.isascii() or not token.isprintable():
            raise ValueError(f"cannot {doing}: the token is not 1 to 128 printable ASCII characters")
        try:
            url = self._base_url + fill(path, ids)
        except BadId as error:
            return Refused(None, 0, f"cannot {doing}: {redact(str(error))}")
        try:
            await turn(
                self._limiter, self._meter, route or f"{method} {path}", Priority.EFFECT, within=self._timeouts.slot
            )
        except Throttled as full:
            text = f"cannot {doing}: the request budget of the key is used up"
            return NotSent(Reason.RATE_LIMITED, text, full.retry_after)
        headers, content = self._written(body)
        headers |= {"Idempotency-Key": token, "Connection": "close"}
        request = self._effecting.build_request(method, url, content=content, headers=headers)
        passage = Passage(fence)
        request.extensions["trace"] = passage.trace
        secrets = self._secrets(body)
        with Call(self._meter, f"{method} {path}") as call:
            try:
                passage.ask()
                async with asyncio.timeout(self._timeouts.total):
                    response = await self._effecting.send(request, stream=True)
                    content = await body_of(response)
            except Fenced as closed:
                call.withheld()
                return NotSent(Reason.NOT_SUBMITTED, f"cannot {doing}: {redact(str(closed), secrets)}")
            except Exception as error:
                if isinstance(error, httpx2.DecodingError):
                    call.unreadable()
                # Whatever it is, it decides over money: only what is proven may be called not sent.
                cause = "no answer in time" if type(error) is TimeoutError else self._cause(error, secrets)
                if not passage.begun and (self._traced or isinstance(error, _NEVER_OPENED)):
                    return NotSent(Reason.CLOUD_UNREACHABLE, f"cannot {doing}: {cause}")
                return Uncertain(f"cannot tell whether the cloud did {doing!r}: {cause}")
            envelope = self._open(response, content, bare)
            call.answered(envelope, self._codes)
        return answered(envelope, doing=doing, message=self._clean(said(envelope), secrets), codes=self._codes)

    def _client(self, wire: Wire | None, limits: httpx2.Limits = READING) -> httpx2.AsyncClient:
        wait = self._timeouts
        return httpx2.AsyncClient(
            transport=wire,
            verify=self._tls or True,
            limits=limits,
            timeout=httpx2.Timeout(wait.total, connect=wait.connect),
            follow_redirects=False,
        )

    def _written(self, body: Mapping[str, Any] | None) -> tuple[dict[str, str], bytes | None]:
        """The headers and the content of a request."""
        headers = {**HEADERS, "Authorization": f"Bearer {self._key}"}
        if body is None:
            return headers, None
        headers["Content-Type"] = "application/json"
        return headers, json.dumps({name: value for name, value in body.items() if value is not None}).encode()

    def _secrets(self, body: Mapping[str, Any] | None) -> tuple[str, ...]:
        return (self._key, *secrets_in(body))

    def _open(self, response: Answer, content: bytes, bare: bool) -> Envelope:
        envelope = open_envelope(response.status_code, response.headers, content, bare=bare)
        if envelope.cloud_time is not None:
            self._cloud_time = envelope.cloud_time
            self.readings.note(asyncio.get_running_loop().time(), envelope.cloud_time)
        if envelope.throttled or (envelope.status == 503 and envelope.retry_after is not None):
            self._limiter.pause(envelope.retry_after)
        return envelope

    def _cause(self, error: Exception, secrets: tuple[str, ...]) -> str:
        """The client's own words, which are sometimes none."""
        return self._clean(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, secrets)

    def _clean(self, heard: str, secrets: tuple[str, ...]) -> str:
        return redact(self._hide(heard), secrets)
