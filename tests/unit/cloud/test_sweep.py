"""If these fail, a row that is there is not seen, or a list is read for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from zilliz_jobs.cloud.errors import Transient
from zilliz_jobs.cloud.listing import AHEAD, MAX_PAGES, PAGE_SIZE, Met, Page, PagedList, sweep

pytestmark = pytest.mark.looptime
FAR = 1.0  # seconds to the cloud and back


class Cloud:
    def __init__(self, rows: int, *, pages: dict[int, Page[Any] | Exception] | None = None) -> None:
        self.rows, self.pages = [f"job-{n}" for n in range(rows)], pages or {}
        self.asked: list[int] = []
        self.in_flight = self.most_in_flight = 0

    async def fetch(self, number: int, size: int) -> Page[Any]:
        self.asked.append(number)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(FAR)
        finally:
            self.in_flight -= 1
        if number in self.pages:
            page = self.pages[number]
            if isinstance(page, Exception):
                raise page
            return page
        return Page(self.rows[(number - 1) * size : number * size])


async def read(cloud: Cloud, *, expect: int, enough_at: str = "") -> tuple[tuple[int, bool], list[str]]:
    seen: dict[str, None] = {}

    def take(page: Page[Any]) -> Met:
        before = len(seen)
        seen.update(dict.fromkeys(page.rows))
        return Met(len(seen) - before)

    source: PagedList[Any] = PagedList(cloud.fetch, str, "GET /jobs", "list jobs")
    return await sweep(source, expect=expect, take=take, enough=lambda: enough_at in seen), [*seen]


async def test_every_row_is_handed_over_in_order() -> None:
    cloud = Cloud(450)
    assert await read(cloud, expect=5) == ((5, True), cloud.rows)
    assert cloud.asked == [1, 2, 3, 4, 5]


async def test_pages_that_are_likely_needed_are_on_their_way_before_they_are() -> None:
    cloud, began = Cloud(1_950), asyncio.get_running_loop().time()
    await read(cloud, expect=20)
    assert cloud.most_in_flight == AHEAD
    assert asyncio.get_running_loop().time() - began < 20 * FAR / 2


async def test_no_more_pages_are_asked_for_than_are_likely_needed() -> None:
    cloud = Cloud(1_950)
    assert (await read(cloud, expect=2, enough_at="job-150"))[0] == (2, False)
    assert cloud.asked == [1, 2]


async def test_a_list_that_grew_is_read_to_its_end_all_the_same() -> None:
    cloud = Cloud(450)
    assert await read(cloud, expect=1) == ((5, True), cloud.rows)


async def test_a_list_that_shrank_ends_where_it_ends() -> None:
    assert (await read(Cloud(50), expect=40))[0] == (1, True)


async def test_what_was_asked_for_ahead_in_vain_is_called_off() -> None:
    cloud = Cloud(50)
    await read(cloud, expect=8)
    assert cloud.in_flight == 0


@pytest.mark.parametrize("at", [1, 3])
async def test_a_page_that_fails_fails_the_reading(at: int) -> None:
    cloud = Cloud(450, pages={at: Transient("HTTP 500")})
    with pytest.raises(Transient):
        await read(cloud, expect=5)
    assert cloud.in_flight == 0


async def test_a_cloud_that_ignores_the_page_number_is_found_out() -> None:
    same = Page([f"job-{n}" for n in range(PAGE_SIZE)])
    with pytest.raises(Transient, match="page 2 repeats what was seen before"):
        await read(Cloud(0, pages=dict.fromkeys(range(1, 9), same)), expect=3)


async def test_a_list_without_an_end_is_given_up() -> None:
    class Endless(Cloud):
        async def fetch(self, number: int, size: int) -> Page[Any]:
            return Page([f"job-{number}-{n}" for n in range(size)])

    with pytest.raises(Transient, match="no end"):
        await read(Endless(0), expect=MAX_PAGES)
