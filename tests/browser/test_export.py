"""The page as a file: for a ticket, or for somebody without access to the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import tab
from tests.support.dashboard import Shop
from tests.support.kubectl_zilliz import typed

from zilliz_jobs.cli.kubectl.dashboard import export as exporting

ENDED = "Import, collection trailers"
MARKUP = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def add(file: Path, markup: str) -> None:
    text = file.read_text(encoding="utf-8").replace("</body>", f"{markup}</body>")
    file.write_text(text, encoding="utf-8")


async def test_the_file_shows_the_jobs_without_a_server(browser: Browser, shop: Shop, file: Path) -> None:
    await shop.tell("ImportJob", "films", {"description": MARKUP})
    done = await typed(shop.kubeconfig, "dashboard", "-n", "shop", "--export", str(file))
    assert (done.code, f"{file} has the job centre as it is now." in done.out) == (0, True)
    async with tab(browser, file.as_uri(), offline=True) as seen:
        assert await seen.page.title() == "Job centre"
        await expect(seen.row(MARKUP)).to_be_visible()
        await seen.row(ENDED).click()
        await expect(seen.drawer).to_contain_text("the collection 768")
        await expect(seen.drawer.get_by_role("button", name="Cancel job")).to_have_count(0)
        await expect(seen.page.locator(".link")).to_contain_text("As of")
        await seen.page.get_by_role("link", name="Schedules").click()
        await expect(seen.page.locator(".card", has_text="nightly")).to_be_visible()
        assert await seen.page.get_by_role("button", name="Run now").count() == 0
        assert await seen.page.title() == "Job centre"
        assert seen.complaints == []


async def test_what_the_file_leaves_out_is_said(
    browser: Browser, shop: Shop, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the terminal, and in the file where it is looked for. Its addresses can be handed on."""
    monkeypatch.setattr(exporting, "MOST_DETAILS", 6)
    done = await typed(shop.kubeconfig, "dashboard", "-n", "shop", "--export", str(file))
    assert "not all is in it: of 18 jobs it has the details of the newest 6" in done.out
    async with tab(browser, f"{file.as_uri()}#/jobs/importjob/shop/films", offline=True) as seen:
        await expect(seen.drawer).to_contain_text("films/part-2.parquet")
        href = await seen.row(ENDED).locator(".open").get_attribute("href")
        assert href == "#/jobs/projectjob/shop/page-02"
        await seen.page.goto(f"{file.as_uri()}{href}")
        await expect(seen.drawer).to_contain_text("This file has the details of the newest 6 jobs only.")
        await expect(seen.drawer).to_contain_text("the collection 768")
        assert seen.complaints == []


async def test_a_script_that_is_added_to_the_file_does_not_run(browser: Browser, shop: Shop, file: Path) -> None:
    await typed(shop.kubeconfig, "dashboard", "-n", "shop", "--export", str(file))
    add(file, "<script>window.taken = 1</script>")
    async with tab(browser, file.as_uri()) as seen:
        await expect(seen.row(ENDED)).to_be_visible()
        assert await seen.page.evaluate("window.taken") is None
        assert any("Content Security Policy" in one for one in seen.complaints)


async def test_what_cannot_be_written_is_said(shop: Shop, tmp_path: Path) -> None:
    done = await typed(
        shop.kubeconfig, "dashboard", "-n", "shop", "--export", str(tmp_path / "nowhere" / "page.html")
    )
    assert (done.code, "cannot write" in done.err) == (5, True)
