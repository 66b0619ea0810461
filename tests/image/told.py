"""A pytest plugin: where no image can be built, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest
from tests.support.skips import tell

SENTENCE = "NO IMAGE BUILD"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "the container image")
