"""The least that a reader of the list can take: it asks for page after page as fast as the limit allows, and writes
nothing.

It is run on the machine and in the run whose figures it stands beside, so that a slow machine does not look like a
slow operator.
"""

from __future__ import annotations

import asyncio
import json
import math
from types import TracebackType
from typing import Any, Self

import aiohttp
from tools.bench.cloud import CLUSTER, KEY
from tools.bench.figures import DOCUMENTED_RATE, PAGE_SIZE
from tools.bench.problem import Problem

LIST = "/v2/vectordb/jobs/import/list"


class ListFloor:
    """Reads the list of imports of the bench's cluster."""

    def __init__(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        self._http = aiohttp.ClientSession(base_url=url, headers=headers, timeout=aiohttp.ClientTimeout(total=60))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def page(self, number: int) -> list[Any]:
        """The rows of one page; the first is 1."""
        asked = {"clusterId": CLUSTER, "currentPage": number, "pageSize": PAGE_SIZE}
        async with self._http.post(LIST, json=asked) as answer:
            found = json.loads(await answer.read())
        if found.get("code") != 0:
            raise Problem(f"cannot read the list: {found}")
        rows: list[Any] = found["data"]["records"]
        return rows

    async def reading(self, rows: int) -> float:
        """Seconds that one reading of a list of so many rows takes at the documented limit, to the last answer; or to
        the first request of the next reading, if that is later."""
        clock = asyncio.get_running_loop().time
        began, asked, pages = clock(), list[asyncio.Task[list[Any]]](), math.ceil(rows / PAGE_SIZE)
        for index in range(pages):
            await asyncio.sleep(max(0.0, began + index / DOCUMENTED_RATE - clock()))
            asked.append(asyncio.create_task(self.page(index + 1)))
        found = sum(len(page) for page in await asyncio.gather(*asked))
        if found < rows:
            raise Problem(f"cannot measure the floor: the list has {found} rows, and not {rows}")
        return max(clock() - began, pages / DOCUMENTED_RATE)
