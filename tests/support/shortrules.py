"""The chart's alert rules with all their times divided, so that an alert fires within seconds of its cause."""

from __future__ import annotations

import re
from typing import Any

Rules = dict[str, Any]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
BY = 60
OF_HOURS = 600
"""What those are divided by that wait for hours even so."""
WAIT_FOR_HOURS = {"JobStuck", "JobWaiting", "BackupTooOld", "BackupNotDeleted", "TargetsHidden"}
A_TIME = 100
"""From this size on, what a rule compares with is a number of seconds; the others are counts, shares and skews."""
_RANGE = re.compile(r"\[(\d+)([smhd])\]")
_THRESHOLD = re.compile(r"(?<=[<>] )(\d+)(?=\s*$)")


def divisor(rule: Rules) -> int:
    """What the times of this rule are divided by."""
    return OF_HOURS if rule["alert"].removeprefix("ZillizJobs") in WAIT_FOR_HOURS else BY


def shortened(rules: Rules) -> Rules:
    """The same groups with the `for` of each alert, the ranges of its expression and a threshold in seconds divided.
    ValueError for a time that cannot be divided: a rule must not become another one by rounding."""
    return {"groups": [group | {"rules": [_short(rule) for rule in group["rules"]]} for group in rules["groups"]]}


def _short(rule: Rules) -> Rules:
    by = divisor(rule)

    def of(seconds: int) -> int:
        if seconds % by:
            raise ValueError(f"cannot shorten {rule['alert']}: {seconds} s cannot be divided by {by}")
        return seconds // by

    def threshold(match: re.Match[str]) -> str:
        number = int(match[1])
        return str(of(number)) if number >= A_TIME else match[1]

    expression = _RANGE.sub(lambda match: f"[{of(int(match[1]) * SECONDS[match[2]])}s]", rule["expr"])
    short = rule | {"expr": _THRESHOLD.sub(threshold, expression)}
    if "for" in rule:
        number, unit = rule["for"][:-1], rule["for"][-1]
        short["for"] = f"{of(int(number) * SECONDS[unit])}s"
    return short
