"""Reading Secrets. Values are decoded when asked for, and no text form of a Secret shows one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.paths import path


@dataclass(frozen=True)
class Secret:
    """One Secret as it was read. Two with the same uid and version hold the same."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str]
    _data: Mapping[str, str] = field(repr=False)

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
    """Reads Secrets one by one: a watch would need the right to list all of them."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def read(self, namespace: str, name: str) -> Secret:
        """The Secret as it is now. Raises NotFound, Forbidden, Unavailable, KubeError."""
        body = await self._client.get(path("v1", "secrets", namespace, name))
        meta = body["metadata"]
        return Secret(
            namespace=namespace,
            name=name,
            uid=meta.get("uid", ""),
            resource_version=meta.get("resourceVersion", ""),
            labels=meta.get("labels") or {},
            _data=body.get("data") or {},
        )
