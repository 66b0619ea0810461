"""The body of an answer, read with a bound: a list of the cloud is some hundred kilobytes, and whatever stands
between may send anything, as long as it likes, and packed so that little becomes much."""

from __future__ import annotations

import zlib
from typing import Any

import httpx2

MAX_BYTES = 4 * 1024 * 1024
_EITHER = 32 + zlib.MAX_WBITS  # gzip or zlib, by its header


async def body_of(response: httpx2.Response) -> bytes:
    """The whole body, unpacked, of a response that is still to be read; it is closed then.

    Raises httpx2.DecodingError where it is longer than MAX_BYTES or packed in another way than was asked for, and
    what the client raises while it reads.
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
        async for chunk in response.aiter_raw():
            part = chunk if unpack is None else _unpacked(unpack, chunk, MAX_BYTES + 1 - size)
            size += len(part)
            if size > MAX_BYTES:
                raise httpx2.DecodingError(f"the answer is longer than {MAX_BYTES} bytes")
            parts.append(part)
        if unpack is not None and size and not unpack.eof:
            raise httpx2.DecodingError("the answer breaks off")
        return b"".join(parts)
    finally:
        await response.aclose()


def _unpacked(unpack: Any, chunk: bytes, most: int) -> bytes:
    try:
        part: bytes = unpack.decompress(chunk, most)
    except zlib.error:
        raise httpx2.DecodingError("the answer cannot be unpacked") from None
    return part
