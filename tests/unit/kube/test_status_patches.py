"""The patches of a status do what they are for, whatever the two statuses are."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.kube.status import json_ops, merge_diff

scalars = st.one_of(st.booleans(), st.integers(-2, 2), st.sampled_from(["", "a", "True"]))
keys = st.sampled_from(["a", "b", "c/d", "e~f"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, max_size=4)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def as_json(value: Any) -> Any:
    """Python takes True for 1."""
    match value:
        case dict():
            return {key: as_json(child) for key, child in value.items()}
        case list():
            return [as_json(child) for child in value]
        case _:
            return type(value), value


@given(objects, objects)
def test_a_merge_patch_makes_the_old_into_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy((old, new))
    assert as_json(merged(old, merge_diff(old, new))) == as_json(new)
    assert (old, new) == before


@given(objects)
def test_nothing_is_written_when_nothing_changed(status: dict[str, Any]) -> None:
    assert merge_diff(status, copy.deepcopy(status)) == {}
    assert json_ops(status, copy.deepcopy(status)) == []


@given(objects, objects)
def test_a_json_patch_makes_the_old_into_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    patched = jsonpatch.apply_patch({"status": old}, json_ops(old, new))
    assert as_json(patched) == as_json({"status": new})


@given(objects, objects, objects)
def test_a_json_patch_applies_whatever_became_of_the_object(
    old: dict[str, Any], new: dict[str, Any], now: dict[str, Any]
) -> None:
    """A handle is stored also when somebody edited other fields of the status meanwhile."""
    patched = jsonpatch.apply_patch({"status": now}, json_ops(old, new))["status"]
    for key in old.keys() | new.keys():
        if as_json(old.get(key)) != as_json(new.get(key)):
            assert as_json(patched.get(key)) == as_json(new.get(key))


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        pytest.param({"a": 1}, {"b": 2}, {"a": None, "b": 2}, id="a field that went is removed"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}, id="and so it is inside"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, {"a": [1]}, id="a list is replaced whole"),
        pytest.param({"a": True}, {"a": 1}, {"a": 1}, id="true is not 1"),
        pytest.param({"a": "x"}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="a word becomes an object"),
    ],
)
def test_a_merge_patch_says_no_more_than_needed(
    old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert merge_diff(old, new) == patch
