"""Fields that are missing, null or of another type."""

from typing import Any

from .oddity import Oddity, fields, inner

VALUES = frozenset({"reason", "progress", "description", "collectionName", "dbName", "fileName", "details", "type"})
DESCRIPTIONS = frozenset({"description"})
STATES = frozenset({"state", "status"})
NUMBERS = frozenset({"progress", "fileSize", "totalRows", "importedRows", "size", "cuSize", "replica", "count"})
RULES = frozenset({"autoscaling"})
BOUNDS = frozenset({"min", "max", "target"})
SIZES = frozenset({"cuSize", "replica"})
PARTS = ("cu", "replica")


def _without(names: frozenset[str]) -> Any:
    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: change(item) for name, item in value.items() if name not in names}
        return [change(item) for item in value] if isinstance(value, list) else value

    return change


def _without_sizes(value: Any) -> Any:
    """Scaling rules have a key for each size too; these stay."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in SIZES or isinstance(item, dict)}
        return {name: _without_sizes(item) for name, item in kept.items()}
    return [_without_sizes(item) for item in value] if isinstance(value, list) else value


def _null(names: frozenset[str]) -> Any:
    """null for these, whatever they hold."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: None if name in names else change(item) for name, item in value.items()}
        return [change(item) for item in value] if isinstance(value, list) else value

    return change


def _null_for_each_rule(value: Any) -> Any:
    if isinstance(value, dict):
        nulls = dict.fromkeys(PARTS)
        return {name: nulls if name in RULES else _null_for_each_rule(item) for name, item in value.items()}
    return [_null_for_each_rule(item) for item in value] if isinstance(value, list) else value


SHAPES = (
    Oddity("values_null", "null for what may be missing", data=lambda data: fields(data, VALUES, lambda _: None)),
    Oddity("values_missing", "what may be missing is missing", data=_without(VALUES)),
    Oddity("states_null", "null for every state", data=lambda data: fields(data, STATES, lambda _: None)),
    Oddity("states_missing", "no state anywhere", data=_without(STATES)),
    Oddity("descriptions_null", "null for each", data=lambda data: fields(data, DESCRIPTIONS, lambda _: None)),
    Oddity("descriptions_missing", "no description anywhere", data=_without(DESCRIPTIONS)),
    Oddity("regions_missing", "no region anywhere", data=_without(frozenset({"regionId", "region"}))),
    Oddity("numbers_as_text", "numbers as text", data=lambda data: fields(data, NUMBERS, str)),
    Oddity("sizes_missing", "a cluster does not tell its sizes", data=_without_sizes),
    Oddity("sizes_null", "null for the sizes of a cluster", data=lambda data: fields(data, SIZES, lambda _: None)),
    Oddity("rules_missing", "a cluster does not tell its scaling rules", data=_without(RULES)),
    Oddity("rules_null", "null for the scaling rules of a cluster", data=_null(RULES)),
    Oddity("rules_inner_null", "null for the scaling rule of each size of a cluster", data=_null_for_each_rule),
    Oddity("bounds_as_text", "the numbers of scaling rules as text", data=lambda data: fields(data, BOUNDS, str)),
    Oddity(
        "inner_reversed",
        "lists within a row in the other order",
        data=lambda data: inner(data, lambda old: old[::-1]),
    ),
    Oddity("inner_null", "null in lists within a row", data=lambda data: inner(data, lambda old: [None, *old])),
    Oddity("inner_missing", "lists within a row are missing", data=lambda data: inner(data, lambda _: None)),
    Oddity("count_missing", "a list does not say how long it is", data=_without(frozenset({"count"}))),
    Oddity("data_null", "null in the place of the data", body=lambda body: body | {"data": None}),
)
