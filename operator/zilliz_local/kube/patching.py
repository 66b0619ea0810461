"""The patch types: JSON merge patch, JSON patch, and strategic merge patch in its simplest form. Pure.

Strategic merge patch is for core kinds only. Here it is a merge patch that understands its `$` directives for maps;
lists are replaced, not merged, which is the same for ConfigMaps and Secrets.
"""

from typing import Any

import jsonpatch

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import bad_request, unpatchable

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")


def patched(kind: str, base: Body, patch: Any) -> Body:
    """The base after the patch. Raises a `RefusalError` when the patch makes no sense or does not fit."""
    if kind == JSON_PATCH:
        return json_patched(base, patch)
    if not isinstance(patch, dict):
        raise bad_request(f"error decoding patch: json: cannot unmarshal {patch!r:.40} into an object")
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


def json_patched(base: Body, patch: Any) -> Body:
    """RFC 6902. A failed `test` and a missing path are the same refusal, as in the real server."""
    if not isinstance(patch, list) or not all(isinstance(step, dict) for step in patch):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    try:
        result = jsonpatch.apply_patch(base, patch)
    except jsonpatch.InvalidJsonPatch as error:
        raise unpatchable() from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise unpatchable() from error
    if not isinstance(result, dict):
        raise unpatchable()
    return result


def _plain(patch: Body) -> Body:
    """Take the directives of a strategic patch out: what is left means the same as a merge patch."""
    result: Body = {}
    for name, value in patch.items():
        if name.startswith(("$setElementOrder/", "$retainKeys", "$patch", "$deleteFromPrimitiveList/")):
            continue
        result[name] = _plain(value) if isinstance(value, dict) else value
    return result
