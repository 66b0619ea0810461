"""All calls of one key at one endpoint, sharing one request budget."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from zilliz_jobs.cloud.backups import Backups
from zilliz_jobs.cloud.clusters import Clusters
from zilliz_jobs.cloud.console import Console
from zilliz_jobs.cloud.dataplane import DATA_PLANE, DataPlane
from zilliz_jobs.cloud.errors import ProtocolMismatch, Transient
from zilliz_jobs.cloud.exports import Exports
from zilliz_jobs.cloud.hosts import BadEndpoint, data_plane_of, endpoint_of, v1_endpoint_of
from zilliz_jobs.cloud.imports import Imports
from zilliz_jobs.cloud.imports_v1 import ImportsV1
from zilliz_jobs.cloud.jobs import Jobs
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.meter import Meter
from zilliz_jobs.cloud.migrations import Migrations
from zilliz_jobs.cloud.projects import Projects
from zilliz_jobs.cloud.restores import Restores
from zilliz_jobs.cloud.scaling import Scaling
from zilliz_jobs.cloud.transport import Timeouts, Transport, Wire


def fingerprint(key: str) -> str:
    """The first 12 hex digits of the SHA-256 of the key: tells keys apart, gives none away."""
    return hashlib.sha256(key.strip().encode()).hexdigest()[:12]


def _as_it_is(_fingerprint: str, text: str) -> str:
    return text


@dataclass(frozen=True)
class Hearing:
    """What is done with answers. `meter`: counts them; `hide`: gives a text that was heard over the key of a
    fingerprint without secrets."""

    meter: Meter | None = None
    hide: Callable[[str, str], str] = _as_it_is


class CloudSession:
    """The cloud as one key sees it. Close it with `close()`; made within a running event loop or before it.

    `console` is None unless a base path enables it; `imports_v1` is None where the v1 host needs a region and none
    is given. `transport` serves calls that have no typed form yet. Sessions of the same endpoint and key must share
    one `limiter`. Raises Unauthorised for a key that can be none, BadEndpoint for a URL that can be none.
    """

    def __init__(
        self,
        endpoint: str,
        key: str,
        *,
        console_path: str | None = None,
        v1_region: str | None = None,
        timeouts: Timeouts | None = None,
        limiter: Limiter | None = None,
        wire: Wire | None = None,
        hearing: Hearing | None = None,
    ) -> None:
        self.endpoint = endpoint_of(None, endpoint)
        self.fingerprint = fingerprint(key)
        self.limiter = limiter or Limiter()
        hearing = hearing or Hearing()
        hide = partial(hearing.hide, self.fingerprint)
        speak = partial(Transport, timeouts=timeouts, wire=wire, meter=hearing.meter, hide=hide)
        transport = speak(self.endpoint, key, self.limiter)
        self._v1_transport: Transport | None = None
        v1_endpoint = v1_endpoint_of(self.endpoint, v1_region)
        if v1_endpoint is not None and v1_endpoint != self.endpoint:
            self._v1_transport = speak(v1_endpoint, key, self.limiter)
        self._console_path, self._has_v1 = console_path, v1_endpoint is not None
        self._data_planes: dict[str, tuple[Transport, DataPlane]] = {}
        self._closed = False
        self._speak_through(transport)

    def _speak_through(self, transport: Transport) -> None:
        self.transport = transport
        self.jobs = Jobs(transport)
        self.imports = Imports(transport)
        self.backups = Backups(transport)
        self.restores = Restores(transport)
        self.exports = Exports(transport)
        self.migrations = Migrations(transport)
        self.clusters = Clusters(transport)
        self.scaling = Scaling(transport)
        self.projects = Projects(transport)
        self.console = Console(transport, self._console_path) if self._console_path is not None else None
        self.imports_v1 = ImportsV1(self._v1_transport or transport) if self._has_v1 else None

    @cached_property
    def low_priority(self) -> CloudSession:
        """The same session, but its reads of the control plane let all others go first. Closed with this one."""
        twin = copy.copy(self)
        if self._v1_transport is not None:
            twin._v1_transport = self._v1_transport.low_priority()
        twin._speak_through(self.transport.low_priority())
        return twin

    def __repr__(self) -> str:
        return f"CloudSession({self.endpoint!r}, key {self.fingerprint})"

    @property
    def cloud_time(self) -> datetime | None:
        """The cloud's clock when it last answered any call of this session; None before the first answer.

        Read a baseline first, then this: what is submitted next starts after it by the cloud's own clock.
        """
        own = self.transport.cloud_time
        return own if self._v1_transport is None else self._v1_transport.cloud_time or own

    def data(self, connect_address: str) -> DataPlane:
        """The data plane of the cluster that Describe Cluster says is at `connect_address`; made once per address.

        Raises Transient where the cluster has no address (yet) or the session is closed, ProtocolMismatch for an
        address that the key must not be sent to: no URL, or not https though the control plane is.
        """
        if not connect_address:
            raise Transient("cannot reach the cluster's data plane: the cluster has no address yet")
        if self._closed:
            raise Transient("cannot reach the cluster's data plane: the session is closed")
        try:
            url = data_plane_of(connect_address, self.endpoint)
        except BadEndpoint as error:
            raise ProtocolMismatch(str(error)) from None
        if url not in self._data_planes:
            transport = self.transport.beside(url, self.limiter.branch(url), DATA_PLANE)
            self._data_planes[url] = (transport, DataPlane(transport))
        return self._data_planes[url][1]

    def set_rate(self, rate: float) -> None:
        """Requests a second, host and route; the smallest of the connections that share the key."""
        self.limiter.set_rate(rate)

    async def close(self) -> None:
        """Close the connections. Reads in flight end as Transient, effects as what is proven of them."""
        self._closed = True
        await self.transport.close()
        for transport, _ in self._data_planes.values():
            await transport.close()
        if self._v1_transport is not None:
            await self._v1_transport.close()
