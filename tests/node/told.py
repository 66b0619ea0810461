"""A pytest plugin: where no node can run, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import os

import pytest
from tests.support.skips import tell

SENTENCE = "NO NODE"
FOLDER = "tests/node/test_"
UNASKED = "they take minutes: set NODE=1, or run `make node` for all of them"


def is_wanted() -> bool:
    """Whether the tests on a node are to run: not by themselves, as what they need takes minutes to build."""
    return os.environ.get("NODE", "").lower() not in ("", "0", "false")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "a real node")
    tell_times(terminalreporter)


def tell_times(reporter: pytest.TerminalReporter) -> None:
    """Of each file, with what it set up: the cluster counts for the first one that needs it."""
    spent: dict[str, float] = {}
    for outcome in ("", "passed", "failed", "error"):
        for report in reporter.stats.get(outcome, []):
            file = report.nodeid.partition("::")[0]
            if file.startswith(FOLDER):
                spent[file] = spent.get(file, 0.0) + report.duration
    if spent:
        reporter.section("real pods")
        for file, seconds in spent.items():
            reporter.line(f"{seconds:7.1f} s  {file}")
