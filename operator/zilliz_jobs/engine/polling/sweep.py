"""One reading of a list, page after page, with the next pages on their way already.

A cloud that is far away would be asked slower than the budget allows if each page waited for the one before. Rows
that move between two pages are met twice or not at all in this reading, as in any other; the next one meets them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.cloud.listing import MAX_PAGES, PAGE_SIZE, Page, PagedList

AHEAD = 8


async def sweep(
    source: PagedList[Any], *, expect: int, take: Callable[[Page[Any]], int], enough: Callable[[], bool]
) -> tuple[int, bool]:
    """Hands every page to `take`, which answers how many rows were new, until the list ends or `enough` says so.

    `expect`: how many pages are likely needed; no more are asked for ahead. Returns the number of pages, and whether
    the list was read to its end. Raises what the list raises, and Transient where it has no end or repeats itself.
    """
    asked: dict[int, asyncio.Task[Page[Any]]] = {}
    try:
        for number in range(1, MAX_PAGES + 1):
            for wanted in range(number, min(max(number, expect), number + AHEAD - 1) + 1):
                if wanted not in asked:
                    asked[wanted] = asyncio.create_task(_fetch(source, wanted))
            page = await asked[number]
            new = take(page)
            if page.is_last:
                return number, True
            if new == 0:
                raise Transient(f"cannot {source.doing}: page {number} repeats what was seen before")
            if enough():
                return number, False
            del asked[number]
        raise Transient(f"cannot {source.doing}: no end after {MAX_PAGES} pages")
    finally:
        for task in asked.values():
            task.cancel()
        await asyncio.gather(*asked.values(), return_exceptions=True)


async def _fetch(source: PagedList[Any], number: int) -> Page[Any]:
    return await source.fetch(number, PAGE_SIZE)
