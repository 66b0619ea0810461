"""The least that a client of the cloud can take: a plain loop that asks as fast as the limit allows, and does nothing
with the answers.

It is run on the machine and in the run whose figures it stands beside, so that a slow machine does not look like a
slow operator.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from tools.bench.cloud import CLUSTER, FILE, KEY
from tools.bench.figures import DOCUMENTED_RATE, PAGE_SIZE
from tools.bench.problem import Problem

LIST = "/v2/vectordb/jobs/import/list"
CREATE = "/v2/vectordb/jobs/import/create"
Answer = TypeVar("Answer")


class Floor:
    """Reads the list of imports of the bench's cluster, or adds to it."""

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
        pages = math.ceil(rows / PAGE_SIZE)
        found, seconds = await _paced(self.page, pages)
        listed = sum(len(page) for page in found)
        if listed < rows:
            raise Problem(f"cannot measure the floor: the list has {listed} rows, and not {rows}")
        return max(seconds, pages / DOCUMENTED_RATE)

    async def submitting(self, jobs: int, collection: str) -> float:
        """Seconds that so many submissions take at the documented limit, to the last answer; or to the first one
        after them, if that is later."""
        body = {"clusterId": CLUSTER, "collectionName": collection, "objectUrls": [[FILE]]}

        async def submit(_: int) -> None:
            async with self._http.post(CREATE, json=body) as answer:
                found = json.loads(await answer.read())
            if found.get("code") != 0:
                raise Problem(f"cannot submit: {found}")

        _, seconds = await _paced(submit, jobs)
        return max(seconds, jobs / DOCUMENTED_RATE)


async def _paced(call: Callable[[int], Coroutine[Any, Any, Answer]], calls: int) -> tuple[list[Answer], float]:
    """The answers of so many calls, begun at the documented limit, and the seconds to the last one. Calls count from
    1."""
    clock = asyncio.get_running_loop().time
    began, asked = clock(), list[asyncio.Task[Answer]]()
    for index in range(calls):
        await asyncio.sleep(max(0.0, began + index / DOCUMENTED_RATE - clock()))
        asked.append(asyncio.create_task(call(index + 1)))
    return await asyncio.gather(*asked), clock() - began
