"""How long an answer may be. If these fail, an import of many files that failed shows as Pending for ever, or an
answer without end takes the memory of the operator."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.unit.cloud.stub import open_fence

from zilliz_jobs.cloud.answerbody import MAX_BYTES, MAX_COUNTED
from zilliz_jobs.cloud.effects import Uncertain
from zilliz_jobs.cloud.errors import TooMuch
from zilliz_jobs.cloud.imports import ImportTarget

HERE = ImportTarget(cluster_id="in01-a")


class Parts(httpx2.AsyncByteStream):
    def __init__(self, parts: list[bytes]) -> None:
        self.parts, self.sent = parts, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.sent += 1
            yield part


def told(files: int, characters: int) -> bytes:
    detail = {"state": "Failed", "reason": 'x "fileName" ' + "x" * characters}
    details = [{"fileName": f"part-{n}.parquet"} | detail for n in range(files)]
    data = {"jobId": "job-1", "fileName": "all", "state": "Failed", "reason": "bad", "details": details}
    return json.dumps({"code": 0, "data": data}).encode()


def sent(body: bytes, size: int = 65_536, *, packed: bool = False) -> httpx2.Response:
    whole = gzip.compress(body, 1) if packed else body
    headers = {"content-encoding": "gzip"} if packed else {}
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    return httpx2.Response(200, headers=headers, stream=Parts(parts))


@pytest.mark.parametrize("packed", [False, True])
async def test_the_documented_most_is_understood(session, cloud, packed):
    """1,000 files, each with a reason of 4,500 characters."""
    body = told(1000, 4_500)
    cloud.says(sent(body, packed=packed))
    tracemalloc.start()
    try:
        found = await session.imports.progress(HERE, "job-1")
        assert tracemalloc.get_traced_memory()[1] < 8 * len(body)
    finally:
        tracemalloc.stop()
    assert (found.state, len(found.details)) == ("Failed", 1000)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [1_000, 65_536, 10_000_000])
async def test_what_is_longer_is_counted_and_not_kept(session, cloud, packed, size):
    cloud.says(sent(told(1000, 12_000), size, packed=packed))
    with pytest.raises(TooMuch, match="longer than 8 MiB") as caught:
        await session.imports.progress(HERE, "job-1")
    assert caught.value.left_out == 1000


async def test_what_breaks_off_is_not_counted(session, cloud):
    body = gzip.compress(told(1000, 12_000))
    cloud.says(httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=Parts([body[:-100]])))
    with pytest.raises(TooMuch) as caught:
        await session.imports.progress(HERE, "job-1")
    assert caught.value.left_out is None


async def test_counting_has_an_end_too(session, cloud):
    stream = Parts([b'{"fileName": 1}' * 10_000] * 1_000)
    cloud.says(httpx2.Response(200, stream=stream))
    with pytest.raises(TooMuch) as caught:
        await session.imports.progress(HERE, "job-1")
    assert caught.value.left_out is None
    assert stream.sent * 150_000 < MAX_COUNTED + 1_000_000


async def test_other_answers_are_read_no_further_than_to_the_bound(session, cloud):
    stream = Parts([b" " * 65_536] * 1_000)
    cloud.says(httpx2.Response(200, stream=stream))
    with pytest.raises(TooMuch):
        await session.jobs.describe("job-1")
    assert stream.sent <= MAX_BYTES / 65_536 + 1


async def test_an_effect_whose_answer_is_too_long_may_have_taken_place(session, cloud):
    cloud.says(httpx2.Response(200, stream=Parts([b" " * 65_536] * 1_000)))
    assert isinstance(await session.backups.create("in01-a", token="t", fence=open_fence), Uncertain)
