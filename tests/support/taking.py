"""Whether a manifest is taken: by an API server with strict field validation, and by the operator."""

from __future__ import annotations

from typing import Any

import jsonschema

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resources import RESOURCES

Body = dict[str, Any]
BY_KIND = {resource.kind: resource for resource in RESOURCES}


def require_taken(manifest: Body) -> None:
    """Raises where it is not. The manifest is of one of our kinds."""
    resource = BY_KIND[manifest["kind"]]
    schema = _strict(root_schema(resource))
    schema["properties"]["metadata"] = {"type": "object"}
    jsonschema.validate(manifest, schema)
    parse_spec(resource, manifest)


def _strict(schema: Body) -> Body:
    """The schema as fieldValidation=Strict reads it: a misspelt field is an error and not dropped."""
    out = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes")}
    if "properties" in out:
        out["properties"] = {name: _strict(child) for name, child in out["properties"].items()}
        out["additionalProperties"] = False
    if "items" in out:
        out["items"] = _strict(out["items"])
    return out
