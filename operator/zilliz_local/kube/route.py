"""What a request path means. Pure."""

from dataclasses import dataclass

from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.resource import Resource


@dataclass(frozen=True, slots=True)
class Route:
    """A place among the objects: `name` is empty for a collection."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def served(self) -> bool:
        """Is the subresource, if any, one that the resource has?"""
        return not self.subresource or (self.subresource == "status" and self.resource.has_status)

    @property
    def label(self) -> str:
        """The resource as counters name it."""
        return f"{self.resource.name}/{self.subresource}" if self.subresource else self.resource.name


def read_route(catalog: Catalog, path: str) -> Route | None:
    """The objects that a path means, or None when nothing is served there."""
    parts = [part for part in path.split("/") if part]
    match parts:
        case ["api", "v1", *rest]:
            group, version = "", "v1"
        case ["apis", group, version, *rest]:
            pass
        case _:
            return None
    match rest:
        case ["namespaces", namespace, plural, *tail] if plural not in ("status", "finalize"):
            resource = catalog.find(group, version, plural)
            wanted = True
        case [plural, *tail]:
            resource = catalog.find(group, version, plural)
            namespace, wanted = "", False
        case _:
            return None
    if resource is None or len(tail) > 2:
        return None
    if tail and resource.namespaced != wanted:
        return None
    if not tail and wanted and not resource.namespaced:
        return None
    subresource = tail[1] if len(tail) == 2 else ""
    if subresource and not resource.custom and not (subresource == "status" and resource.has_status):
        return None
    return Route(resource, namespace, tail[0] if tail else "", subresource)
