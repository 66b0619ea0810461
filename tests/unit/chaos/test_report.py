"""What a run of the chaos harness says at its end."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import Any

from rich.console import Console
from tools.chaos.plan import plan
from tools.chaos.report import as_json, table, woken_by_the_sweep
from tools.chaos.run import Outcome
from tools.chaos.verdict import Verdict

from zilliz_jobs.control.sweep import WOKEN


def test_what_the_sweep_had_to_wake_is_counted() -> None:
    """A number that never counts would read as a promise kept."""
    lines: list[Any] = [f"2026-11-28 ERROR zilliz_jobs.control.sweep {WOKEN % (3, 'x')}", "ERROR something else"]
    assert woken_by_the_sweep(lines) == 3
    assert woken_by_the_sweep([]) == 0


def test_who_asked_a_person_is_told_by_kind() -> None:
    """Two runs can be compared only so: a kind that asks more often than it did hides in the sum."""
    verdict = Verdict(human=["one", "two"], asked=Counter({"export, public": 2}))
    outcome = Outcome(plan(7, 25), 1, verdict, 1.0, 1.0, Counter(), Counter(), Counter(), Counter())
    assert as_json(outcome)["askedByKind"] == {"export, public": 2}
    console = Console(width=120, file=StringIO(), record=True)
    console.print(table(outcome))
    assert "asked: export, public" in console.export_text()
