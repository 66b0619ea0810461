"""The page in a real Chromium, which is skipped, and said so, where there is none.

One browser serves all tests of a process, since its start takes longer than a test; each has a profile of its own.
So all of them are in one event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.support.browser import Tab, chromium, needs_chromium, tab
from tests.support.dashboard import Served, Shop, opened_shop, served


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(needs_chromium)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """With all that the pictures show."""
    async with opened_shop(tmp_path) as shop:
        await shop.fill()
        yield shop


@pytest_asyncio.fixture(loop_scope="session")
async def page(shop: Shop) -> AsyncIterator[Served]:
    async with served(shop) as page:
        yield page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def seen(browser: Browser, page: Served) -> AsyncIterator[Tab]:
    """The page, opened. The browser must not complain of anything."""
    async with tab(browser, page.page.address()) as seen:
        yield seen
        assert seen.complaints == []
