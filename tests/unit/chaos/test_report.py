"""What a run of the chaos harness says at its end."""

from __future__ import annotations

from typing import Any

from tools.chaos.report import woken_by_the_sweep

from zilliz_jobs.control.sweep import WOKEN


def test_what_the_sweep_had_to_wake_is_counted() -> None:
    """A number that never counts would read as a promise kept."""
    lines: list[Any] = [f"2026-11-28 ERROR zilliz_jobs.control.sweep {WOKEN % (3, 'x')}", "ERROR something else"]
    assert woken_by_the_sweep(lines) == 3
    assert woken_by_the_sweep([]) == 0
