"""A screenshot as a PNG with a palette, a third as big: the browser counts its colours."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Page

SCRIPT = Path(__file__).with_name("palette.js")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


async def with_palette(page: Page, screenshot: bytes) -> bytes:
    await page.add_script_tag(content=SCRIPT.read_text())
    found = await page.evaluate("indexed", base64.b64encode(screenshot).decode())
    return png(found["width"], found["height"], found["palette"], base64.b64decode(found["rows"]))


def png(width: int, height: int, palette: Sequence[int], pixels: bytes) -> bytes:
    """`palette`: red, green and blue of each colour; `pixels`: the number of a colour for each, row by row. Pure."""
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", bytes(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
