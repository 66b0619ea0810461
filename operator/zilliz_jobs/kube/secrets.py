"""Reading Secrets. Values are decoded when asked for, and no text form of a Secret shows one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from zilliz_jobs.kube.client import FIELD_MANAGER, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Body
from zilliz_jobs.kube.paths import path

_OURS = {"fieldManager": FIELD_MANAGER}


@dataclass(frozen=True)
class Secret:
    """One Secret as it was read. Two with the same uid and version hold the same."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str]
    _data: Mapping[str, str] = field(repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Names of the values."""
        return frozenset(self._data)

    def text(self, key: str) -> str | None:
        """The value of `key` as text; None when there is no such key. A line end after it is dropped.

        Raises ValueError, which names the key and never its value, when it is no UTF-8 text.
        """
        if key not in self._data:
            return None
        try:
            return base64.b64decode(self._data[key] or "").decode().rstrip("\r\n")
        except ValueError:
            # The decoder's own error would show the bytes.
            raise ValueError(f"cannot read key {key} of Secret {self.namespace}/{self.name}: it is no text") from None


class Secrets:
    """Reads Secrets one by one, since a watch would need the right to list all of them; makes and fills its own."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def read(self, namespace: str, name: str) -> Secret:
        """The Secret as it is now. Raises NotFound, Forbidden, Unavailable, KubeError."""
        return _secret(await self._client.get(path("v1", "secrets", namespace, name)))

    async def create(
        self, namespace: str, name: str, *, labels: Mapping[str, str], annotations: Mapping[str, str]
    ) -> Secret:
        """Make an empty Secret. Raises AlreadyExists, Forbidden, Unavailable (it may be made), KubeError."""
        meta = {"name": name, "labels": dict(labels), "annotations": dict(annotations)}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque"}
        where = path("v1", "secrets", namespace)
        return _secret(await self._client.request("POST", where, query=_OURS, body=body))

    async def fill(self, secret: Secret, values: Mapping[str, str]) -> None:
        """Set these values in exactly the Secret that was read. Idempotent.

        Raises Conflict when it changed since, NotFound, Forbidden, Unavailable (they may be set), KubeError.
        """
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        change = {"metadata": {"uid": secret.uid, "resourceVersion": secret.resource_version}, "data": data}
        where = path("v1", "secrets", secret.namespace, secret.name)
        await self._client.request("PATCH", where, query=_OURS, body=change, content_type=MERGE_PATCH)


def _secret(body: Body) -> Secret:
    meta = body["metadata"]
    return Secret(
        namespace=meta.get("namespace", ""),
        name=meta.get("name", ""),
        uid=meta.get("uid", ""),
        resource_version=meta.get("resourceVersion", ""),
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
        _data=body.get("data") or {},
    )
