"""From what a client sent to an object of the resource: prune, default, warn or refuse unknown fields. Pure.

`lifecycle` sets the metadata that belongs to the server, `validation` judges the outcome.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from zilliz_local.kube.coreways import check_types, core_problems, settle
from zilliz_local.kube.defaulting import set_defaults
from zilliz_local.kube.naming import META, check_shape, name_problems
from zilliz_local.kube.pruning import prune
from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause, RefusalError, bad_request, invalid
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.schema import Node
from zilliz_local.kube.validation import validate, wrong

ROOT = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object in the server's hands, and what to say in Warning headers."""

    body: Body
    warnings: list[str]


def decoded(
    resource: Resource, body: Any, directive: str, refuse: Callable[[str], RefusalError] | None = None
) -> Decoded:
    """Take what a client sent apart. Changes the body it is given.

    `directive` is fieldValidation: Strict refuses unknown fields (through `refuse`, 400 by default), Warn names
    them, Ignore is silent. Unknown fields are dropped in any case.
    """
    refuse = refuse or (lambda words: bad_request(_handled(resource, words)))
    _check_type(resource, body)
    meta = {} if body.get("metadata") is None else body["metadata"]
    check_shape(meta, refuse)
    rest = {name: value for name, value in body.items() if name not in ROOT}
    gone = prune(META, meta, "metadata") + prune(resource.schema, rest)
    set_defaults(resource.schema, rest)
    if not resource.custom:
        check_types(resource, rest, refuse)
    warnings = [f'unknown field "{path}"' for path in sorted(gone)]
    if warnings and directive == "Strict":
        words = f"strict decoding error: {', '.join(warnings)}"
        raise refuse(words)
    whole = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": tidy(meta), **rest}
    return Decoded(settle(resource, whole), warnings if directive != "Ignore" else [])


def _handled(resource: Resource, words: str) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {words}'


def _check_type(resource: Resource, body: Any) -> None:
    """Is it what the end point takes? Core kinds may leave apiVersion and kind out."""
    if not isinstance(body, dict):
        words = "couldn't get version/kind; json parse error: cannot unmarshal"
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {words}")
    api_version, kind = body.get("apiVersion"), body.get("kind")
    if resource.custom and not kind:
        text = json.dumps(body)
        words = f"Object 'Kind' is missing in '{text}' ({text[:26]} ...)"
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {words}")
    if api_version != resource.api_version and (resource.custom or api_version):
        wanted = f"does not match the expected API version ({resource.api_version})"
        raise bad_request(f"the API version in the data ({api_version or ''}) {wanted}")
    if kind and kind != resource.kind:
        if not resource.custom:
            raise bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}')
        name = str((body.get("metadata") or {}).get("name", ""))
        raise invalid(resource.group, kind, name, [wrong("kind", kind, f"must be {resource.kind}")])


def tidy(meta: Body) -> Body:
    """Metadata without empty parts, as the server shows it."""
    return {name: value for name, value in meta.items() if value not in (None, "", [], {})}


def check(resource: Resource, body: Body, more: list[Cause], subresource: str = "") -> None:
    """Refuse an invalid object with everything that is wrong. Of a status write only the status is judged."""
    name = str(body["metadata"].get("name", ""))
    causes = [*name_problems(resource, body["metadata"]), *core_problems(resource, body), *more]
    content = {key: value for key, value in body.items() if key not in ROOT}
    if subresource == "status":
        node = resource.schema.properties.get("status", resource.schema.additional)
        found = validate(node, content["status"]) if node and "status" in content else []
        causes += [replace(cause, field=f"status.{cause.field}") for cause in found]
    else:
        whole = {**content, **{key: body[key] for key in resource.schema.required if key in ROOT and key in body}}
        causes += validate(replace(resource.schema, properties=_content(resource)), whole)
    if causes:
        raise invalid(resource.group, resource.kind, name, sorted(causes, key=lambda cause: cause.field))


def _content(resource: Resource) -> dict[str, Node]:
    """What the schema says of the object besides apiVersion, kind and metadata."""
    return {name: node for name, node in resource.schema.properties.items() if name not in ROOT}
