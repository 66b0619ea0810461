"""The patch types: JSON merge patch, JSON patch, and strategic merge patch in its simplest form. Pure.

Strategic merge patch is for core kinds only. Here it is a merge patch that understands its `$` directives for maps;
lists are replaced, not merged, which is the same for ConfigMaps and Secrets.
"""

from typing import Any

from zilliz_local.kube.jsonpatching import json_patched
from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import bad_request
from zilliz_local.kube.validation import type_name

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")


def patched(kind: str, base: Body, patch: Any) -> Body:
    """The base after the patch. Raises a `RefusalError` when the patch makes no sense or does not fit."""
    if kind == JSON_PATCH:
        return json_patched(base, patch)
    if not isinstance(patch, dict):
        words = f"cannot unmarshal {type_name(patch)} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding patch: json: {words}")
    result = merged(base, _plain(patch) if kind == STRATEGIC else patch)
    return result if isinstance(result, dict) else {}


def merged(base: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _plain(patch: Body) -> Body:
    """Take the directives of a strategic patch out: what is left means the same as a merge patch."""
    result: Body = {}
    for name, value in patch.items():
        if name.startswith(("$setElementOrder/", "$retainKeys", "$patch", "$deleteFromPrimitiveList/")):
            continue
        result[name] = _plain(value) if isinstance(value, dict) else value
    return result
