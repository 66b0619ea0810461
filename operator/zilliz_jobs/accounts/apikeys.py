"""Which entries of Secrets are API keys of connections, so that no job can have one of them sent to another address.

Asked anew before a job's Secrets are read, since who tells too late, or cannot be asked, must not open a door: a
connection that no watch has told of yet counts, and so does one whose spec cannot be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION, SecretKeyRef
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kube.objects import Objects

MAX_DEPTH = 20  # of a reference that is no reference; no API server stores a deeper one by chance


@dataclass(frozen=True)
class ApiKeyEntry:
    """`key`: the entry of the Secret; None stands for each of them, where it cannot be told which one it is."""

    secret: str
    key: str | None

    def is_among(self, secret: str, keys: Iterable[str]) -> bool:
        return self.secret == secret and (self.key is None or self.key in keys)


class ApiKeys:
    """`remembered`: connections of a namespace that this process knows, those among them that have just gone: one
    that is deleted and made anew is not unprotected in between."""

    def __init__(self, objects: Objects, remembered: Callable[[str], Iterable[Body]] = lambda _namespace: ()) -> None:
        self._objects, self._remembered = objects, remembered

    async def of(self, namespace: str) -> frozenset[ApiKeyEntry]:
        """The entries that hold an API key now. Raises KubeError where not every connection can be listed, and then
        none of the namespace's Secrets may be used; NotFound, no CRD, is no proof that there is none either."""
        listed = [body async for body in self._objects.list_all(ZILLIZ_CONNECTION, namespace)]
        return frozenset(entry for body in [*self._remembered(namespace), *listed] for entry in entries_of(body))


def entries_of(body: Body) -> frozenset[ApiKeyEntry]:
    """Where this connection has its API key, by its raw spec. Where `credentialsSecretRef` is no reference to an
    entry, each text in it counts as the name of a Secret to be left alone. Pure."""
    spec = body.get("spec")
    ref = spec.get("credentialsSecretRef") if isinstance(spec, dict) else None
    try:
        parsed = SecretKeyRef.model_validate(ref)
    except ValidationError:
        return frozenset(ApiKeyEntry(name, None) for name in _strings(ref))
    return frozenset({ApiKeyEntry(parsed.name, parsed.key)})


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < MAX_DEPTH and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item, depth + 1)
