"""A structural schema, read once per CRD version into nodes that can be walked quickly.

`pruning`, `defaulting` and `validation` walk the same nodes; `openapi` and `explain` use the raw schema.
CEL rules (x-kubernetes-validations) are not read.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from zilliz_local.kube.formats import FORMATS
from zilliz_local.kube.record import Body

Check = Callable[[Any], bool]
Number = int | float


@dataclass(frozen=True, slots=True)
class Bounds:
    """The value rules of a node, each None when absent."""

    minimum: Number | None = None
    maximum: Number | None = None
    above: bool = False
    below: bool = False
    multiple: Number | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_properties: int | None = None
    max_properties: int | None = None
    pattern: re.Pattern[str] | None = None
    enum: tuple[Any, ...] | None = None


UNBOUND = Bounds()


@dataclass(frozen=True, slots=True)
class Node:
    """One level of a schema. `open` keeps unknown fields; `default` is a one-tuple, for it may be null."""

    type: str = ""
    nullable: bool = False
    open: bool = False
    int_or_string: bool = False
    embedded: bool = False
    format: str = ""
    properties: dict[str, "Node"] = field(default_factory=dict)
    additional: "Node | None" = None
    items: "Node | None" = None
    required: tuple[str, ...] = ()
    default: tuple[Any] | None = None
    bounds: Bounds = UNBOUND
    list_type: str = ""
    map_keys: tuple[str, ...] = ()
    all_of: tuple["Node", ...] = ()
    any_of: tuple["Node", ...] = ()
    one_of: tuple["Node", ...] = ()
    negated: "Node | None" = None


ANYTHING = Node(open=True)


def compile_schema(raw: Body | None) -> Node:
    """Read an openAPIV3Schema. An absent one keeps everything."""
    return _compiled(json.dumps(raw))


@lru_cache(maxsize=64)
def _compiled(text: str) -> Node:
    """Kept by its text: nodes are not changed, and the same definitions are installed again and again."""
    return _node(json.loads(text))


def _node(raw: Body | None) -> Node:
    if not raw:
        return ANYTHING
    properties = {name: _node(child) for name, child in (raw.get("properties") or {}).items()}
    extra = raw.get("additionalProperties")
    additional = _node(extra) if isinstance(extra, dict) and extra else ANYTHING if extra else None
    items = _node(raw["items"]) if raw.get("items") else None
    return Node(
        type=raw.get("type", ""),
        nullable=bool(raw.get("nullable")),
        open=bool(raw.get("x-kubernetes-preserve-unknown-fields")),
        int_or_string=bool(raw.get("x-kubernetes-int-or-string")),
        embedded=bool(raw.get("x-kubernetes-embedded-resource")),
        format=raw.get("format", "") if raw.get("format") in FORMATS else "",
        properties=properties,
        additional=additional,
        items=items,
        required=tuple(raw.get("required") or ()),
        default=(raw["default"],) if "default" in raw else None,
        bounds=_bounds(raw),
        list_type=raw.get("x-kubernetes-list-type", ""),
        map_keys=tuple(raw.get("x-kubernetes-list-map-keys") or ()),
        all_of=tuple(_node(part) for part in raw.get("allOf") or ()),
        any_of=tuple(_node(part) for part in raw.get("anyOf") or ()),
        one_of=tuple(_node(part) for part in raw.get("oneOf") or ()),
        negated=_node(raw["not"]) if raw.get("not") else None,
    )


def _bounds(raw: Body) -> Bounds:
    bounds = Bounds(
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
        above=bool(raw.get("exclusiveMinimum")),
        below=bool(raw.get("exclusiveMaximum")),
        multiple=raw.get("multipleOf"),
        min_length=raw.get("minLength"),
        max_length=raw.get("maxLength"),
        min_items=raw.get("minItems"),
        max_items=raw.get("maxItems"),
        min_properties=raw.get("minProperties"),
        max_properties=raw.get("maxProperties"),
        pattern=re.compile(raw["pattern"]) if raw.get("pattern") else None,
        enum=tuple(raw["enum"]) if raw.get("enum") else None,
    )
    return UNBOUND if bounds == UNBOUND else bounds
