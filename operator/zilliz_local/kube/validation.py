"""Does an object fit its schema? Pure; the answers are the causes a real API server gives, in its words.

Neighbours: `schema` compiles, `pruning` and `defaulting` have already run, `naming` checks the metadata.
"""

import json
from collections.abc import Iterator
from typing import Any

from zilliz_local.kube.formats import FORMATS
from zilliz_local.kube.refusal import Cause
from zilliz_local.kube.schema import UNBOUND, Node


def validate(node: Node, value: Any, path: str = "") -> list[Cause]:
    """All violations below `value`; an empty list is a valid object."""
    return list(_walk(node, value, path))


def show(value: Any) -> str:
    """A value as it stands in an error message."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def wrong(path: str, value: Any, words: str, reason: str = "FieldValueInvalid") -> Cause:
    return Cause(path or "<nil>", reason, f"Invalid value: {show(value)}: {words}")


def _walk(node: Node, value: Any, path: str) -> Iterator[Cause]:
    if value is None:
        if node.type and not node.nullable:
            yield _mistyped(path, "null", node.type)
        return
    kind = type_name(value)
    if node.int_or_string:
        if kind not in ("integer", "string"):
            yield _mistyped(path, kind, "integer,string")
            return
    elif node.type and kind != node.type and not (node.type == "number" and kind == "integer"):
        yield _mistyped(path, kind, node.type)
        return
    yield from _alternatives(node, value, path)
    if isinstance(value, str):
        yield from _text(node, value, path)
    elif isinstance(value, dict):
        yield from _object(node, value, path)
    elif isinstance(value, list):
        yield from _list(node, value, path)
    elif node.bounds is not UNBOUND and not isinstance(value, bool):
        yield from _number(node, value, path)
    allowed = node.bounds.enum
    if allowed is not None and not any(_same(value, option) for option in allowed):
        listed = ", ".join(show(option if isinstance(option, str) else show(option)) for option in allowed)
        yield Cause(path, "FieldValueNotSupported", f"Unsupported value: {show(value)}: supported values: {listed}")


def type_name(value: Any) -> str:
    """The JSON type, with integral floats counted as integers."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names: tuple[tuple[type, str], ...] = ((float, "number"), (str, "string"), (dict, "object"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _same(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _mistyped(path: str, actual: str, wanted: str) -> Cause:
    words = f'{path} in body must be of type {wanted}: "{actual}"'
    return wrong(path, actual, words, "FieldValueTypeInvalid")


def _text(node: Node, value: str, path: str) -> Iterator[Cause]:
    bounds = node.bounds
    if bounds.max_length is not None and len(value) > bounds.max_length:
        unit = "byte" if bounds.max_length == 1 else "bytes"
        yield Cause(path, "FieldValueTooLong", f"Too long: may not be more than {bounds.max_length} {unit}")
    if bounds.min_length is not None and len(value) < bounds.min_length:
        yield wrong(path, value, f"{path} in body should be at least {bounds.min_length} chars long")
    if bounds.pattern is not None and not bounds.pattern.search(value):
        yield wrong(path, value, f"{path} in body should match '{bounds.pattern.pattern}'")
    if node.format and not FORMATS[node.format](value):
        words = f"{path} in body must be of type {node.format}: {show(value)}"
        yield wrong(path, value, words, "FieldValueTypeInvalid")


def _number(node: Node, value: float, path: str) -> Iterator[Cause]:
    bounds = node.bounds
    if bounds.multiple and value % bounds.multiple:
        yield wrong(path, value, f"{path} in body should be a multiple of {show(bounds.multiple)}")
    if bounds.maximum is not None and (value >= bounds.maximum if bounds.below else value > bounds.maximum):
        relation = "less than" if bounds.below else "less than or equal to"
        yield wrong(path, value, f"{path} in body should be {relation} {show(bounds.maximum)}")
    if bounds.minimum is not None and (value <= bounds.minimum if bounds.above else value < bounds.minimum):
        relation = "greater than" if bounds.above else "greater than or equal to"
        yield wrong(path, value, f"{path} in body should be {relation} {show(bounds.minimum)}")


def _too_many(path: str, count: int, limit: int) -> Cause:
    unit = "item" if limit == 1 else "items"
    return Cause(path, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} {unit}")


def _list(node: Node, value: list[Any], path: str) -> Iterator[Cause]:
    bounds = node.bounds
    if bounds.max_items is not None and len(value) > bounds.max_items:
        yield _too_many(path, len(value), bounds.max_items)
    if bounds.min_items is not None and len(value) < bounds.min_items:
        yield wrong(path, len(value), f"{path} in body should have at least {bounds.min_items} items")
    if node.items is not None:
        for index, item in enumerate(value):
            yield from _walk(node.items, item, f"{path}[{index}]")
    if node.list_type in ("map", "set"):
        yield from _doubles(node, value, path)


def _doubles(node: Node, value: list[Any], path: str) -> Iterator[Cause]:
    """A list that is a map or a set holds each key once."""
    seen: set[str] = set()
    for index, item in enumerate(value):
        keyed = node.list_type == "map" and isinstance(item, dict)
        identity = {key: item[key] for key in node.map_keys if key in item} if keyed else item
        text = json.dumps(identity, sort_keys=True)
        if text in seen:
            yield Cause(f"{path}[{index}]", "FieldValueDuplicate", f"Duplicate value: {show(identity)}")
        seen.add(text)


def _object(node: Node, value: dict[str, Any], path: str) -> Iterator[Cause]:
    bounds = node.bounds
    if bounds.max_properties is not None and len(value) > bounds.max_properties:
        yield _too_many(path, len(value), bounds.max_properties)
    if bounds.min_properties is not None and len(value) < bounds.min_properties:
        yield wrong(path, len(value), f"{path} in body should have at least {bounds.min_properties} properties")
    for name in node.required:
        if name not in value:
            yield Cause(_below(path, name), "FieldValueRequired", "Required value")
    for name, item in value.items():
        child = node.properties.get(name, node.additional)
        if child is not None:
            yield from _walk(child, item, _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _alternatives(node: Node, value: Any, path: str) -> Iterator[Cause]:
    """allOf, anyOf, oneOf and not, which in structural schemas only restrict values."""
    for part in node.all_of:
        yield from _walk(part, value, path)
    if node.any_of and all(validate(part, value, path) for part in node.any_of):
        yield wrong(path, "", f'"{path}" must validate at least one schema (anyOf)')
        yield from _closest(node.any_of, value, path)
    if node.one_of:
        fitting = sum(not validate(part, value, path) for part in node.one_of)
        if fitting != 1:
            found = "Found none valid" if fitting == 0 else f"Found {fitting} valid alternatives"
            yield wrong(path, "", f'"{path}" must validate one and only one schema (oneOf). {found}')
            if fitting == 0:
                yield from _closest(node.one_of, value, path)
    if node.negated is not None and not validate(node.negated, value, path):
        yield wrong(path, "", f'"{path}" must not validate the schema (not)')


def _closest(parts: tuple[Node, ...], value: Any, path: str) -> list[Cause]:
    """What the alternative that fits best lacks."""
    return min((validate(part, value, path) for part in parts), key=len)
