"""From what a client sent to an object of the resource: prune, default, warn or refuse unknown fields. Pure.

`lifecycle` sets the metadata that belongs to the server, `validation` judges the outcome.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zilliz_local.kube.builtin import SECRETS
from zilliz_local.kube.defaulting import set_defaults
from zilliz_local.kube.naming import META, check_shape, name_problems
from zilliz_local.kube.pruning import prune
from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause, RefusalError, bad_request, invalid
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.validation import validate

ROOT = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object in the server's hands, and what to say in Warning headers."""

    body: Body
    warnings: list[str]


def decoded(
    resource: Resource, body: Any, directive: str, refuse: Callable[[str], RefusalError] | None = None
) -> Decoded:
    """Take a private copy of what a client sent apart.

    `directive` is fieldValidation: Strict refuses unknown fields (through `refuse`, 400 by default), Warn names
    them, Ignore is silent. Unknown fields are dropped in any case.
    """
    if not isinstance(body, dict):
        raise bad_request("the object provided is unrecognized (must be of type Object)")
    intro = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    api_version, kind = body.get("apiVersion"), body.get("kind")
    if resource.custom and not kind:
        raise bad_request(f"Object 'Kind' is missing in '{body!r:.80}'")
    if api_version not in (None, "", resource.api_version):
        wanted = f"does not match the expected API version ({resource.api_version})"
        raise bad_request(f"the API version in the data ({api_version}) {wanted}")
    if kind not in (None, "", resource.kind):
        raise bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}')
    meta = body.get("metadata")
    meta = {} if meta is None else meta
    check_shape(resource, meta)
    rest = {name: value for name, value in body.items() if name not in ROOT}
    gone = prune(META, meta, "metadata") + prune(resource.schema, rest)
    set_defaults(resource.schema, rest)
    warnings = [f'unknown field "{path}"' for path in sorted(gone)]
    if warnings and directive == "Strict":
        words = f"strict decoding error: {', '.join(warnings)}"
        raise refuse(words) if refuse else bad_request(f"{intro}: {words}")
    whole = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": tidy(meta), **rest}
    return Decoded(core_ways(resource, whole), warnings if directive != "Ignore" else [])


def tidy(meta: Body) -> Body:
    """Metadata without empty parts, as the server shows it."""
    return {name: value for name, value in meta.items() if value not in (None, "", [], {})}


def core_ways(resource: Resource, body: Body) -> Body:
    """What the real server does to some core kinds while it decodes them."""
    if resource.key == SECRETS:
        plain = body.pop("stringData", None) or {}
        if plain:
            encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
            body["data"] = {**(body.get("data") or {}), **encoded}
        body["type"] = body.get("type") or "Opaque"
    return body


def check(resource: Resource, body: Body, more: list[Cause]) -> None:
    """Refuse an invalid object with everything that is wrong."""
    name = str(body["metadata"].get("name", ""))
    causes = [*name_problems(resource, body["metadata"]), *more]
    content = {key: value for key, value in body.items() if key not in ROOT}
    root = resource.schema
    causes += [
        cause for cause in validate(root, {**content, **_present(root.required, body)}) if cause.field not in ROOT
    ]
    if causes:
        raise invalid(resource.group, resource.kind, name, sorted(causes, key=lambda cause: cause.field))


def _present(required: tuple[str, ...], body: Body) -> Body:
    return {name: body[name] for name in required if name in ROOT and name in body}
