"""Rows in another order, twice, or none at all in a row's place."""

from typing import Any

from .oddity import Oddity, rows


def _odd(row: Any) -> Any:
    """A row whose id is not there."""
    return {name: value for name, value in row.items() if not name.endswith("Id")} if isinstance(row, dict) else row


LISTS = (
    Oddity("rows_reversed", "in the other order", data=lambda data: rows(data, lambda old: old[::-1])),
    Oddity(
        "rows_twice",
        "each row twice",
        data=lambda data: rows(data, lambda old: [r for row in old for r in (row, row)]),
    ),
    Oddity("row_null", "null among the rows", data=lambda data: rows(data, lambda old: [None, *old])),
    Oddity(
        "row_without_id",
        "the first row has no id",
        data=lambda data: rows(data, lambda old: [*map(_odd, old[:1]), *old[1:]]),
    ),
)
