"""Whole lists of the cloud, each read once for all callers that wait for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.kinds.base import Account


@dataclass(frozen=True)
class Row:
    """One row: its id in the cloud, the row as the cloud wrote it, and how it is read."""

    id: str
    raw: dict[str, Any]
    read: Callable[[Any], Any] = field(repr=False)

    @cached_property
    def value(self) -> Any:
        """The row as a value; not read before somebody asks."""
        return self.read(self.raw)


@dataclass(frozen=True)
class Listing:
    """One complete reading of a list, each id once. `asked_at`: when it began, in seconds of the event loop's clock.
    `calls`: requests that it took. `unreadable`: how many more rows there were whose id cannot be read; any of them
    may be the one that is looked for and not found."""

    rows: tuple[Row, ...]
    asked_at: float
    calls: int
    unreadable: int = 0


class Lists(Protocol):
    """A reader of whole lists; `poller.Poller` is one."""

    async def whole(self, account: Account, wanted: ListId) -> Listing:
        """All rows, from a reading that begins now or later. Raises CloudError, and then says nothing of any row."""
