"""A job that is opened: all that is known of it, at once for each job, and at an address that can be kept."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Browser, expect
from tests.support.browser import Tab, tab
from tests.support.dashboard import NOON, SHOP, Served, Shop

from zilliz_jobs.api.model import format_time

ENDED = "Import, collection trailers"
NAMED = "<img src=x onerror=document.title='taken'>"


async def test_all_that_show_knows_stands_there(seen: Tab, shop: Shop) -> None:
    """Attempts, files, conditions, events, what can be done, and the manifest."""
    about = {
        "kind": "ImportJob",
        "namespace": SHOP,
        "name": "films",
        "uid": shop.object("ImportJob", "films")["metadata"]["uid"],
    }
    time = format_time(NOON - timedelta(minutes=2))
    told = {
        "involvedObject": about,
        "reason": "SlowSource",
        "message": "the bucket answers slowly",
        "type": "Warning",
    }
    await shop.put("v1", "Event", "films.1", firstTimestamp=time, lastTimestamp=time, count=1, **told)
    await seen.row("shop/films").click()
    life = seen.drawer.locator(".life li")
    await expect(life.filter(has_text="Event SlowSource")).to_contain_text("the bucket answers slowly")
    attempts = seen.drawer.get_by_role("group", name="Attempts").get_by_role("row")
    await expect(attempts.nth(1)).to_contain_text("JobFailed: part-2.parquet has no column id")
    await expect(attempts.nth(2)).to_contain_text("job-1yuezfdmf54e50qecb1zuj")
    files = seen.drawer.get_by_role("group", name="Files").get_by_role("row")
    await expect(files.nth(1)).to_contain_text("films/part-2.parquet")
    await expect(files.nth(2)).to_contain_text("120000")
    await seen.drawer.get_by_text("Conditions", exact=True).click()
    await expect(seen.drawer.get_by_role("group", name="Conditions")).to_contain_text("Reconciling")
    await seen.drawer.get_by_text("Manifest", exact=True).click()
    await expect(seen.drawer.locator("pre").last).to_contain_text("collection: films")
    advice = seen.drawer.locator(".advice li", has_text="wait for its end")
    await expect(advice.locator("code")).to_have_text("kubectl zilliz wait importjob/films -n shop")


async def test_another_job_is_read_at_once(seen: Tab) -> None:
    """Between two readings of one job there is a pause; who opens one job after another does not wait."""
    await expect(seen.row("shop/films")).to_be_visible()
    await seen.page.evaluate("window.setTimeout = () => 0")  # a pause that never ends
    await seen.row("shop/films").click()
    await expect(seen.drawer.locator("dl")).to_be_visible()
    for name, words in (("shop/page-02", "the collection 768"), ("shop/films", "films/part-1.parquet")):
        await seen.row(name).locator(".open").click(position={"x": 4, "y": 4})
        await expect(seen.drawer).to_contain_text(words)


async def test_an_address_of_no_job_says_so(browser: Browser, page: Served) -> None:
    """One that was cut, mistyped, or made by somebody else, with markup in the name; the page works on beside it."""
    async with tab(browser, page.page.address()) as seen:
        for job in ("importjob/shop/nobody", "importjob/shop/%E0%A4%A", "a/b/c", f"importjob/shop/{NAMED}"):
            await seen.page.goto(f"{page.url}/jobs/{job}")
            await expect(seen.drawer).to_contain_text("It is not there any more.")
            await expect(seen.row(ENDED)).to_be_visible()
            assert await seen.page.locator("img").count() == 0
            assert await seen.page.title() == "Job centre"
        await seen.page.get_by_role("button", name="Close").click()
        await seen.row(ENDED).click()
        await expect(seen.drawer).to_contain_text("the collection 768")
