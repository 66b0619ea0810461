"""Paths of the Kubernetes API. Names come from users, so each part is quoted."""

from __future__ import annotations

from urllib.parse import quote

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.kube.errors import NotFound


def resource_path(
    resource: Resource, namespace: str | None, name: str | None = None, subresource: str | None = None
) -> str:
    """Path of one of our objects, or of all of a kind in a namespace (or, with None, in all namespaces)."""
    return path(API_VERSION, resource.plural, namespace, name, subresource)


def path(
    api_version: str, plural: str, namespace: str | None, name: str | None = None, subresource: str | None = None
) -> str:
    """Path of an object or a collection of any API; cluster-wide without a namespace.

    Raises NotFound for the names that a path takes for a way upwards: no object can have them.
    """
    if name in (".", ".."):
        raise NotFound(f"cannot find {plural} {name!r}: no object can have that name")
    parts = [group_path(api_version)]
    if namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(plural)
    if name:
        parts.append(quote(name, safe=""))
    if subresource:
        parts.append(subresource)
    return "/".join(parts)


def group_path(api_version: str) -> str:
    """Path of a group and version: /api/v1 for the core group."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
