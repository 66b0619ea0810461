"""One version of one object.

A record never changes: an update makes a new one. Its JSON is written once and used again by every get, list and
watch that shows this version, which is what makes ten thousand objects cheap. `store` keeps records.
"""

import json
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


def encode(body: Any) -> bytes:
    """Compact JSON, as the API sends it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


class Record:
    """An object as it was at one resourceVersion. Treat `body` as read-only."""

    __slots__ = ("_raw", "body", "version")

    def __init__(self, body: Body, version: int) -> None:
        self.body = body
        self.version = version
        self._raw: bytes | None = None

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            self._raw = encode(self.body)
        return self._raw

    @property
    def meta(self) -> Body:
        meta: Body = self.body["metadata"]
        return meta

    @property
    def namespace(self) -> str:
        return str(self.meta.get("namespace", ""))

    @property
    def name(self) -> str:
        return str(self.meta["name"])

    @property
    def key(self) -> str:
        """The place within the resource, in the order in which lists show objects."""
        return place(self.namespace, self.name)

    def fresh(self) -> Body:
        """A private deep copy that may be changed."""
        copy: Body = json.loads(self.raw)
        return copy


def place(namespace: str, name: str) -> str:
    return f"{namespace}/{name}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a watch sees: `previous` is the version before, for selectors that an object enters or leaves."""

    type: str
    record: Record
    previous: Record | None
