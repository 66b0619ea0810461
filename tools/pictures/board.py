"""A dashboard as a picture, without Grafana: laid out and measured by a browser, so that what is cut off is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright
from tests.support.browser import CHROMIUM
from tools.bench.problem import Problem
from tools.pictures.palette import with_palette

HERE = Path(__file__).parent
PAGE = """<!doctype html><meta charset="utf-8"><title>board</title><style>{style}</style>
<header><b></b><span>Data source&ensp;Prometheus</span><span>Kind&ensp;All</span>
<span>Last {minutes} minutes</span></header>
<main></main>"""
WIDTH = 1440


async def draw(board: dict[str, Any]) -> tuple[bytes, list[str]]:
    """The picture as PNG, and what is cut off in it, in sentences. `board`: title, start, end and step in seconds,
    and panels as `reading.read` gives them. Raises Problem where there is no Chromium."""
    if not CHROMIUM:
        raise Problem("cannot draw: there is no Chromium; `make browser` installs it")
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            page = await browser.new_page(viewport={"width": WIDTH, "height": 1000})
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            minutes = round((board["end"] - board["start"]) / 60)
            await page.set_content(PAGE.format(style=(HERE / "board.css").read_text(), minutes=minutes))
            await page.add_script_tag(
                content=f"const board = {json.dumps(board)};\n{(HERE / 'board.js').read_text()}"
            )
            await page.evaluate("document.querySelector('header b').textContent = board.title; draw()")
            complaints += await page.evaluate("cut()")
            picture = await with_palette(page, await page.screenshot(full_page=True))
        finally:
            await browser.close()
    return picture, complaints
