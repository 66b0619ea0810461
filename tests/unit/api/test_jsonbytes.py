"""JSON as bytes: it gives back what the standard library would, also for what the quick parser does not take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.api.jsonbytes import packed, unpacked

TEXTS = st.text(st.characters()) | st.sampled_from(["\ud800", "\u2028", "\x7f", "é", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"result": [value]}
    return value


@given(value=VALUES)
def test_what_was_packed_comes_back(value: Any) -> None:
    again = unpacked(packed(value))
    assert json.dumps(again) == json.dumps(value) == json.dumps(json.loads(packed(value)))


@pytest.mark.parametrize("depth", [50, 150, 300])
def test_it_takes_what_is_nested_as_deep_as_the_standard_library_does(depth: int) -> None:
    value = nested(depth)
    assert unpacked(packed(value)) == value == unpacked(json.dumps(value).encode())


@pytest.mark.parametrize(
    "text",
    [b'"\\ud800"', "\ufeff{}".encode(), '{"a": 1}'.encode("utf-16"), b'{"a": 1, "a": 2}', b"1e400", b"-0", b"1.10"],
)
def test_it_reads_what_the_standard_library_reads(text: bytes) -> None:
    assert unpacked(text) == json.loads(text)


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1,}', b'"a\tb"', b"\xff", b"nul", b"{} {}"])
def test_it_refuses_what_the_standard_library_refuses(text: bytes) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - of what kind is the next line's
        unpacked(text)
    with pytest.raises(type(refused.value)):
        json.loads(text)


def test_true_and_one_are_two_values() -> None:
    assert len({packed({"a": value}) for value in (True, 1, 1.0, "1")}) == 4


def test_each_reading_is_a_value_of_its_own() -> None:
    data = packed({"a": {"b": 1}})
    first = unpacked(data)
    first["a"]["b"] = 2
    assert unpacked(data) == {"a": {"b": 1}}


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        packed({"a": object()})
