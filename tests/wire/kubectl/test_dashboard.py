"""The server of the page: what it answers, to whom, and that what it tells stays true."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.dashboard import SHOP, Served, Shop, opened_shop, served
from tests.support.kubectl_zilliz import typed

from zilliz_jobs.cli.kubectl.dashboard.command import Wanted
from zilliz_jobs.cli.kubectl.dashboard.guard import HEADERS
from zilliz_jobs.cli.kubectl.exitcodes import CommandError

PATIENCE = 30.0
DENIED = 'backupjobs.jobs.zilliz.com is forbidden: User "ada" cannot list resource "backupjobs" in API group'
Message = dict[str, Any]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened_shop(tmp_path) as shop:
        yield shop


class Browser:
    """A browser that was opened with the address that the command printed."""

    def __init__(self, page: Served, session: aiohttp.ClientSession) -> None:
        self.page, self.session, self.csrf = page, session, ""

    async def open(self) -> str:
        async with self.session.get(self.page.page.address()) as answer:
            text = await answer.text()
            assert answer.status == 200, text
        found = re.search(r'name="csrf" content="([^"]+)"', text)
        assert found
        self.csrf = found[1]
        return text

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self.page.url + path, headers=headers) as answer:
            assert all(answer.headers[name] == value for name, value in HEADERS.items()), path
            return answer.status, await answer.text()

    async def post(self, path: str, **headers: str) -> tuple[int, str]:
        given = {"Origin": self.page.url, "X-Zilliz-Csrf": self.csrf} | headers
        async with self.session.post(self.page.url + path, headers=given) as answer:
            return answer.status, await answer.text()

    async def messages(self, **headers: str) -> AsyncIterator[tuple[int, Message]]:
        async with self.session.get(f"{self.page.url}/api/events", headers=headers) as answer:
            assert answer.content_type == "text/event-stream"
            number = 0
            while line := (await answer.content.readuntil(b"\n")).decode():
                if line.startswith("id: "):
                    number = int(line[4:])
                if line.startswith("data: "):
                    yield number, json.loads(line[6:])


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)  # this machine has an address and no name
    async with served(shop) as page, aiohttp.ClientSession(cookie_jar=jar, read_bufsize=1 << 24) as session:
        browser = Browser(page, session)
        await browser.open()
        yield browser


async def until(messages: AsyncIterator[tuple[int, Message]], holds: Any) -> Message:
    """The first message of which this holds."""
    async with asyncio.timeout(PATIENCE):
        async for _, message in messages:
            if holds(message):
                return message
    raise AssertionError("the stream has ended")


def ids(message: Message, table: str = "jobs") -> set[str]:
    return {row["id"] for row in message["rows"].get(table, ())}


# -- who may ask


async def test_without_the_token_nothing_is_answered(shop: Shop) -> None:
    """Another user of the machine, who found the port."""
    async with served(shop) as page, aiohttp.ClientSession() as session:
        for path in ("/", "/static/app.js", "/api/events", f"/api/objects/importjob/{SHOP}/films", "/nothing"):
            async with session.get(page.url + path) as answer:
                assert answer.status == 401, path
                assert "serves once" in await answer.text()
                assert "Set-Cookie" not in answer.headers
                assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


async def test_the_address_serves_once_and_leaves_no_token_behind(shop: Shop) -> None:
    async with served(shop) as page:
        address = page.page.address()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as first:
            async with first.get(address, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
                cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            async with first.get(page.url) as answer:
                assert answer.status == 200
        async with aiohttp.ClientSession() as second, second.get(address) as answer:
            assert answer.status == 401
        assert "For another browser: http://127.0.0.1:" in page.said.getvalue()


async def test_a_name_that_leads_here_and_another_page_are_refused(browser: Browser) -> None:
    path = f"/api/objects/importjob/{SHOP}/films"
    assert (await browser.get(path, Host="evil.example"))[0] == 421
    assert (await browser.get(path, Origin="https://evil.example"))[0] == 403
    assert (await browser.get("/api/events", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}))[0] == 403


async def test_only_the_page_itself_can_cancel(shop: Shop, browser: Browser) -> None:
    await shop.fill()
    path = f"/api/objects/importjob/{SHOP}/films/cancel"
    for headers in ({"X-Zilliz-Csrf": ""}, {"X-Zilliz-Csrf": "guessed"}, {"Origin": "https://evil.example"}):
        assert (await browser.post(path, **headers))[0] == 403
    assert (await browser.get(path))[0] == 405
    assert not shop.object("ImportJob", "films")["metadata"].get("annotations")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/vendor/README.md",
        "/static/index.html",
        "/static/nothing.js",
        "/api/objects/secret/shop/zilliz",
        "/api/objects/importjob/shop/nobody",
        "/api/objects/importjob/../shop",
        "/jobs/importjob",
    ],
)
async def test_what_is_not_of_the_page_is_not_there(browser: Browser, path: str) -> None:
    assert (await browser.get(path))[0] == 404


@pytest.mark.parametrize("path", ["/", "/timeline", "/schedules", "/connections", "/jobs/importjob/shop/films"])
async def test_every_address_of_the_page_can_be_opened(browser: Browser, path: str) -> None:
    status, text = await browser.get(path)
    assert (status, 'src="/static/app.js"' in text) == (200, True)


# -- what it tells


async def test_the_page_is_told_all_and_then_what_changes(shop: Shop, browser: Browser) -> None:
    await shop.fill()
    messages = browser.messages()
    seen: set[str] = set()

    def note(message: Message) -> bool:
        seen.update(*(ids(message, table) for table in message["rows"]))
        return bool(message["complete"] and "jobschedule/shop/nightly" in seen)

    await until(messages, note)
    assert {"importjob/shop/films", "projectjob/shop/page-00", "zillizconnection/shop/default"} <= seen
    await shop.tell("ImportJob", "films", {"progressPercent": 77})
    message = await until(messages, lambda told: "importjob/shop/films" in ids(told))
    (row,) = (row for row in message["rows"]["jobs"] if row["name"] == "films")
    assert row["progress"] == 77
    await shop.delete("ImportJob", "films")
    await until(messages, lambda told: "importjob/shop/films" in told["gone"].get("jobs", ()))


async def test_who_comes_back_is_told_everything_anew(shop: Shop, browser: Browser) -> None:
    """What a cut connection missed cannot be known: a job that went meanwhile must not stay on the page."""
    await shop.fill()
    await until(browser.messages(), lambda told: "importjob/shop/films" in ids(told))
    await shop.delete("ImportJob", "films")

    async def comes_back() -> tuple[int, Message]:
        return await anext(browser.messages(**{"Last-Event-ID": "41"}))

    async with asyncio.timeout(PATIENCE):
        while "importjob/shop/films" in ids((told := await comes_back())[1]):
            pass
    assert (told[0], told[1]["whole"]) == (42, True)


async def test_many_changes_make_few_messages(shop: Shop, browser: Browser) -> None:
    """A browser that is told of each of fifty changes a second does nothing else."""
    await shop.fill()
    messages = browser.messages()
    await until(messages, lambda told: told["complete"])
    now, last, count = asyncio.get_running_loop().time, 100, 0
    begun = now()
    for percent in range(last + 1):
        await shop.tell("ImportJob", "films", {"progressPercent": percent})
    async for _, message in messages:
        count += 1
        if any(row.get("progress") == last for row in message["rows"].get("jobs", ())):
            break
    assert count <= 4 * (now() - begun) + 2


async def test_a_missing_right_costs_only_what_it_is_for(shop: Shop, browser: Browser) -> None:
    await shop.fill()
    shop.kube.faults.answer(403, path="*/backupjobs", message=DENIED)
    async with (
        served(shop) as page,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), read_bufsize=1 << 24) as session,
    ):
        other = Browser(page, session)
        await other.open()
        message = await until(other.messages(), lambda told: told.get("notices"))
        (notice,) = message["notices"]
        assert notice["code"] == "forbidden"
        assert "you lack the right to watch backupjobs" in notice["text"]
        assert notice["command"] == "kubectl zilliz doctor"


async def test_the_details_have_what_show_knows(shop: Shop, browser: Browser) -> None:
    await shop.fill()
    await until(browser.messages(), lambda told: told["complete"])
    status, text = await browser.get("/api/objects/importjob/shop/films")
    told = json.loads(text)
    assert status == 200
    assert [one["what"] for one in told["timeline"]][:2] == ["object created", "attempt 1 started"]
    assert told["requests"]["cancel"] == {
        "may": False,
        "reason": "KindHasNoCancel",
        "text": "The cloud cannot cancel jobs of this kind once they are submitted.",
    }
    assert told["files"][0]["name"] == "films/part-2.parquet"
    assert {"purpose": "wait for its end", "command": "kubectl zilliz wait importjob/films -n shop"} in told["advice"]
    status, text = await browser.get("/api/objects/projectjob/shop/page-02")
    assert "jobId: job-02" in json.loads(text)["cloud"]


# -- how it begins and ends


async def test_a_page_that_is_open_is_told_the_end_and_not_cut_off(shop: Shop) -> None:
    """A stream that is cut in the middle of a message could be taken for a server that went wrong."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, read_bufsize=1 << 24) as session:
        async with served(shop) as page:
            browser = Browser(page, session)
            await browser.open()
            messages = browser.messages()
            await until(messages, lambda told: told["complete"])
        async with asyncio.timeout(PATIENCE):
            rest = [message async for _, message in messages]
        assert all(message["rows"] == {} for message in rest)


async def test_a_port_that_is_taken_is_said(shop: Shop) -> None:
    async with served(shop) as page:
        with pytest.raises(CommandError, match=f"cannot listen on port {page.page.port}"):
            async with served(shop, Wanted(port=page.page.port, browser=False)):
                pass


async def test_the_page_can_begin_with_a_job(shop: Shop) -> None:
    await shop.fill()
    async with served(shop, Wanted(job="import/films", browser=False)) as page:
        assert "/jobs/importjob/shop/films?token=" in page.page.address()
    with pytest.raises(CommandError, match="there is no job nobody in namespace shop"):
        async with served(shop, Wanted(job="nobody", browser=False)):
            pass


async def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    seen = await typed(tmp_path / "nowhere", "dashboard", "--no-browser")
    assert seen.code == 5
    assert "kubeconfig" in seen.err
