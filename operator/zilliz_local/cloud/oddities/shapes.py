"""Fields that are missing, null or of another type."""

from typing import Any

from .oddity import Oddity, fields

VALUES = frozenset({"reason", "progress", "description", "collectionName", "dbName", "fileName", "details", "type"})
DESCRIPTIONS = frozenset({"description"})
STATES = frozenset({"state", "status"})
NUMBERS = frozenset({"progress", "fileSize", "totalRows", "importedRows", "size", "cuSize", "replica", "count"})


def _without(names: frozenset[str]) -> Any:
    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: change(item) for name, item in value.items() if name not in names}
        return [change(item) for item in value] if isinstance(value, list) else value

    return change


SHAPES = (
    Oddity("values_null", "null for what may be missing", data=lambda data: fields(data, VALUES, lambda _: None)),
    Oddity("values_missing", "what may be missing is missing", data=_without(VALUES)),
    Oddity("states_null", "null for every state", data=lambda data: fields(data, STATES, lambda _: None)),
    Oddity("states_missing", "no state anywhere", data=_without(STATES)),
    Oddity("descriptions_null", "null for each", data=lambda data: fields(data, DESCRIPTIONS, lambda _: None)),
    Oddity("descriptions_missing", "no description anywhere", data=_without(DESCRIPTIONS)),
    Oddity("regions_missing", "no region anywhere", data=_without(frozenset({"regionId", "region"}))),
    Oddity("numbers_as_text", "numbers as text", data=lambda data: fields(data, NUMBERS, str)),
    Oddity("count_missing", "a list does not say how long it is", data=_without(frozenset({"count"}))),
    Oddity("data_null", "null in the place of the data", body=lambda body: body | {"data": None}),
)
