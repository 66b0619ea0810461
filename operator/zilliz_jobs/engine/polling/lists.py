"""Whole lists of the cloud, read once for all who want them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.cloud.listing import MAX_PAGES, PAGE_SIZE
from zilliz_jobs.cloud.lists import ListId, paged
from zilliz_jobs.kinds.base import Account


@dataclass(frozen=True)
class Row:
    """One row: the cloud's id of it, what was understood of it, and the row as the cloud wrote it."""

    id: str
    value: Any
    raw: dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One complete reading of a list, each id once. `asked_at`: when it was begun, by the loop's clock."""

    rows: tuple[Row, ...]
    asked_at: float
    calls: int


class Lists:
    async def whole(self, account: Account, wanted: ListId) -> Listing:
        """All rows, from a reading that begins now or later. Raises CloudError, and then says nothing of any row."""
        asked_at = asyncio.get_running_loop().time()
        source, found = paged(account.session, wanted), dict[str, Row]()
        for number in range(1, MAX_PAGES + 1):
            page, known = await source.fetch(number, PAGE_SIZE), len(found)
            for value, raw in zip(page.rows, page.raws, strict=True):
                found[source.key(value)] = Row(source.key(value), value, raw)
            if page.is_last:
                return Listing(tuple(found.values()), asked_at, number)
            if len(found) == known:
                break
        raise Transient(f"cannot {source.doing}: it has no end, or repeats itself")
