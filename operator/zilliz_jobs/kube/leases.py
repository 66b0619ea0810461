"""One Lease of coordination.k8s.io/v1: read, made and replaced, each as one request with its precondition.

Who may take it, and when, is `control.leaderelection`. The Kubernetes client has an election of its own, which counts
by the clock of the machine and from the answer of a renewal; a fence needs a steady clock, and the moment before the
request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from zilliz_jobs.kube.client import FIELD_MANAGER, KubeClient
from zilliz_jobs.kube.errors import Body
from zilliz_jobs.kube.paths import path

API_VERSION = "coordination.k8s.io/v1"
_QUERY = {"fieldManager": FIELD_MANAGER}


@dataclass(frozen=True)
class Lease:
    """The Lease as it was read. Two of the same version are the same.

    `holder` is empty where nobody holds it. `seconds`: how long the others wait after they last saw it renewed; 0
    when it does not say.
    """

    holder: str
    seconds: int
    transitions: int
    version: str
    body: Body = field(repr=False, compare=False)


class Leases:
    """The Lease `name` of `namespace`. Repeats nothing; `timeout` is in seconds, for each request.

    The HTTP client may repeat a PUT whose connection was cut; the version makes that a Conflict at worst.
    """

    def __init__(self, client: KubeClient, namespace: str, name: str, *, timeout: float) -> None:
        self._client, self.namespace, self.name, self._timeout = client, namespace, name, timeout

    async def get(self) -> Lease:
        """Raises NotFound, Forbidden, Unavailable, KubeError."""
        return _lease(await self._client.request("GET", self._path(self.name), timeout=self._timeout))

    async def create(self, holder: str, seconds: int, now: datetime) -> Lease:
        """Make it, held by `holder`. Raises AlreadyExists, Forbidden, Unavailable (it may be made), KubeError."""
        spec = _spec(holder, seconds, now) | {"acquireTime": _micro(now), "leaseTransitions": 0}
        body = {"apiVersion": API_VERSION, "kind": "Lease", "metadata": {"name": self.name}, "spec": spec}
        return _lease(
            await self._client.request("POST", self._path(), query=_QUERY, body=body, timeout=self._timeout)
        )

    async def replace(self, lease: Lease, holder: str, seconds: int, now: datetime) -> Lease:
        """Renew or take exactly the Lease that was read; what others wrote into it stays.

        Raises Conflict when it changed since, NotFound, Forbidden, Unavailable (it may be written), KubeError.
        """
        spec = (lease.body.get("spec") or {}) | _spec(holder, seconds, now)
        if holder and holder != lease.holder:
            spec |= {"acquireTime": _micro(now), "leaseTransitions": lease.transitions + 1}
        body = {**lease.body, "spec": spec}
        return _lease(
            await self._client.request("PUT", self._path(self.name), query=_QUERY, body=body, timeout=self._timeout)
        )

    def _path(self, name: str | None = None) -> str:
        return path(API_VERSION, "leases", self.namespace, name)


def _spec(holder: str, seconds: int, now: datetime) -> Body:
    return {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": _micro(now)}


def _lease(body: Body) -> Lease:
    spec = body.get("spec") or {}
    return Lease(
        holder=str(spec.get("holderIdentity") or ""),
        seconds=int(spec.get("leaseDurationSeconds") or 0),
        transitions=int(spec.get("leaseTransitions") or 0),
        version=str(body["metadata"].get("resourceVersion") or ""),
        body=body,
    )


def _micro(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
