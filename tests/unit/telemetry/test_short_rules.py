"""What is alerted on within seconds in tests is, but for its times, what the chart brings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from tests.support.shortrules import A_TIME, SECONDS, WAIT_FOR_HOURS, Rules, divisor, shortened

FILE = Path(__file__).parents[3] / "charts/zilliz-jobs-operator/files/alerts.yaml"
RULES: Rules = yaml.safe_load(FILE.read_text())
OLD = [rule for group in RULES["groups"] for rule in group["rules"]]
NEW = [rule for group in shortened(RULES)["groups"] for rule in group["rules"]]


def in_seconds(text: str) -> list[int]:
    return [int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])\b", text)]


@pytest.mark.parametrize(("old", "new"), [*zip(OLD, NEW, strict=True)], ids=[rule["alert"] for rule in OLD])
def test_only_the_times_of_a_rule_are_divided(old: Rules, new: Rules) -> None:
    """Else an alert could fire in a test that never fires for a user."""
    assert {name: text for name, text in old.items() if name not in ("expr", "for")} == {
        name: text for name, text in new.items() if name not in ("expr", "for")
    }
    by = divisor(old)
    assert [time * by for time in in_seconds(new["expr"])] == in_seconds(old["expr"])
    assert [time * by for time in in_seconds(new.get("for", ""))] == in_seconds(old.get("for", ""))
    thresholds = [[float(n) for n in re.findall(r"[<>] ([\d.]+)$", rule["expr"])] for rule in (old, new)]
    assert [n if n < A_TIME else n / by for n in thresholds[0]] == thresholds[1]
    words = re.compile(r"\[\w+\]|(?<=[<>] )\d+$")
    assert words.sub("", old["expr"]) == words.sub("", new["expr"])


def test_those_that_wait_for_hours_are_rules_of_the_chart() -> None:
    assert {f"ZillizJobs{name}" for name in WAIT_FOR_HOURS} <= {rule["alert"] for rule in OLD}


@pytest.mark.parametrize(
    ("expression", "short"),
    [
        ("max(a_seconds) > 180", "max(a_seconds) > 3"),
        ("sum(increase(b_total[1h])) > 3", "sum(increase(b_total[60s])) > 3"),
        ("rate(c[10m]) / rate(d[10m]) > 0.05", "rate(c[10s]) / rate(d[10s]) > 0.05"),
        ("time() - max_over_time(e[3d]) > 129600", "time() - max_over_time(e[4320s]) > 2160"),
        ("(f > 30) or (f < -30)", "(f > 30) or (f < -30)"),
    ],
)
def test_counts_and_shares_stay_as_they_are(expression: str, short: str) -> None:
    rules = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expression}]}]}
    assert shortened(rules)["groups"][0]["rules"][0]["expr"] == short


def test_a_time_that_would_be_rounded_is_refused() -> None:
    rules = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "a > 0", "for": "90s"}]}]}
    with pytest.raises(ValueError, match="cannot shorten A: 90 s cannot be divided by 60"):
        shortened(rules)
