"""What the API serves, in the plain and in the aggregated form of discovery. Pure functions of the catalog."""

from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.record import Body
from zilliz_local.kube.resource import STATUS_VERBS, VERBS, Resource

VERSION: Body = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.0+zilliz-local",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "python",
    "platform": "any",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def root_paths(catalog: Catalog) -> Body:
    named = [group for group in catalog.groups() if group]
    versions = [f"/apis/{group}/{version}" for group in named for version in catalog.versions(group)]
    groups = [f"/apis/{group}" for group in named]
    rest = ["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
    return {"paths": ["/api", "/api/v1", "/apis", *sorted(groups + versions), *rest]}


def core_versions() -> Body:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    }


def group_list(catalog: Catalog) -> Body:
    groups = [group_body(catalog, group) for group in catalog.groups() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalog: Catalog, name: str) -> Body | None:
    """One group at /apis/<group>, or None."""
    if not name or name not in catalog.groups():
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **group_body(catalog, name)}


def group_body(catalog: Catalog, name: str) -> Body:
    versions = [{"groupVersion": f"{name}/{one}", "version": one} for one in catalog.versions(name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resource_list(catalog: Catalog, group: str, version: str) -> Body | None:
    """The resources of one API version, or None."""
    found = catalog.resources(group, version)
    if not found:
        return None
    listed = []
    for one in found:
        entry: Body = {
            "name": one.plural,
            "singularName": one.singular,
            "namespaced": one.namespaced,
            "kind": one.kind,
            "verbs": list(VERBS),
        }
        if one.short_names:
            entry["shortNames"] = list(one.short_names)
        if one.categories:
            entry["categories"] = list(one.categories)
        listed.append(entry)
        if one.has_status:
            listed.append(
                {
                    "name": f"{one.plural}/status",
                    "singularName": "",
                    "namespaced": one.namespaced,
                    "kind": one.kind,
                    "verbs": list(STATUS_VERBS),
                }
            )
    api_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": listed}


def aggregated(catalog: Catalog, *, core: bool, form: str) -> Body:
    """Everything below /api or /apis in one document; `form` is v2 or v2beta1."""
    names = [name for name in catalog.groups() if bool(name) != core]
    items = [
        {
            "metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "freshness": "Current",
                    "resources": [_aggregated(one) for one in catalog.resources(name, version)],
                }
                for version in catalog.versions(name)
            ],
        }
        for name in names
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{form}",
        "metadata": {},
        "items": items,
    }


def _aggregated(one: Resource) -> Body:
    kind = {"group": one.group, "version": one.version, "kind": one.kind}
    entry: Body = {
        "resource": one.plural,
        "responseKind": kind,
        "scope": "Namespaced" if one.namespaced else "Cluster",
        "singularResource": one.singular,
        "verbs": list(VERBS),
    }
    if one.short_names:
        entry["shortNames"] = list(one.short_names)
    if one.categories:
        entry["categories"] = list(one.categories)
    if one.has_status:
        entry["subresources"] = [{"subresource": "status", "responseKind": kind, "verbs": list(STATUS_VERBS)}]
    return entry
