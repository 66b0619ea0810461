"""Whole lists of the cloud, read once for all who want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.kinds.base import Account


@dataclass(frozen=True)
class Row:
    """One row: the cloud's id of it, what was understood of it, and the row as the cloud wrote it."""

    id: str
    value: Any
    raw: dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One complete reading of a list, each id once. `asked_at`: when it was begun, by the loop's clock. `unreadable`:
    how many more rows there were, of which not even the id can be read; any of them may be what is not found."""

    rows: tuple[Row, ...]
    asked_at: float
    calls: int
    unreadable: int = 0


class Lists(Protocol):
    async def whole(self, account: Account, wanted: ListId) -> Listing:
        """All rows, from a reading that begins now or later. Raises CloudError, and then says nothing of any row."""
