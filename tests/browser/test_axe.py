"""axe-core finds nothing serious, in three languages, light and dark: what it finds, some reader cannot use."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import tab
from tests.support.dashboard import MOVIES, NOON, Served, Shop

AXE = Path(__file__).parent / "axe" / "axe.min.js"
VIEWS = ("/", "/jobs/projectjob/shop/page-02", "/timeline", "/schedules", "/connections")
SERIOUS = ("serious", "critical")
GO = "(view) => { history.pushState(null, '', view); dispatchEvent(new PopStateEvent('popstate')); }"
"""The page is not loaded anew, nor axe."""
JUDGE = """async (serious) => {
    const found = await axe.run({ resultTypes: ["violations"] });
    const told = found.violations.filter((one) => serious.includes(one.impact));
    return {
        violations: told.map((one) => [one.id, one.help, one.nodes.slice(0, 3).map((node) => node.html)]),
        passes: found.passes.length,
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-US", "zh-CN", "ja-JP"])
async def test_everybody_can_use_it(
    browser: Browser, shop: Shop, page: Served, language: str, scheme: Literal["light", "dark"]
) -> None:
    """With a notice, the keys, and a question beside a button, too; light as on a desk, dark as on a phone."""
    await shop.ours("BackupJob", "lonely", spec={"clusterId": MOVIES}, created=NOON - timedelta(minutes=5))
    size = (1440, 900) if scheme == "light" else (390, 844)
    async with tab(
        browser, page.page.address(), language=language, scheme=scheme, size=size, bypass_csp=True
    ) as seen:
        await expect(seen.page.locator(".notice")).to_be_visible()
        await seen.page.keyboard.press("?")
        await expect(seen.page.locator(".help")).to_be_visible()
        await seen.page.evaluate(AXE.read_text(encoding="utf-8"))
        for view in VIEWS:
            await seen.page.evaluate(GO, view)
            await expect(seen.page.locator(".row, .view").first).to_be_visible()
            if view.startswith("/jobs/"):
                await seen.drawer.locator(".act-retry button").click()
                await expect(seen.drawer.locator(".sure")).to_be_visible()
            assert await seen.page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0, view
            found = await seen.page.evaluate(JUDGE, SERIOUS)
            assert found["violations"] == [], view
            assert found["passes"] > 10
