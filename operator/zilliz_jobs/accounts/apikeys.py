"""Which entries of Secrets are API keys of connections, so that no job can have one of them sent to another address.

The connections are listed again before a job's Secrets are read, since a late event must not allow what is forbidden:
a connection that no watch has reported yet counts, and so does one whose spec cannot be parsed. Where they cannot be
listed, no Secret is used. What the list must show is every connection that was there when the job was last written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION, SecretKeyRef
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.objects import Objects

MAX_DEPTH = 20  # how deep a malformed reference is searched for names


@dataclass(frozen=True)
class ApiKeyEntry:
    """An entry of a Secret that holds an API key. `key`: None where that is not known; then all entries count."""

    secret: str
    key: str | None

    def is_among(self, secret: str, keys: Iterable[str]) -> bool:
        """Whether it is one of these entries of this Secret."""
        return self.secret == secret and (self.key is None or self.key in keys)


class ApiKeys:
    """`remembered`: the connections of a namespace that this process knows, also those that were just deleted: the
    key of one that is deleted and created again is protected in between."""

    def __init__(self, objects: Objects, remembered: Callable[[str], Iterable[Body]] = lambda _namespace: ()) -> None:
        self._objects, self._remembered = objects, remembered

    async def of(self, namespace: str, *, since: str = "") -> frozenset[ApiKeyEntry]:
        """The entries that hold an API key now. `since`: the resourceVersion of the job; without it, or where the
        server does not know that version, it proves first that its list is current. Raises KubeError where not every
        connection can be listed; then none of the namespace's Secrets may be used. Also NotFound: without its CRD, a
        connection may exist all the same."""
        try:
            listed = await self._listed(namespace, since)
        except KubeError:
            if not since:
                raise
            listed = await self._listed(namespace, "")
        return frozenset(entry for body in [*self._remembered(namespace), *listed] for entry in entries_of(body))

    async def _listed(self, namespace: str, since: str) -> list[Body]:
        found = self._objects.list_all(ZILLIZ_CONNECTION, namespace, not_older_than=since)
        return [body async for body in found]


def entries_of(body: Body) -> frozenset[ApiKeyEntry]:
    """The entries that hold the API key of this connection, by its raw spec. Where `credentialsSecretRef` is
    malformed, each text in it counts as the name of a Secret that must not be used. Pure."""
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
