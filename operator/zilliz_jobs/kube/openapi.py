"""What the API server says about our kinds in /openapi/v3, which every user may read."""

from __future__ import annotations

from zilliz_jobs.api.model import API_VERSION, GROUP, VERSION
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Body, NotFound

_KEY = f"apis/{API_VERSION}"


async def fetch_schemas(client: KubeClient) -> dict[str, Body]:
    """{kind: schema} of the installed CRDs of our group and version; empty when none is. Raises KubeError.

    A CRD that was applied a moment ago may take a second to show.
    """
    index = await client.get("/openapi/v3")
    entry = (index.get("paths") or {}).get(_KEY)
    if entry is None:
        return {}
    try:
        document = await client.get(entry.get("serverRelativeURL") or f"/openapi/v3/{_KEY}")
    except NotFound:
        return {}
    return schemas_by_kind(document)


def schemas_by_kind(document: Body) -> dict[str, Body]:
    """{kind: schema} of our kinds in an OpenAPI v3 document; lists and options belong to other kinds. Pure."""
    schemas = (document.get("components") or {}).get("schemas") or {}
    return {
        gvk["kind"]: schema
        for schema in schemas.values()
        # DeleteOptions and the like are listed under every group; they and the lists have no spec.
        if "spec" in schema.get("properties", {})
        for gvk in schema.get("x-kubernetes-group-version-kind") or []
        if (gvk.get("group"), gvk.get("version")) == (GROUP, VERSION)
    }
