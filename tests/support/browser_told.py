"""A pytest plugin: where there is no browser, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest

SENTENCE = "NO BROWSER"
REASON = f"{SENTENCE}: there is no Chromium on the PATH (Debian: apt-get install chromium)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    reasons = [reason[2] for reason in skipped if isinstance(reason, tuple) and SENTENCE in reason[2]]
    if reasons:
        terminalreporter.section(SENTENCE, sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(reasons)} tests of the page in the browser were SKIPPED.")
        terminalreporter.line(REASON.partition(f"{SENTENCE}: ")[2])
