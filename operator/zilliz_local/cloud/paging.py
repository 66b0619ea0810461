"""Pages of rows, newest first, with the vagaries that make paging hard to trust."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from .answers import bad_request
from .behaviour import Behaviour

Row = TypeVar("Row")


def number(query: dict[str, object], name: str, default: int, low: int, high: int) -> int:
    """A numeric parameter, given as text or number; clients send both."""
    given = query.get(name, default)
    try:
        value = int(str(given))
    except ValueError:
        raise bad_request(f"{name} must be a number, not {given!r}") from None
    if not low <= value <= high:
        raise bad_request(f"{name} must be between {low} and {high}, not {value}")
    return value


def page(
    rows: Sequence[Row],
    query: dict[str, object],
    key: str,
    show: Callable[[Row], dict[str, object]],
    *,
    behaviour: Behaviour,
    chance: Random,
) -> dict[str, object]:
    """One page as the API writes it: count, currentPage, pageSize and the rows under `key` (documented)."""
    size = number(query, "pageSize", 10, 1, 100)
    current = number(query, "currentPage", 1, 1, 1_000_000)
    start = (current - 1) * size
    if behaviour.rows_move and current > 1:
        start += chance.choice((-1, 0, 1))
    shown = [show(row) for row in rows[start : start + size]]
    count = len(shown) if behaviour.count_of_page_only else len(rows)
    return {"count": count, "currentPage": current, "pageSize": size, key: shown}
