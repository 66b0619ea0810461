"""If these fail, a user's job is called gone, failed or refused because of how an answer was wrapped."""

import json
from datetime import UTC, datetime

import pytest

from zilliz_jobs.cloud.effects import NotSent, Refused, Taken, Uncertain, answered, with_id
from zilliz_jobs.cloud.envelope import MAX_RETRY_AFTER, fault, open_envelope, said
from zilliz_jobs.cloud.errors import (
    CloudError,
    NoPermission,
    NotFound,
    ProtocolMismatch,
    Rejected,
    Transient,
    Unauthorised,
)
from zilliz_jobs.core.reasons import Reason

DATE = "Sun, 01 Mar 2026 10:00:00 GMT"


def envelope(status: int, body: object, bare: bool = False, **headers: str):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return open_envelope(status, {name.replace("_", "-"): v for name, v in headers.items()}, raw, bare=bare)


@pytest.mark.parametrize(
    ("case", "status", "body", "wanted"),
    [
        ("v2 says 0", 200, {"code": 0, "data": {"a": 1}}, {"a": 1}),
        ("v1 says 200", 200, {"code": 200, "data": {"a": 1}}, {"a": 1}),
        ("the code is a string", 200, {"code": "0", "data": {"a": 1}}, {"a": 1}),
        ("created", 201, {"code": 0, "data": []}, []),
        ("fields beside the code instead of under data", 200, {"code": 0, "jobId": "job-1"}, {"jobId": "job-1"}),
        ("data is null", 200, {"code": 0, "data": None}, None),
        ("no content", 204, b"", None),
    ],
)
def test_a_success_yields_its_data(case, status, body, wanted):
    opened = envelope(status, body)
    assert opened.succeeded, case
    assert fault(opened, doing="read x", message="") is None, case
    assert opened.data == wanted, case


def test_a_body_without_an_envelope_counts_only_where_that_is_documented():
    assert envelope(200, {"jobId": "job-1"}, bare=True).data == {"jobId": "job-1"}
    assert not envelope(200, {"jobId": "job-1"}).succeeded
    assert envelope(200, {"data": {"jobId": "job-1"}}, bare=True).data == {"jobId": "job-1"}


@pytest.mark.parametrize(
    ("case", "status", "body", "kind"),
    [
        ("key rejected as recorded", 401, {"code": 21119, "message": "Invalid API key"}, Unauthorised),
        ("key rejected as documented", 200, {"code": 21119, "message": "Invalid API key."}, Unauthorised),
        ("token illegal", 200, {"code": 80001, "message": "illegal"}, Unauthorised),
        ("not authorised", 200, {"code": 80002, "message": "unknown token"}, Unauthorised),
        ("Milvus layer", 200, {"code": 1800, "message": "not authenticated"}, Unauthorised),
        ("401 of a gateway", 401, b"<html>", Unauthorised),
        ("forbidden", 403, {"code": 1, "message": "no"}, NoPermission),
        ("forbidden, and a code that says two things", 403, {"code": 80002, "message": "no"}, NoPermission),
        ("a role that may not", 200, {"code": 800, "message": "permission deny"}, NoPermission),
        ("unknown job", 200, {"code": 90144, "message": "no such job"}, NotFound),
        ("404 in the cloud's form", 404, {"code": 404, "message": "not found"}, NotFound),
        ("404 as a body code", 200, {"code": 404, "message": "not found"}, NotFound),
        ("404 of a gateway that lost its routes", 404, b"404 page not found", ProtocolMismatch),
        ("404 around a success", 404, {"code": 0, "data": {}}, ProtocolMismatch),
        ("400 around a success", 400, {"code": 0, "data": {}}, ProtocolMismatch),
        ("a code like 404", 200, {"code": 40404, "message": "?"}, Rejected),
        ("405 of the cloud", 405, {"code": 405, "message": "method"}, Rejected),
        ("bad parameter", 200, {"code": 80014, "message": "bad project"}, Rejected),
        ("a code nobody documents", 200, {"code": 77, "message": "?"}, Rejected),
        ("throttled", 429, {"code": 429, "message": "slow down"}, Transient),
        ("throttled in words", 200, {"code": 9, "message": "Rate limit exceeded"}, Transient),
        ("server error", 500, {"code": 0, "data": {}}, Transient),
        ("bad gateway", 502, b"<html>", Transient),
        ("server error that names the key", 500, {"code": 21119, "message": "x"}, Transient),
        ("request time-out", 408, b"", Transient),
        ("redirect", 302, b"", ProtocolMismatch),
        ("empty", 200, b"", ProtocolMismatch),
        ("half a body", 200, b'{"code": 0, "data": {"jo', ProtocolMismatch),
        ("HTML", 200, b"<html>log in</html>", ProtocolMismatch),
        ("no code", 200, {"data": {}}, ProtocolMismatch),
        ("a list", 200, [], ProtocolMismatch),
        ("a bool as code", 200, {"code": False, "data": {}}, ProtocolMismatch),
        ("a fraction as code", 200, {"code": 0.5, "data": {}}, ProtocolMismatch),
        ("null as code", 200, {"code": None, "data": {}}, ProtocolMismatch),
        ("nested beyond reason", 200, b"[" * 200_000, ProtocolMismatch),
        ("not text", 200, b"\xff\xfe\x00\xd8", ProtocolMismatch),
    ],
)
def test_a_failed_read_says_what_to_do_next(case, status, body, kind):
    opened = envelope(status, body)
    error = fault(opened, doing="read job j", message=said(opened))
    assert type(error) is kind, case
    assert isinstance(error, CloudError)
    assert str(error).startswith("cannot read job j: "), case
    assert error.http_status == status


def test_throttling_has_its_own_reason():
    error = fault(envelope(429, {"code": 429, "message": "x"}, retry_after="7"), doing="x", message="x")
    assert isinstance(error, Transient)
    assert (error.reason, error.retry_after) == (Reason.RATE_LIMITED, 7.0)


def test_the_request_id_stays_out_of_the_message():
    """Else the same failure would be written to the status again and again."""
    opened = envelope(500, {"code": 1, "message": "boom"}, requestid="req-9")
    error = fault(opened, doing="read x", message=said(opened))
    assert error is not None
    assert "req-9" not in str(error)
    assert error.request_id == "req-9"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("3", 3.0),
        ("Sun, 01 Mar 2026 10:00:20 GMT", 20.0),
        ("Sun, 01 Mar 2026 09:00:00 GMT", 0.0),
        ("999999999", MAX_RETRY_AFTER),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_on_the_clouds_own_clock(header, wanted):
    assert envelope(503, b"", date=DATE, retry_after=header).retry_after == wanted


def test_the_clouds_clock_is_read_from_the_date_header():
    assert envelope(200, {"code": 0}, date=DATE).cloud_time == datetime(2026, 3, 1, 10, tzinfo=UTC)
    for broken in ("", "yesterday", "Sun, 99 Mar 2026 10:00:00 GMT"):
        assert envelope(200, {"code": 0}, date=broken).cloud_time is None


@pytest.mark.parametrize(
    ("case", "status", "body", "kind"),
    [
        ("taken", 200, {"code": 0, "data": {"jobId": "job-1"}}, Taken),
        ("taken, v1", 200, {"code": 200, "data": {"jobId": "job-1"}}, Taken),
        ("taken, nothing to tell", 204, b"", Taken),
        ("a documented code", 200, {"code": 40003, "message": "busy"}, Refused),
        ("name exists", 200, {"code": 40013, "message": "exists"}, Refused),
        ("an undocumented code", 200, {"code": 31337, "message": "?"}, Uncertain),
        ("throttled in words only", 200, {"code": 31337, "message": "rate limit"}, Uncertain),
        ("bad key", 401, {"code": 21119, "message": "key"}, Refused),
        ("a gateway's 403", 403, b"<html>", Refused),
        ("conflict", 409, {"code": 1, "message": "x"}, Refused),
        ("throttled", 429, b"", Refused),
        ("request time-out", 408, b"", Uncertain),
        ("redirect", 307, b"", Uncertain),
        ("server error with a documented code", 500, {"code": 40003, "message": "busy"}, Uncertain),
        ("bad gateway", 502, b"", Uncertain),
        ("unreadable", 200, b'{"code": 0, "da', Uncertain),
        ("no envelope", 200, {"jobId": "job-1"}, Uncertain),
        ("success in HTTP 400", 400, {"code": 0, "data": {"jobId": "job-1"}}, Uncertain),
        ("success in HTTP 404, v1", 404, {"code": 200, "data": {}}, Uncertain),
        ("success in HTTP 502", 502, {"code": 0, "data": {"jobId": "job-1"}}, Uncertain),
        ("a code like an HTTP status", 200, {"code": 40404, "message": "?"}, Uncertain),
    ],
)
def test_an_effect_is_called_refused_only_where_that_is_proven(case, status, body, kind):
    opened = envelope(status, body)
    assert type(answered(opened, doing="start x", message=said(opened))) is kind, case


def test_a_throttled_effect_says_when_to_come_back():
    reply = answered(envelope(429, b"", retry_after="4"), doing="x", message="x")
    assert isinstance(reply, Refused)
    assert (reply.http_status, reply.retry_after) == (429, 4.0)


@pytest.mark.parametrize(
    ("case", "data", "wanted"),
    [
        ("text", {"jobId": "job-1"}, "job-1"),
        ("a number", {"jobId": 448761313698322011}, "448761313698322011"),
        ("a list of one object", [{"jobId": "job-1"}], "job-1"),
        ("a list of one id", {"jobId": ["job-1"]}, ""),
        ("two objects", [{"jobId": "job-1"}, {"jobId": "job-2"}], ""),
        ("empty", {"jobId": ""}, ""),
        ("null", {"jobId": None}, ""),
        ("no object", "job-1", ""),
        ("nothing", None, ""),
    ],
)
def test_an_id_is_found_in_each_shape_it_comes_in(case, data, wanted):
    taken = Taken(data)
    assert taken.text("jobId") == wanted, case
    assert isinstance(with_id(taken, "jobId"), Taken if wanted else Uncertain), case


def test_other_answers_need_no_id():
    reply = NotSent(Reason.CLOUD_UNREACHABLE, "x")
    assert with_id(reply, "jobId") is reply


def test_one_time_passwords_do_not_show_in_a_repr():
    assert "hunter2" not in repr(Taken({"password": "hunter2"}, None, "req"))
