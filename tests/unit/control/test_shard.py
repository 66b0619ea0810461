"""The name of a shard is that of its Lease: two shards with one would take turns, one with two would work twice."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zilliz_jobs.control.shard import SHARD_LABEL, Shard, shard_in_words
from zilliz_jobs.settings import Settings

BASE = "zilliz-jobs-operator"


def body(**labels: str) -> dict[str, Any]:
    return {"kind": "ImportJob", "metadata": {"name": "x", "namespace": "y", "labels": labels}}


def of_shard(name: str) -> dict[str, Any]:
    return body(**{SHARD_LABEL: name})


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("", "default"),
        (f"!{SHARD_LABEL}", "default"),
        (f"{SHARD_LABEL}=a", "a"),
        (f"{SHARD_LABEL}==eu-west-1", "eu-west-1"),
        (f"{SHARD_LABEL} in (a)", "a"),
    ],
)
def test_a_shard_by_our_label_has_the_name_that_the_label_says(selector: str, name: str) -> None:
    assert Shard.of(selector).name == name


def test_any_other_selector_gives_a_name_of_its_own() -> None:
    texts = ["team=films", "team=shops", "team in (films,shops)", f"{SHARD_LABEL}!=a", f"{SHARD_LABEL}=a,team=films"]
    names = {Shard.of(text).name for text in texts}
    assert len(names) == len(texts)
    assert all(name.startswith("selector-") for name in names)


def test_the_default_shard_and_an_operator_without_shards_have_one_lease() -> None:
    """Else both would work while one follows the other in an upgrade."""
    assert Shard.of("").lease_name(BASE) == Shard.of(f"!{SHARD_LABEL}").lease_name(BASE) == BASE
    assert Shard.of(f"{SHARD_LABEL}=a").lease_name(BASE) == f"{BASE}-a"


@pytest.mark.parametrize("value", ["default", "A", "a_b", "a" * 31, ""])
def test_a_name_that_no_lease_can_have_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="a shard cannot be called"):
        Shard.of(f"{SHARD_LABEL}={value}")
    with pytest.raises(ValidationError, match="a shard cannot be called"):
        Settings(watch_label_selector=f"{SHARD_LABEL}={value}")


def test_connections_of_all_shards_are_watched() -> None:
    """What a job may not use must not look as if it did not exist."""
    shard = Shard.of(f"{SHARD_LABEL}=a")
    assert not shard.filters("ZillizConnection")
    assert shard.filters("ImportJob")
    assert shard.filters("JobSchedule")
    assert not Shard.of("").filters("ImportJob")


def test_an_object_is_its_own_by_its_labels() -> None:
    shard, default = Shard.of(f"{SHARD_LABEL}=a"), Shard.of(f"!{SHARD_LABEL}")
    assert [shard.selects(one) for one in (of_shard("a"), of_shard("b"), body())] == [True, False, False]
    assert [default.selects(one) for one in (of_shard("a"), of_shard("b"), body())] == [False, False, True]
    assert default.selects({"metadata": {"labels": None}})
    assert shard_in_words(of_shard("b")) == "shard b"
    assert shard_in_words(body()) == "the default shard"


def test_what_is_made_for_an_object_is_of_its_shard() -> None:
    """A run whose objects another shard has would never end for its schedule."""
    shard, default = Shard.of(f"{SHARD_LABEL}=a"), Shard.of(f"!{SHARD_LABEL}")
    wanted = {"team": "films", SHARD_LABEL: "c"}
    assert shard.child_labels(of_shard("a"), wanted) == {"team": "films", SHARD_LABEL: "a"}
    assert default.child_labels(body(), wanted) == {"team": "films"}
    by_team = Shard.of("team=films")
    assert by_team.child_labels(body(team="films"), {"team": "shops"}) == {"team": "films"}
