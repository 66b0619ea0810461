"""Whether two scaling rules are the same one: yes, no, or perhaps. A rule that is wrongly taken for another one ends
a job that runs as Failed, and one that is wrongly taken for the wanted one loses the job."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.kinds.clusters import scalingrules

BOUNDS = {"min": 2, "max": 8}
MORNING = {"cron": "0 8 * * 1-5", "target": 8}
NIGHT = {"cron": "0 20 * * 1-5", "target": 2}


def clock(*rows: Any) -> dict[str, Any]:
    return {"schedules": list(rows)}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, BOUNDS, False),
        (None, {}, None),
        (None, None, None),
        (BOUNDS, {"max": "8", "min": "2"}, True),
        (BOUNDS, {"max": 8.0, "min": "2.0"}, True),
        (BOUNDS, {"min": 2, "max": 9}, False),
        (BOUNDS, {"min": 2}, None),
        (BOUNDS, {"min": 2, "max": "some"}, None),
        (BOUNDS, BOUNDS | {"enabled": True}, True),
        (BOUNDS, {"mode": "DYNAMIC"}, None),
        ({}, {"mode": "DYNAMIC"}, None),
        ({"mode": "DYNAMIC"}, {"mode": "DYNAMIC"}, True),
        ({}, {"min": "0", "max": "0"}, True),
        (BOUNDS, clock(MORNING), False),
        (clock(MORNING, NIGHT), clock(NIGHT, MORNING), True),
        (clock(MORNING, NIGHT), clock(MORNING), False),
        (clock(MORNING), clock(MORNING | {"target": "8"}), True),
        (clock(MORNING), clock(MORNING | {"target": "9"}), False),
        (clock(MORNING), clock(MORNING | {"target": "eight"}), None),
        (clock(MORNING), clock({"target": 8}), None),
        (clock(MORNING), clock(MORNING, None), None),
        (clock(MORNING), {"schedules": "daily"}, None),
        (clock(MORNING), clock(MORNING | {"cron": "00  08 * * 1-5"}), True),
        (clock(MORNING), clock(MORNING | {"cron": "0 9 * * 1-5"}), False),
        (clock(MORNING), clock(MORNING | {"cron": "0 8 * * MON-FRI"}), None),
        (clock(MORNING), clock(MORNING | {"cron": "0 0 8 * * 1-5"}), None),
        (clock(MORNING), clock(MORNING | {"timezone": "UTC"}), True),
        (clock(MORNING | {"timezone": "Etc/UTC"}), clock(MORNING | {"timezone": "UTC"}), True),
        (clock(MORNING | {"timezone": "Asia/Calcutta"}), clock(MORNING | {"timezone": "Asia/Kolkata"}), True),
        (clock(MORNING | {"timezone": "Europe/Berlin"}), clock(MORNING | {"timezone": "UTC"}), False),
        (clock(MORNING | {"timezone": "Europe/Berlin"}), clock(MORNING | {"timezone": "Berlin time"}), None),
        (clock(MORNING | {"timezone": "Europe/Berlin"}), clock({"cron": "0 7 * * 1-5", "target": 8}), None),
    ],
)
def test_same(one: Any, other: Any, *, same: bool | None) -> None:
    assert scalingrules.same(one, other) is same
    assert scalingrules.same(other, one) is same


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({}, None),
        ({"autoscaling": None}, None),
        ({"autoscaling": "none"}, None),
        ({"autoscaling": []}, None),
        ({"autoscaling": {}}, {}),
        ({"autoscaling": {"replica": BOUNDS}}, {}),
        ({"autoscaling": {"cu": None}}, None),
        ({"autoscaling": {"cu": {}}}, None),
        ({"autoscaling": {"cu": {"schedules": None}}}, None),
        ({"autoscaling": {"cu": {"min": 0, "max": 0, "schedules": None}}}, None),
        ({"autoscaling": {"cu": {"schedules": []}}}, {}),
        ({"autoscaling": {"cu": {"min": None, "max": 0, "schedules": []}}}, {}),
        ({"autoscaling": {"cu": "none"}}, None),
        ({"autoscaling": {"cu": BOUNDS | {"schedules": None}}}, BOUNDS),
    ],
)
def test_a_rule_that_is_not_told_is_not_no_rule(shown: dict[str, Any], told: dict[str, Any] | None) -> None:
    """And whatever stands in its place, the cluster itself can be read."""
    cluster = Cluster.model_validate({"clusterId": "in01", "status": "RUNNING"} | shown)
    assert scalingrules.told(cluster, "cu") == told
    assert scalingrules.from_record(scalingrules.recorded(told)) == told


@pytest.mark.parametrize("text", ["{", "", "7", "null"])
def test_a_record_that_somebody_edited_tells_no_rule(text: str) -> None:
    """The job then goes by what else it knows, rather than end in an error at each look."""
    assert scalingrules.from_record([text]) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"cron": ANYTHING, "target": ANYTHING, "timezone": ANYTHING}) | ANYTHING,
    max_size=3,
)
RULES = st.fixed_dictionaries({}, optional={"min": ANYTHING, "max": ANYTHING, "schedules": ROWS | ANYTHING})


@given(RULES, RULES)
def test_whatever_the_cloud_tells_is_compared_without_an_error(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert scalingrules.same(one, other) is scalingrules.same(other, one)
