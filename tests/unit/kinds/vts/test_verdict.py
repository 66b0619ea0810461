"""The verdict of a worker, and what else can stand in a termination message."""

from __future__ import annotations

import pytest

from zilliz_jobs.kinds.migrations.vts.verdict import Verdict, parse

GOOD = '{"state":"FINISHED","exit":0,"terminated":0,"read":5000,"written":5000,"code":""}'


def test_all_rows() -> None:
    verdict = parse(GOOD)
    assert verdict == Verdict("FINISHED", 0, False, 5000, 5000)
    assert verdict.whole
    assert verdict.rows == "5000 rows read, 5000 written"


@pytest.mark.parametrize(
    "message",
    [
        GOOD.replace("FINISHED", "CANCELED"),  # the engine exits with 0 all the same
        GOOD.replace('"written":5000', '"written":4999'),
        GOOD.replace("5000", "null"),
        GOOD.replace('"exit":0', '"exit":1'),
    ],
)
def test_what_is_not_whole(message: str) -> None:
    verdict = parse(message)
    assert verdict is not None
    assert not verdict.whole


def test_a_failure_with_its_code() -> None:
    assert parse('{"state":"NONE","exit":1,"terminated":0,"read":null,"written":null,"code":"API-05"}') == Verdict(
        "NONE", 1, False, code="API-05"
    )


@pytest.mark.parametrize(
    "message",
    [
        "",
        "java.lang.RuntimeException: password=CANARY",
        "[]",
        "[" * 4000,
        '{"state":5,"exit":0}',
        '{"state":"no word","exit":0}',
        '{"state":"NONE","exit":true}',
        '{"state":"NONE"}',
        GOOD + " " * 5000,
    ],
)
def test_what_is_no_verdict(message: str) -> None:
    assert parse(message) is None


def test_a_code_that_is_none_is_not_passed_on() -> None:
    verdict = parse('{"state":"NONE","exit":1,"terminated":1,"read":-1,"written":true,"code":"see CANARY"}')
    assert verdict == Verdict("NONE", 1, True)
