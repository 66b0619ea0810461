"""Whatever stands between may answer anything. If these fail, one odd answer stops a job, eats the memory, or makes a
request that began something look like one that did not."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest
from tests.support.examples import sized
from tests.unit.cloud.stub import open_fence

from zilliz_jobs.cloud.answerbody import MAX_BYTES
from zilliz_jobs.cloud.effects import EffectReply, NotSent
from zilliz_jobs.cloud.envelope import MAX_RETRY_AFTER, open_envelope
from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch
from zilliz_jobs.cloud.fields import MAX_ID, MAX_TEXT
from zilliz_jobs.cloud.imports import ImportRequest, ImportTarget
from zilliz_jobs.cloud.migrations import RemoteSource
from zilliz_jobs.cloud.restores import Restored
from zilliz_jobs.cloud.session import CloudSession

ADDRESS = "https://in01-a.aws-us-west-2.vectordb.zillizcloud.com:19530"
ONCE: Any = {"token": "t", "fence": open_fence}
EFFECTS: dict[str, Callable[[CloudSession], Awaitable[EffectReply]]] = {
    "backup": lambda s: s.backups.create("in01-a", **ONCE),
    "deletion of a backup": lambda s: s.backups.delete("in01-a", "b-1", **ONCE),
    "migration of files": lambda s: s.migrations.start_by_remote(RemoteSource.model_construct(), "in01-a", **ONCE),
    "migration": lambda s: s.migrations.to_existing("in01-a", "in01-b", **ONCE),
    "restore of a collection": lambda s: s.restores.restore_collections(
        "in01-a", "b-1", dest_cluster_id="in01-b", collections=[Restored("d", "c", "d", "c")], **ONCE
    ),
    "suspension": lambda s: s.scaling.suspend("in01-a", **ONCE),
    "resumption": lambda s: s.scaling.resume("in01-a", **ONCE),
    "scaling": lambda s: s.scaling.modify("in01-a", cu_size=2, **ONCE),
    "import": lambda s: s.imports.create(ImportRequest(cluster_id="in01-a", collection_name="c"), **ONCE),
    "drop of a collection": lambda s: s.data(ADDRESS).drop_collection("books", **ONCE),
}
READS: dict[str, Callable[[CloudSession], Awaitable[Any]]] = {
    "job": lambda s: s.jobs.describe("job-1"),
    "backups": lambda s: s.backups.list(),
    "backup": lambda s: s.backups.describe("in01-a", "b-1"),
    "clusters": lambda s: s.clusters.list(),
    "cluster": lambda s: s.clusters.describe("in01-a"),
    "projects": lambda s: s.projects.list(),
    "imports": lambda s: s.imports.list(ImportTarget(cluster_id="in01-a")),
    "import": lambda s: s.imports.progress(ImportTarget(cluster_id="in01-a"), "job-1"),
    "console jobs": lambda s: s.console.list(),  # type: ignore[union-attr]
    "v1 imports": lambda s: s.imports_v1.list("in01-a"),  # type: ignore[union-attr]
    "v1 import": lambda s: s.imports_v1.progress("in01-a", "job-1"),  # type: ignore[union-attr]
    "a collection": lambda s: s.data(ADDRESS).describe_collection("books"),
    "whether it is loaded": lambda s: s.data(ADDRESS).load_state("books"),
    "console job": lambda s: s.console.describe("job-1"),  # type: ignore[union-attr]
}
GOOD = {
    "jobId": "job-1",
    "backupId": "b-1",
    "clusterId": "in01-a",
    "projectId": "p",
    "status": "x",
    "state": "x",
    "progress": 1,
    "startTime": "2026-03-01T10:00:00Z",
}
ODD: list[Any] = [
    None,
    True,
    "",
    "x" * 50_000,
    -1,
    10**400,
    1e308,
    "9" * 5000,
    "9999-12-31T23:59:59-23:00",
    [],
    {},
    [[[]]],
    {"a": None},
]
LISTS = ("backups", "clusters", "jobs", "records", "projects", "files", "details", "data")
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>",
    "half": b'{"code": 0, "data": {',
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "BOM": b'\xef\xbb\xbf{"code": 0, "data": {}}',
    "UTF-16": '{"code": 0, "data": {}}'.encode("utf-16"),
    "latin": b'{"code": 0, "message": "\xe9\xff"}',
    "deep": b"[" * 200_000,
    "deep and whole": b'{"code":0,"data":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "NaN": b'{"code": NaN, "data": {"jobId": Infinity}}',
    "NaN inside": b'{"code": 0, "data": {"jobId": "j", "progress": NaN, "count": -Infinity}}',
    "half a character": b'{"code": 0, "data": {"jobId": "\\ud800", "backupId": "\\udfff", "status": "\\ud83d"}}',
    "twice": b'{"code": 0, "code": 80001, "data": {}, "data": null}',
    "many digits": b'{"code": 0, "data": {"jobId": ' + b"9" * 100_000 + b"}}",
    "no code": b'{"data": {}}',
    "huge code": b'{"code": 1' + b"0" * 300 + b', "data": {}}',
    "a list as code": b'{"code": [0], "data": {}}',
    "long list": json.dumps({"code": 0, "data": {n: [{}] * 100_000 for n in LISTS[:1]}}).encode(),
    "too long": b'{"code": 0, "data": "' + b"x" * 10_000_000 + b'"}',
}
for odd in ODD:
    BODIES[f"data is {str(odd)[:12]}"] = json.dumps({"code": 0, "data": odd}).encode() if odd != 10**400 else b"1"
    for field in GOOD:
        data = GOOD | {field: odd if odd != 10**400 else 10**400}
        wrapped = data | {name: [data] for name in LISTS}
        BODIES[f"{field} is {str(odd)[:12]}"] = json.dumps({"code": 0, "data": wrapped, "message": odd}).encode()
    BODIES[f"lists are {str(odd)[:12]}"] = json.dumps({"code": 0, "data": GOOD | dict.fromkeys(LISTS, odd)}).encode()
    BODIES[f"rows are {str(odd)[:12]}"] = json.dumps({"code": 0, "data": {n: [odd] for n in LISTS}}).encode()


@pytest.mark.parametrize("call", READS)
async def test_a_read_ends_in_a_value_or_a_typed_error(session, cloud, call):
    for name, body in BODIES.items():
        cloud.says(httpx2.Response(200, content=body))
        said = ""
        try:
            found = await READS[call](session)
        except CloudError as error:
            said = str(error)
        else:
            shown = [found] if not isinstance(found, list) else found
            for row in shown:
                for field, value in row.model_dump().items():
                    assert not isinstance(value, str) or len(value) <= MAX_TEXT, (name, field)
                    json.dumps(value, default=str, allow_nan=False).encode()
        assert len(said) < 2000, name


@pytest.mark.parametrize("call", EFFECTS)
async def test_a_request_that_may_have_begun_something_is_never_called_unsent(session, cloud, call):
    for name, body in BODIES.items():
        for status in (200, 202, 301, 500)[:: sized(1, 3)]:
            cloud.says(httpx2.Response(status, content=body))
            reply = await EFFECTS[call](session)
            assert not isinstance(reply, NotSent), name
            assert len(getattr(reply, "message", "")) < 2000
            if hasattr(reply, "text"):
                assert len(reply.text("jobId")) <= MAX_ID
                reply.text("jobId").encode()


class _Parts(httpx2.AsyncByteStream):
    def __init__(self, part: bytes, times: int) -> None:
        self.part, self.times, self.sent = part, times, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.times):
            self.sent += 1
            yield self.part


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_without_end_is_not_read_on(session, cloud, packed):
    bomb = gzip.compress(b" " * 200_000_000, 1) if packed else b" " * 65536
    stream = _Parts(bomb, 1 if packed else 10_000)
    headers = {"content-encoding": "gzip"} if packed else {}
    cloud.says(httpx2.Response(200, headers=headers, stream=stream))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolMismatch, match="longer than"):
            await session.jobs.describe("job-1")
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_BYTES
    finally:
        tracemalloc.stop()
    assert stream.sent * 65536 <= MAX_BYTES + 2 * 65536


@pytest.mark.parametrize(
    ("encoding", "content"),
    [("gzip", b"no gzip"), ("gzip", gzip.compress(b"{}" * 500, mtime=0)[:20]), ("br", b"x"), ("gzip, gzip", b"x")],
)
async def test_an_answer_that_cannot_be_unpacked_is_a_mismatch(session, cloud, encoding, content):
    cloud.says(httpx2.Response(200, headers={"content-encoding": encoding}, stream=_Parts(content, 1)))
    with pytest.raises(ProtocolMismatch):
        await session.jobs.describe("job-1")


@pytest.mark.parametrize("packing", ["", "gzip"])
async def test_an_answer_in_parts_is_put_together(session, cloud, packing):
    body = json.dumps({"code": 0, "data": GOOD}).encode()
    headers = {"content-encoding": packing} if packing else {}
    stream = _Parts(gzip.compress(body) if packing else body, 1)
    cloud.says(httpx2.Response(200, headers=headers, stream=stream))
    assert (await session.jobs.describe("job-1")).job_id == "job-1"


@pytest.mark.parametrize(
    "date",
    ["", "odd", "Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 01 Jan 0001 00:00:00 +1200", "Thu, 99 Foo 2026", "9" * 5000],
)
@pytest.mark.parametrize("after", ["", "odd", "-1", "1e9", "1000000000", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_headers_of_any_sort_are_a_time_and_a_short_wait(date, after):
    began = time.perf_counter()
    found = open_envelope(429, {"date": date, "retry-after": after}, b"{}")
    assert found.retry_after is None or 0 <= found.retry_after <= MAX_RETRY_AFTER
    assert found.cloud_time is None or 1970 <= found.cloud_time.year <= 9000
    assert time.perf_counter() - began < 1
