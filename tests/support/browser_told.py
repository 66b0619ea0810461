"""A pytest plugin: where there is no browser, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest
from tests.support.skips import tell

SENTENCE = "NO BROWSER"
REASON = f"{SENTENCE}: there is no Chromium on the PATH (Debian: apt-get install chromium)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "the page in the browser")
