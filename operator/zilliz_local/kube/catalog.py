"""Which resources are served now: the built-in ones and those of the stored CRDs.

`discovery`, `openapi` and `server` ask here; `writer` calls `refresh` when a definition changed.
"""

import re

from zilliz_local.kube.builtin import BUILTIN, CRDS
from zilliz_local.kube.definition import resources_of
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.store import Key, Store

VERSION = re.compile(r"^v(\d+)(?:(alpha|beta)(\d+))?$")


def rank(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' order of versions, best first: v2, v1, v1beta2, v1beta1, v1alpha1, anything else."""
    match = VERSION.match(version)
    if not match:
        return (3, 0, 0, version)
    major, stage, minor = int(match[1]), match[2], int(match[3] or 0)
    return ({None: 0, "beta": 1, "alpha": 2}[stage], -major, -minor, version)


class Catalog:
    """Resources by group, version and plural."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._served: dict[tuple[str, str, str], Resource] = {}
        self._compiled: dict[tuple[str, str], list[Resource]] = {}
        """What each version of a definition serves, by its uid and resourceVersion."""
        self._preferred: dict[Key, Resource | None] = {}
        self.generation = 0
        self.refresh()

    def refresh(self) -> None:
        """Read the definitions again."""
        self.generation += 1
        self._preferred = {}
        self._served = {(one.group, one.version, one.plural): one for one in BUILTIN}
        known, self._compiled = self._compiled, {}
        for record in self._store.records(CRDS):
            meta = record.body["metadata"]
            version = meta["uid"], meta["resourceVersion"]
            self._compiled[version] = known.get(version) or resources_of(record.body)
            for resource in self._compiled[version]:
                self._served[resource.group, resource.version, resource.plural] = resource

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def groups(self) -> list[str]:
        return sorted({group for group, _, _ in self._served})

    def versions(self, group: str) -> list[str]:
        """Of one group, the preferred one first."""
        return sorted({version for one, version, _ in self._served if one == group}, key=rank)

    def resources(self, group: str, version: str) -> list[Resource]:
        found = [one for one in self._served.values() if (one.group, one.version) == (group, version)]
        return sorted(found, key=lambda one: one.plural)

    def by_key(self, key: Key) -> Resource | None:
        """Any version of a resource by its shelf, the stored one if it is served."""
        if key not in self._preferred:
            found = [one for one in self._served.values() if one.key == key]
            self._preferred[key] = min(
                found, key=lambda one: (one.storage_version not in ("", one.version), rank(one.version)), default=None
            )
        return self._preferred[key]

    def stored(self) -> list[Resource]:
        """The custom resources in the versions that they are stored in."""
        return [one for one in self._served.values() if one.custom and one.version == one.storage_version]

    def named(self, name: str) -> Resource | None:
        """By `plural.group`, as in a CRD's name; core resources by their plural."""
        plural, _, group = name.partition(".")
        return self.by_key((group, plural))

    def namespaced_keys(self) -> list[Key]:
        return sorted({one.key for one in self._served.values() if one.namespaced})
