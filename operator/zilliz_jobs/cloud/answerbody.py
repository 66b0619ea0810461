"""The body of an answer, read with a bound: whatever stands between may send anything, as long as it likes, and
packed so that little becomes much.

A list of the cloud is some hundred kilobytes. The longest documented answer tells of an import of 1,000 files, each
with a reason: with 4,500 characters for each it has 4.7 MB, and takes some 15 MB of memory while it is understood.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import httpx2

MAX_BYTES = 8 * 1024 * 1024
MAX_COUNTED = 64 * 1024 * 1024  # bytes that are looked through, and not kept, to say how much is not shown
_LIST = b'"details"'
_STEP = 64 * 1024
_EITHER = 32 + zlib.MAX_WBITS  # gzip or zlib, by its header


class Answer(Protocol):
    """An answer whose body is still to be read; a response of httpx2 is one."""

    @property
    def status_code(self) -> int:
        """Of HTTP."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer; names are found in any case."""

    @property
    def is_stream_consumed(self) -> bool:
        """Whether the body was read already; then `content` has it, unpacked."""

    @property
    def content(self) -> bytes:
        """The whole body, where it was read already."""

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The body in pieces, as it was packed. Raises the errors of httpx2."""

    async def aclose(self) -> None:
        """Idempotent."""


class TooLong(httpx2.DecodingError):
    """`counted`: how often the answer names what was to be counted; None where that is not known."""

    def __init__(self, counted: int | None) -> None:
        super().__init__(f"the answer is longer than {MAX_BYTES // 1024**2} MiB")
        self.counted = counted


async def body_of(response: Answer, counting: bytes = b"") -> bytes:
    """The whole body, unpacked, of a response that is still to be read; it is closed then.

    `counting`: a name in the rows of `details` by which they are counted where the answer is too long; a multiple of
    the bound is looked through for that. Raises TooLong where it is longer than MAX_BYTES, httpx2.DecodingError where
    it is packed in another way than was asked for, and what the client raises while it reads.
    """
    if response.is_stream_consumed:
        return response.content  # a carrier that had it all at once
    try:
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise httpx2.DecodingError("the answer is packed in a way that was not asked for")
        unpack = zlib.decompressobj(_EITHER) if packing not in ("", "identity") else None
        parts: list[bytes] = []
        size = 0
        chunks = response.aiter_raw()
        async for chunk in chunks:
            part = chunk if unpack is None else _unpacked(unpack, chunk, MAX_BYTES + 1 - size)
            size += len(part)
            parts.append(part)
            if size > MAX_BYTES:
                raise TooLong(await _counted(counting, parts, size, chunks, unpack) if counting else None)
        if unpack is not None and size and not unpack.eof:
            raise httpx2.DecodingError("the answer breaks off")
        return b"".join(parts)
    finally:
        await response.aclose()


async def _counted(
    name: bytes, parts: list[bytes], size: int, chunks: AsyncIterator[bytes], unpack: Any
) -> int | None:
    """How often the whole body has the name behind the name of the list; None where it has no end, or breaks off."""
    tail, found = b"", 0

    def count(part: bytes) -> None:
        nonlocal tail, found
        text = tail + part
        _, list_name, behind = text.rpartition(_LIST)
        found = behind.count(name) if list_name else found + text.count(name)
        tail = text[-(len(name) - 1) :]

    for part in parts:
        count(part)
    parts.clear()
    rest = b"" if unpack is None else unpack.unconsumed_tail
    while size <= MAX_COUNTED:
        if not rest:
            try:
                rest = await anext(chunks)
            except StopAsyncIteration:
                return found if unpack is None or unpack.eof else None
        part, rest = (rest, b"") if unpack is None else (_unpacked(unpack, rest, _STEP), unpack.unconsumed_tail)
        size += len(part)
        count(part)
    return None


def _unpacked(unpack: Any, chunk: bytes, most: int) -> bytes:
    try:
        part: bytes = unpack.decompress(chunk, most)
    except zlib.error:
        raise httpx2.DecodingError("the answer cannot be unpacked") from None
    return part
