"""A selector that the operator reads otherwise than the API server would leave objects to nobody, or to two."""

from __future__ import annotations

import pytest

from zilliz_jobs.core.selector import LabelSelector
from zilliz_local.kube.selectors import parse_labels

LABELS: list[dict[str, str]] = [
    {},
    {"shard": "a"},
    {"shard": "b"},
    {"shard": ""},
    {"team": "films"},
    {"shard": "a", "team": "films"},
    {"shard": "b", "example.com/team": "shops"},
]
TEXTS = [
    "",
    "shard",
    "!shard",
    "shard=a",
    "shard==a",
    "shard = a",
    "shard=",
    "shard!=a",
    "shard in (a,b)",
    "shard in (a, b)",
    "shard notin (a,b)",
    "shard notin (a)",
    "shard=a,team=films",
    "shard in (a,b),!team",
    "example.com/team in (shops),shard!=a",
]


@pytest.mark.parametrize("text", TEXTS)
def test_it_selects_what_the_api_server_selects(text: str) -> None:
    selector, judge = LabelSelector.parse(text), parse_labels(text)
    for labels in LABELS:
        assert selector.selects(labels) == all(one.fits(labels.get(one.key)) for one in judge), labels


@pytest.mark.parametrize("text", TEXTS)
def test_its_own_text_means_the_same(text: str) -> None:
    """That text is what the API server is asked with."""
    selector = LabelSelector.parse(text)
    assert LabelSelector.parse(str(selector)) == selector


@pytest.mark.parametrize("text", TEXTS)
def test_the_rest_has_all_that_it_does_not_select(text: str) -> None:
    """An object that is in neither would be seen by nobody who looks for objects of other shards."""
    selector = LabelSelector.parse(text)
    rest = LabelSelector.parse(selector.rest)
    for labels in LABELS:
        assert selector.selects(labels) or rest.selects(labels), labels


def test_the_rest_of_one_requirement_is_its_opposite() -> None:
    assert LabelSelector.parse("shard=a").rest == "shard!=a"
    assert LabelSelector.parse("!shard").rest == "shard"
    assert LabelSelector.parse("shard notin (a,b)").rest == "shard in (a,b)"
    assert LabelSelector.parse("shard=a,team").rest == ""


@pytest.mark.parametrize(
    "text",
    [
        "=a",
        "shard=a b",
        "shard in a",
        "shard in (a",
        "shard,,team",
        ",",
        "Shard/=x",
        "shard=a=b",
        "-x",
        "a" * 64,
        "x=" + "a" * 64,
    ],
)
def test_what_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no label selector"):
        LabelSelector.parse(text)
