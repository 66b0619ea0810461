"""Bytes that are no text, and text that does more than to be read. If these fail, one such byte hides the end of a
job for ever, or a reason writes lines of its own into a log."""

from __future__ import annotations

import json

import httpx2
import pytest
from tests.unit.cloud.stub import open_fence

from zilliz_jobs.cloud.effects import Taken, Uncertain
from zilliz_jobs.cloud.envelope import MAX_OPENINGS, open_envelope
from zilliz_jobs.cloud.errors import CloudError, ProtocolMismatch
from zilliz_jobs.cloud.imports import ImportTarget

HERE = ImportTarget(cluster_id="in01-a")
BAD = "\x00\x1b[31m\r\n\u202e\u2066\u061c\u200f\x85\x7f"
SHOWN = r"\x00\x1b[31m\r\n\u202e\u2066\u061c\u200f\x85\x7f"


def raw(text: bytes) -> httpx2.Response:
    return httpx2.Response(200, content=b'{"code": 0, "data": ' + text + b"}")


async def test_a_byte_that_is_no_text_costs_no_more_than_itself(session, cloud):
    cloud.says(raw(b'{"jobId": "job-1", "state": "Failed", "reason": "bad \xe9\xff row", "details": []}'))
    found = await session.imports.progress(HERE, "job-1")
    assert (found.state, found.reason) == ("Failed", "bad \ufffd\ufffd row")


async def test_the_byte_may_be_in_any_answer(session, cloud):
    cloud.says(raw(b'{"jobId": "job-1", "status": "FAILED", "reason": "\xff"}'))
    assert (await session.jobs.describe("job-1")).status == "FAILED"
    cloud.says(raw(b'{"records": [{"jobId": "job-1", "state": "Failed", "collectionName": "\xff"}]}'))
    assert [row.job_id for row in await session.imports.list(HERE)] == ["job-1"]
    cloud.says(raw(b'{"jobs": [{"jobId": "job-1", "status": "FAILED", "createdBy": "\xff"}]}'))
    assert [row.status for row in await session.console.list()] == ["FAILED"]
    cloud.says(raw(b'{"jobId": "job-1", "errorMessage": "\xff", "fileName": "\xfe"}'))
    assert (await session.imports_v1.progress("in01-a", "job-1")).error_message == "\ufffd"
    cloud.says(raw(b'{"clusterId": "in01-a", "clusterName": "\xff", "status": "RUNNING"}'))
    assert (await session.clusters.describe("in01-a")).status == "RUNNING"
    cloud.says(raw(b'["books", "\xff"]'))
    address = "https://in01-a.aws-us-west-2.vectordb.zillizcloud.com:19530"
    assert (await session.data(address).list_collections())[0] == "books"


async def test_an_id_with_such_a_byte_is_not_followed_as_if_the_cloud_knew_it(session, cloud):
    cloud.says(raw(b'{"jobId": "job-\xff", "status": "FAILED"}'))
    with pytest.raises(ProtocolMismatch, match="jobId"):
        await session.jobs.describe("job-1")
    for text in (b'"job-\xff"', b'"job-\\u001b1"'):
        cloud.says(raw(b'{"jobId": ' + text + b"}"))
        reply = await session.jobs._transport.effect("POST", "/v2/x", token="t", fence=open_fence)
        assert isinstance(reply, Taken)
        assert reply.text("jobId") == ""
    cloud.says(raw(b'{"jobId": "job-\xff", "backupId": ""}'))
    assert isinstance(await session.backups.create("in01-a", token="t", fence=open_fence), Uncertain)


@pytest.mark.parametrize("ascii_only", [True, False])
async def test_text_that_does_more_than_to_be_read_is_shown_escaped(session, cloud, ascii_only):
    """Whether the cloud writes it in JSON's escapes, as it is, or within a list."""
    row = {"jobId": "job-1", "status": "FAILED", "reason": BAD, "createdBy": BAD, "description": BAD, "type": BAD}
    text = json.dumps(row, ensure_ascii=ascii_only)
    for body in (text, text.replace("\\u0000", "\x00").replace("\\u001b", "\x1b").replace("\\n", "\n")):
        cloud.says(raw(body.encode()))
        found = await session.console.describe("job-1")
        assert {found.reason, found.created_by, found.description, found.type} == {SHOWN}


async def test_joiners_and_other_scripts_stay_as_they_are(session, cloud):
    text = "\u0648\u0631\u0648\u062f\u06cc\u200c\u0647\u0627 导入失败 👩\u200d🔬"
    cloud.says({"jobId": "job-1", "status": "FAILED", "reason": text})
    assert (await session.jobs.describe("job-1")).reason == text


async def test_the_words_of_a_refusal_and_of_headers_are_escaped_too(session, cloud):
    body = {"code": 40021, "message": f"no\u202e cluster{BAD}"}
    cloud.says(httpx2.Response(200, json=body, headers=[(b"requestid", b"r\x851")]))
    with pytest.raises(CloudError) as caught:
        await session.clusters.describe("in01-a")
    assert str(caught.value).isprintable()
    assert caught.value.request_id.isprintable()


async def test_a_number_that_nobody_can_mean_costs_no_more_than_itself(session, cloud):
    digits = b"9" * 6000  # more than Python reads
    cloud.says(raw(b'{"jobId": "job-1", "status": "FAILED", "progress": ' + digits + b"}"))
    found = await session.jobs.describe("job-1")
    assert (found.status, found.progress) == ("FAILED", None)


async def test_a_detail_that_is_no_object_costs_no_more_than_itself(session, cloud):
    for details in ([None, {"fileName": "a", "state": "Failed"}, 7], ["x"], "x", {"a": 1}):
        cloud.says({"jobId": "job-1", "state": "Failed", "details": details})
        found = await session.imports.progress(HERE, "job-1")
        assert found.state == "Failed"
        assert [one.file_name for one in found.details] == (
            ["a"] if isinstance(details, list) and len(details) == 3 else []
        )


def test_an_answer_of_more_parts_than_any_documented_one_is_not_unpacked():
    """Eight MiB of empty objects would become some hundred MiB of memory."""
    body = b'{"code": 0, "data": [' + b"{}," * MAX_OPENINGS + b"{}]}"
    assert not open_envelope(200, {}, body).readable


def test_a_one_time_password_is_not_changed():
    found = open_envelope(200, {}, b'{"code": 0, "data": {"password": "a\\u0007b", "username": "u\\u0007"}}')
    assert found.data == {"password": "a\x07b", "username": r"u\x07"}
