"""`kubectl zilliz dashboard` as a process: what it prints, which browser it starts, and where it can be reached."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from tests.support.dashboard import SHOP, Shop, opened_shop

PATIENCE = 60.0
ADDRESS = re.compile(r"^  (http://127\.0\.0\.1:(\d+)/\S*\?token=[\w-]{40,})$")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened_shop(tmp_path) as shop:
        await shop.fill()
        yield shop


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """Notes the addresses that it is started with, in the file beside it."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n', encoding="ascii")
    script.chmod(0o755)
    return script


@asynccontextmanager
async def dashboard(shop: Shop, browser: Path, *words: str) -> AsyncIterator[tuple[Process, str]]:
    """The command, and the address that it printed. Ctrl-C ends it."""
    program = str(Path(sys.executable).with_name("kubectl-zilliz"))
    typed = [program, "dashboard", "-n", SHOP, "--kubeconfig", str(shop.kubeconfig), *words]
    environment = os.environ | {"BROWSER": f"{browser} %s"}
    process = await asyncio.create_subprocess_exec(*typed, stdout=PIPE, env=environment)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            await process.stdout.readline()
            yield process, (await process.stdout.readline()).decode().rstrip("\n")
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 130


def opened(browser: Path) -> list[str]:
    file = browser.with_name("opened")
    return file.read_text(encoding="ascii").split() if file.exists() else []


async def test_the_browser_is_started_with_the_address_that_is_printed(shop: Shop, browser: Path) -> None:
    async with dashboard(shop, browser, "importjob/films") as (_, line):
        found = ADDRESS.match(line)
        assert found, line
        assert f":{found[2]}/jobs/importjob/shop/films?" in found[1]
        await shop.until(lambda: opened(browser))
        assert opened(browser) == [found[1]]


async def test_it_is_reached_at_127_0_0_1_only_and_starts_no_browser_that_is_not_wanted(
    shop: Shop, browser: Path
) -> None:
    """All of 127.0.0.0/8 is this machine; a server of all addresses would answer at the second one, too."""
    async with dashboard(shop, browser, "--no-browser") as (_, line):
        found = ADDRESS.match(line)
        assert found, line
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{found[2]}/") as answer:
                assert answer.status == 401
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://127.0.0.2:{found[2]}/")
            async with session.get(found[1], allow_redirects=False) as answer:
                assert answer.status == 303
        assert opened(browser) == []
