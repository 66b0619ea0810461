"""Is the installed CRD older than this operator? A server prunes the fields it does not know and answers 200.

Reading CustomResourceDefinitions needs a right that is cluster-wide; /openapi/v3 shows the same schema to all.
"""

from __future__ import annotations

from typing import Any

from zilliz_jobs.api.schema import Schema


def missing_fields(expected_crd: dict[str, Any], openapi_v3_schema: Schema) -> list[str]:
    """Paths of fields which `expected_crd` has and the server's schema of the kind has not; sorted. Pure.

    `openapi_v3_schema` is the kind's schema as /openapi/v3 shows it. A missing object is named, its fields are
    not. Path parts: `.field`, `[]` for the items of a list, `.*` for the values of a map.
    """
    (version,) = expected_crd["spec"]["versions"]
    ours: Schema = version["schema"]["openAPIV3Schema"]
    parts = ("spec", "status")  # the server replaces the rest by its own ObjectMeta and TypeMeta
    properties = {name: ours["properties"][name] for name in parts}
    return sorted(_missing({"properties": properties}, openapi_v3_schema, ""))


def _missing(ours: Schema, theirs: Schema, path: str) -> list[str]:
    if theirs.get("x-kubernetes-preserve-unknown-fields"):
        return []
    found: list[str] = []
    their_properties = theirs.get("properties") or {}
    for name, child in ours.get("properties", {}).items():
        child_path = f"{path}.{name}" if path else name
        if name in their_properties:
            found += _missing(child, their_properties[name], child_path)
        else:
            found.append(child_path)
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if key in ours:
            their_child = theirs.get(key)
            found += (
                _missing(ours[key], their_child, f"{path}{mark}")
                if isinstance(their_child, dict)
                else [f"{path}{mark}"]
            )
    return found
