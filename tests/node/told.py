"""A pytest plugin: where no node can run, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import os

import pytest
from tests.support.skips import tell

SENTENCE = "NO NODE"
UNASKED = "they take minutes: set NODE=1, or run `make node` for all of them"


def is_wanted() -> bool:
    """Whether the tests on a node are to run: not by themselves, as what they need takes minutes to build."""
    return os.environ.get("NODE", "").lower() not in ("", "0", "false")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "a real node")
