"""A tab of a real Chromium, for tests of the page: with what it complained of."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright
from tests.support.browser_told import REASON

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
PATIENCE_MS = 30_000.0
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason=REASON)


@dataclass
class Tab:
    """`complaints`: what the browser wrote to its console as warning or error, scripts that it refused among them."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def row(self, name: str) -> Locator:
        """The row of the job with these words in it."""
        return self.page.locator(".row", has_text=name)

    @property
    def drawer(self) -> Locator:
        """The job that is opened."""
        return self.page.locator("aside.drawer")

    async def titles(self) -> list[str]:
        """The jobs that are to be seen, from above."""
        found: list[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll('.row')]
                .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
                .map((row) => row.querySelector('.open').textContent)"""
        )
        return found


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", *flags]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(
    browser: Browser,
    address: str,
    *,
    language: str = "en-GB",
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (1440, 900),
    **options: Any,
) -> AsyncIterator[Tab]:
    """Opened at this address. Nothing moves in it."""
    context = await browser.new_context(
        locale=language,
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        timezone_id="UTC",
        reduced_motion="reduce",
        **options,
    )
    try:
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        found = Tab(page)
        page.on("console", lambda told: found.complaints.append(told.text) if told.type in _LOUD else None)
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        await page.goto(address)
        yield found
    finally:
        await context.close()


_LOUD = ("error", "warning")
