"""A pytest plugin: where no release can be made, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest
from tests.support.skips import tell

SENTENCE = "NO RELEASE MADE"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "what a release publishes")
