"""The scaling rule of one dimension of a cluster, as the cloud tells it, as it is recorded, and as two are compared.

The cloud replaces `autoscaling` as a whole with every call that scales (the vendor's Terraform provider says so, and
its mock server does it), so the rule of the other dimension has to be read before and sent along.

Describe Cluster documents `autoscaling`, and its examples leave it out: whether it is left out because there is no
rule, nothing says. So a rule that is not told is not the same as no rule, which is an empty one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.fields import as_count
from zilliz_jobs.kinds.clusters import scalingtimes
from zilliz_jobs.kinds.clusters.scalingtimes import Row

Rule = Mapping[str, Any]
MAX_RECORDED = 16_384  # characters; a rule of twenty schedules takes a tenth of that
LIMITS = ("min", "max")
_EMPTY: tuple[object, ...] = (None, 0, "", [], {})


def told(cluster: Cluster, part: str) -> Rule | None:
    """The rule of this dimension without what is empty in it, `{}` for no rule; None where the cloud does not tell,
    which is not the same as no rule. `part`: its key under `autoscaling`.

    No rule is a dimension that `autoscaling` does not have, or one whose schedules are an empty list. Null for it, or
    an object with nothing in it, may be a rule that was left out.
    """
    if cluster.autoscaling is None:
        return None
    rule = cluster.autoscaling.get(part, {"schedules": []})
    if not isinstance(rule, dict):
        return None
    plain: Rule = _plain(rule)
    return plain if plain or rule.get("schedules") == [] else None


def is_shown(cluster: Cluster, part: str) -> bool:
    """Whether anything stands in the place of this dimension's rule, readable or not."""
    return _plain((cluster.autoscaling or {}).get(part)) not in _EMPTY


def recorded(rule: Rule | None) -> list[str]:
    """The rule as a baseline holds it; empty where it is not told, or too long to be held."""
    text = "" if rule is None else json.dumps(rule, sort_keys=True)
    return [text] if text and len(text) <= MAX_RECORDED else []


def from_record(facts: list[str]) -> Rule | None:
    """The rule that the baseline holds; None where it was not told, or somebody edited the record."""
    try:
        rule = json.loads(facts[0]) if facts else None
    except ValueError:
        return None
    return rule if isinstance(rule, dict) else None


def same(one: Rule | None, other: Rule | None) -> bool | None:
    """Whether two rules mean the same. None where that cannot be told: one of them is not told, or tells what cannot
    be read, or times and time zones that may be the other's in another spelling."""
    if one is None or other is None:
        return None
    if one == other:
        return True
    left, right = _read(one), _read(other)
    if left is None or right is None:
        return None
    if left[0] != right[0]:
        return False
    return scalingtimes.same(left[1], right[1])


def is_readable(rule: Rule) -> bool:
    """Whether all that a comparison needs can be read."""
    return _read(rule) is not None


def words(rule: Rule) -> str:
    """The rule for people, as it can be sent again."""
    return json.dumps(dict(rule), sort_keys=True) if rule else "no rule"


def _read(rule: Rule) -> tuple[tuple[int, int] | None, tuple[Row, ...]] | None:
    """Limits and schedules; None for a rule that lacks a part of them, or has nothing but other things in it."""
    rows, limits = scalingtimes.rows_of(rule.get("schedules")), [as_count(rule.get(name)) for name in LIMITS]
    if rows is None or any(limit is None and name in rule for name, limit in zip(LIMITS, limits, strict=True)):
        return None
    low, high = (limit if limit and limit > 0 else None for limit in limits)
    if low is not None and high is not None:
        return (low, high), rows
    is_known = bool(rows) or not set(rule) - {*LIMITS, "schedules"}
    return (None, rows) if low is high and is_known else None


def _plain(value: Any) -> Any:
    """Without empty values, which the cloud may tell and need not take."""
    if isinstance(value, dict):
        kept = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in _EMPTY}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
