"""From a pydantic model to a structural schema, the dialect of OpenAPI v3 that CustomResourceDefinitions demand.

What the dialect cannot say is refused here (SchemaError) and not bent, so that a model which a kube-apiserver
would refuse, or take and then prune, fails in a unit test. Specs keep their bounds and their defaults; statuses
lose both, since one value out of bounds would refuse the whole write of a status.
"""

from __future__ import annotations

import re
from typing import Any

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import Model

Schema = dict[str, Any]

_KEPT = ("description", "type", "format", "default", "enum", "nullable")
_BOUNDS = (
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "maxProperties"),
    *("minimum", "maximum", "multipleOf"),
)
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_DROPPED = frozenset({"title", "discriminator", "$defs"})
_HANDLED = frozenset({"properties", "required", "items", "additionalProperties", "const", *_EXCLUSIVE})
_EXTENSION = "x-kubernetes-"
TEMPLATE = "template"
"""Of a field: the spec in it is the template of other objects. It has no defaults, since those come with the objects,
and shorter lists, since the cost of a rule counts once for each template that there may be."""
TEMPLATE_ITEMS = 32
_KNOWN = frozenset({*_KEPT, *_BOUNDS, *_DROPPED, *_HANDLED, TEMPLATE})

# What may refuse a write; a status schema has none of it. Order and uniqueness are not used anywhere.
REFUSING = frozenset({"enum", "format", "nullable", "default", *_BOUNDS, *_EXCLUSIVE})

_ENUM_WORD = re.compile(r"[A-Z][A-Za-z0-9]*")


class SchemaError(TypeError):
    """The model says something that a CustomResourceDefinition cannot say; the message names the field."""


def spec_schema(model: type[Model]) -> Schema:
    """The structural schema of a spec. Raises SchemaError."""
    schema = _structural(model)
    _check_enums(schema, "spec")
    _check_defaults(schema, "spec", kept=True)
    return schema


def status_schema(model: type[Model], result: type[Model] | None) -> Schema:
    """The schema of a status, in which every value fits. `result` takes the place of the field of that name.

    Raises SchemaError. The default makes kstatus see a new object as unfinished: without a status it would
    count as done.
    """
    schema = _structural(model)
    properties: dict[str, Schema] = schema["properties"]
    if "result" in properties:
        described = properties.pop("result").get("description", "")
        if result is not None:
            properties["result"] = described_as(described, _structural(result))
    schema = _lenient(schema)
    conditions = schema["properties"].get("conditions")
    if conditions is not None:
        conditions["items"]["required"] = ["type"]  # the key of the map must be there
        conditions["x-kubernetes-list-type"] = "map"
        conditions["x-kubernetes-list-map-keys"] = ["type"]
    born = {"state": "Pending"} if issubclass(model, JobStatus) else {}  # told without a write
    return {**schema, "default": {"observedGeneration": -1, **born}}


def described_as(description: str, schema: Schema) -> Schema:
    """`schema` with this description, which stands first."""
    return {"description": description, **{key: value for key, value in schema.items() if key != "description"}}


def _structural(model: type[Model]) -> Schema:
    """The schema of `model` with all references resolved and every keyword translated."""
    raw = model.model_json_schema(by_alias=True)
    return _translate(raw, raw.get("$defs", {}), model.__name__, ())


def _translate(node: Schema, defs: dict[str, Schema], path: str, seen: tuple[str, ...]) -> Schema:
    node, seen = _resolve(node, defs, path, seen)
    for keyword in node:
        if keyword not in _KNOWN and not keyword.startswith(_EXTENSION):
            raise SchemaError(f"cannot say {path}: a CRD has no {keyword}")
    out: Schema = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        out["enum"] = [node["const"]]
    out |= {key: node[key] for key in _BOUNDS if key in node}
    for exclusive, bound in _EXCLUSIVE.items():
        if exclusive in node:
            out |= {bound: node[exclusive], exclusive: True}
    out |= {key: value for key, value in node.items() if key.startswith(_EXTENSION)}
    match node.get("type"):
        case "object":
            out |= _object(node, defs, path, seen)
        case "array":
            out["items"] = _translate(node.get("items", {}), defs, f"{path}[]", seen)
            out.setdefault("x-kubernetes-list-type", "atomic")
        case "string" | "integer" | "number" | "boolean":
            pass
        case other:
            raise SchemaError(f"cannot say {path}: every node needs one type, this has {other!r}")
    return _as_template(out) if node.get(TEMPLATE) else out


def _object(node: Schema, defs: dict[str, Schema], path: str, seen: tuple[str, ...]) -> Schema:
    out: Schema = {}
    rest = node.get("additionalProperties")
    if "properties" in node:
        if rest not in (None, False):
            raise SchemaError(f"cannot say {path}: named and free fields do not go together")
        out["properties"] = {
            name: _translate(child, defs, f"{path}.{name}", seen) for name, child in node["properties"].items()
        }
        if node.get("required"):
            out["required"] = list(node["required"])
    elif rest is True:
        out["x-kubernetes-preserve-unknown-fields"] = True
    elif isinstance(rest, dict):
        out["additionalProperties"] = _translate(rest, defs, f"{path}.*", seen)
    return out


def _resolve(
    node: Schema, defs: dict[str, Schema], path: str, seen: tuple[str, ...]
) -> tuple[Schema, tuple[str, ...]]:
    """`node` without $ref and without the null of an optional field; what stands beside them wins."""
    while "$ref" in node or "anyOf" in node:
        beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name in seen:
                raise SchemaError(f"cannot say {path}: {name} holds itself")
            seen = (*seen, name)
            node = {**defs[name], **beside}
            continue
        members = [member for member in node["anyOf"] if member != {"type": "null"}]
        if len(members) != 1:
            raise SchemaError(f"cannot say {path}: a union of {len(members)} types")
        node = {**members[0], **beside}
    if node.get("default", ...) is None:
        node = {key: value for key, value in node.items() if key != "default"}
    return node, seen


def _as_template(schema: Schema) -> Schema:
    out = {key: value for key, value in schema.items() if key != "default"}
    if "maxItems" in out:
        out["maxItems"] = min(out["maxItems"], TEMPLATE_ITEMS)
    if "properties" in out:
        out["properties"] = {name: _as_template(child) for name, child in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in out:
            out[key] = _as_template(out[key])
    return out


def _lenient(schema: Schema) -> Schema:
    """The same schema without anything that could refuse a value of the right type."""
    out = {key: value for key, value in schema.items() if key not in REFUSING and key != "required"}
    if "properties" in out:
        out["properties"] = {name: _lenient(child) for name, child in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in out:
            out[key] = _lenient(out[key])
    return out


def _check_enums(schema: Schema, path: str) -> None:
    for word in schema.get("enum", ()):
        if not isinstance(word, str) or not _ENUM_WORD.fullmatch(word):
            raise SchemaError(f"cannot say {path}: the words of an enum are CamelCase, not {word!r}")
    for child_path, child, _ in _children(schema, path):
        _check_enums(child, child_path)


def _check_defaults(schema: Schema, path: str, *, kept: bool) -> None:
    """Defaults may stand only where the object they stand in is always there (`kept`).

    In a list, or in an object that the user may leave out, they would appear in objects that Git does not
    have, or not appear where the reader expects them.
    """
    for child_path, child, always in _children(schema, path):
        if "default" in child and not kept:
            raise SchemaError(f"cannot say {child_path}: a default inside a list or an optional object")
        _check_defaults(child, child_path, kept=kept and always)


def _children(schema: Schema, path: str) -> list[tuple[str, Schema, bool]]:
    """(path, schema, is always there when its parent is) of each child."""
    required = schema.get("required", ())
    found = [
        (f"{path}.{name}", child, name in required or "default" in child)
        for name, child in schema.get("properties", {}).items()
    ]
    found += [(f"{path}[]", schema["items"], False)] if "items" in schema else []
    found += [(f"{path}.*", schema["additionalProperties"], False)] if "additionalProperties" in schema else []
    return found
