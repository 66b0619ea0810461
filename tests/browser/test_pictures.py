"""The pictures of the page in README and docs. With WRITE_PICTURES=1 those are written that look different now; which
letters a machine has differs, so that a picture is compared nowhere else."""

from __future__ import annotations

import base64
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, expect
from tests.support.browser import Tab, tab
from tests.support.dashboard import Served

DOCS = Path(__file__).parents[2] / "docs"
VISIBLE = 0.002
"""The part of the pixels that must differ before a picture is written anew."""
DIFFERENCE = """async ([one, other]) => {
    const pixels = async (data) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height).data;
    };
    const [a, b] = [await pixels(one), await pixels(other)];
    if (a.length !== b.length) return 1;
    let count = 0;
    for (let at = 0; at < a.length; at += 4) {
        const apart = [0, 1, 2].reduce((sum, channel) => sum + Math.abs(a[at + channel] - b[at + channel]), 0);
        if (apart > 60) count += 1;
    }
    return (4 * count) / a.length;
}"""


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    waits: str
    language: str = "en-GB"
    scheme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = (1280, 720)


PICTURES = (
    Picture("dashboard-jobs", "/", ".row"),
    Picture("dashboard-details", "/jobs/importjob/shop/films", ".drawer dl"),
    Picture("dashboard-schedules", "/schedules", ".card .runs", "zh-CN", "dark"),
    Picture("dashboard-phone", "/jobs/projectjob/shop/page-02", ".drawer dl", "ja-JP", "light", (390, 700)),
)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_the_docs_show_the_page_as_it_is(browser: Browser, page: Served, picture: Picture) -> None:
    file = DOCS / "pictures" / f"{picture.name}.png"
    async with tab(
        browser, page.page.address(), language=picture.language, scheme=picture.scheme, size=picture.size
    ) as seen:
        await seen.page.goto(f"{page.url}{picture.path}")
        await expect(seen.page.locator(picture.waits).first).to_be_visible()
        await expect(seen.page.locator(".l-live")).to_be_visible()
        taken = await seen.page.screenshot()
        if os.environ.get("WRITE_PICTURES") and await is_new(seen, file, taken):
            write(file, taken)
    assert size_of(file) == picture.size
    assert f"pictures/{file.name}" in (DOCS / "dashboard.md").read_text(encoding="utf-8")


async def is_new(seen: Tab, file: Path, taken: bytes) -> bool:
    known = read(file)
    if known is None:
        return True
    blank = await seen.page.context.new_page()
    texts = [base64.b64encode(one).decode() for one in (known, taken)]
    return float(await blank.evaluate(DIFFERENCE, texts)) > VISIBLE


def read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def write(file: Path, picture: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(picture)


def size_of(file: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", file.read_bytes()[16:24])
    return width, height
