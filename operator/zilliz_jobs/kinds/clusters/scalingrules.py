"""The scaling rule of one dimension of a cluster, as the cloud tells it, as it is recorded, and as two are compared.

The cloud replaces `autoscaling` as a whole with every call that scales (the vendor's Terraform provider says so, and
its mock server does it), so the rule of the other dimension has to be read before and sent along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zilliz_jobs.cloud.clusters import Cluster

Rule = Mapping[str, Any]
MAX_RECORDED = 16_384  # characters; a rule of twenty schedules takes a tenth of that
_EMPTY: tuple[object, ...] = (None, 0, "", [], {})


def told(cluster: Cluster, part: str) -> Rule | None:
    """The rule of this dimension without what is empty in it, `{}` for no rule; None where the cloud does not tell,
    which is not the same as no rule. `part`: its key under `autoscaling`."""
    if cluster.autoscaling is None:
        return None
    rule = cluster.autoscaling.get(part)
    if rule is None:
        return {}
    return _plain(rule) if isinstance(rule, dict) else None


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


def same(one: Rule, other: Rule) -> bool:
    """Whether two rules mean the same. Of time zones only what both name counts: the cloud may add one."""
    if any(str(one.get(name, "")) != str(other.get(name, "")) for name in ("min", "max")):
        return False
    rows, others = _rows(one), _rows(other)
    if len(rows) != len(others):
        return False
    return all(
        left[:2] == right[:2] and (not left[2] or not right[2] or left[2] == right[2])
        for left, right in zip(rows, others, strict=True)
    )


def cron_text(value: object) -> str:
    """A cron text in one way of writing: single blanks, no leading zeros, capital letters."""
    return " ".join(str(int(word)) if word.isdecimal() else word.upper() for word in str(value).split())


def words(rule: Rule) -> str:
    """The rule for people, as it can be sent again."""
    return json.dumps(dict(rule), sort_keys=True) if rule else "no rule"


def _rows(rule: Rule) -> list[tuple[str, str, str]]:
    rows = rule.get("schedules")
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list | tuple) else []
    return sorted(
        (cron_text(row.get("cron", "")), str(row.get("target", "")), str(row.get("timezone", ""))) for row in listed
    )


def _plain(value: Any) -> Any:
    """Without empty values, which the cloud may tell and need not take."""
    if isinstance(value, dict):
        kept = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in _EMPTY}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
