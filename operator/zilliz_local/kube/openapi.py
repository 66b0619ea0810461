"""OpenAPI v3, one document per API version, for `kubectl explain`, validation and the choice of patch types. Pure.

There is no v2: kubectl asks for v3 first, and a 404 on v2 is how it learns that there is none.
"""

import hashlib
from functools import lru_cache
from typing import Any

from zilliz_local.kube.catalog import Catalog
from zilliz_local.kube.naming import OBJECT_META
from zilliz_local.kube.patching import JSON_PATCH, MERGE, STRATEGIC
from zilliz_local.kube.record import Body, encode
from zilliz_local.kube.resource import Resource

META_NAME = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
LIST_META_NAME = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
LIST_META: Body = {
    "type": "object",
    "description": "ListMeta describes metadata that lists must have.",
    "properties": {name: {"type": "string"} for name in ("continue", "resourceVersion", "selfLink")}
    | {"remainingItemCount": {"type": "integer", "format": "int64"}},
}
API_VERSION = {"type": "string", "description": "APIVersion defines the versioned schema of this object."}
KIND = {"type": "string", "description": "Kind is the REST resource that this object represents."}


def index(catalog: Catalog) -> Body:
    """/openapi/v3: the documents, with a hash so that clients may cache them."""
    paths = {}
    for group in catalog.groups():
        for version in catalog.versions(group):
            root = f"apis/{group}/{version}" if group else f"api/{version}"
            digest = hashlib.sha256(document(catalog, group, version)).hexdigest()[:32].upper()
            paths[root] = {"serverRelativeURL": f"/openapi/v3/{root}?hash={digest}"}
    return {"paths": paths}


def document(catalog: Catalog, group: str, version: str) -> bytes:
    """The document of one API version, as JSON."""
    return _document(tuple(catalog.resources(group, version)))


@lru_cache(maxsize=64)
def _document(resources: tuple[Resource, ...]) -> bytes:
    """Kept by what it says: the same definitions are installed again and again, and their schemas are long."""
    schemas: Body = {META_NAME: plain(OBJECT_META), LIST_META_NAME: LIST_META}
    paths: Body = {}
    for resource in resources:
        name = schema_name(resource)
        schemas[name] = kind_schema(resource)
        schemas[f"{name}List"] = list_schema(resource, name)
        paths |= _paths(resource, name)
    whole = {
        "openapi": "3.0.0",
        "info": {"title": "zilliz_local.kube", "version": "v1.37.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return encode(whole)


def schema_name(resource: Resource) -> str:
    if resource.custom:
        return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])
    return f"io.k8s.api.{resource.group.split('.')[0] or 'core'}.{resource.version}.{resource.kind}"


def reference(name: str, description: str) -> Body:
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}, "description": description}


def kind_schema(resource: Resource) -> Body:
    """The schema of a kind with the parts that every object has."""
    raw = plain(resource.raw_schema)
    own = {name: schema for name, schema in raw.get("properties", {}).items() if name != "metadata"}
    head = {"apiVersion": API_VERSION, "kind": KIND, "metadata": reference(META_NAME, "Standard object's metadata.")}
    return {**raw, "type": "object", "properties": {**head, **own}, **_is(resource, resource.kind)}


def list_schema(resource: Resource, name: str) -> Body:
    item = {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    fields = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": reference(LIST_META_NAME, "Standard list metadata."),
        "items": {"type": "array", "items": item, "description": f"List of {resource.plural}."},
    }
    words = f"{resource.list_kind} is a list of {resource.kind}"
    return {"type": "object", "description": words, "required": ["items"], "properties": fields} | _is(
        resource, resource.list_kind
    )


def plain(raw: Any) -> Any:
    """A schema as it is published: rules for the server's own use are left out."""
    if isinstance(raw, list):
        return [plain(part) for part in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get("x-kubernetes-int-or-string"):
        return {name: value for name, value in raw.items() if name not in ("anyOf", "type")}
    if raw.get("format") == "micro-time":
        return {**raw, "format": "date-time"}
    return {name: value if name in ("default", "enum") else plain(value) for name, value in raw.items()}


def _is(resource: Resource, kind: str) -> Body:
    identity = {"group": resource.group, "version": resource.version, "kind": kind}
    return {"x-kubernetes-group-version-kind": [identity]}


def _paths(resource: Resource, name: str) -> Body:
    """Just enough of the end points: clients read the query parameters and patch types of PATCH."""
    root = f"{resource.root}/namespaces/{{namespace}}" if resource.namespaced else resource.root
    identity = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    shape = {"$ref": f"#/components/schemas/{name}"}
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": shape}}}}
    types = [JSON_PATCH, MERGE] if resource.custom else [JSON_PATCH, MERGE, STRATEGIC]
    common = {"x-kubernetes-group-version-kind": identity, "responses": answer}
    parameters = [_query(one) for one in ("dryRun", "fieldManager", "fieldValidation")]
    patch_body = {"content": {kind: {"schema": {"type": "object"}} for kind in types}}
    whole = {"content": {"application/json": {"schema": shape}}}
    one = {
        "get": {**common, "x-kubernetes-action": "get"},
        "put": {**common, "x-kubernetes-action": "put", "parameters": parameters, "requestBody": whole},
        "patch": {**common, "x-kubernetes-action": "patch", "parameters": parameters, "requestBody": patch_body},
        "delete": {**common, "x-kubernetes-action": "delete"},
    }
    many = {
        "get": {**common, "x-kubernetes-action": "list"},
        "post": {**common, "x-kubernetes-action": "post", "parameters": parameters, "requestBody": whole},
    }
    paths: Body = {f"{root}/{resource.plural}": many, f"{root}/{resource.plural}/{{name}}": one}
    if resource.has_status:
        paths[f"{root}/{resource.plural}/{{name}}/status"] = {key: one[key] for key in ("get", "put", "patch")}
    return paths


def _query(name: str) -> Body:
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
