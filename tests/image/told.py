"""A pytest plugin: where no image can be built, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest

SENTENCE = "NO IMAGE BUILD"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    reasons = [reason[2] for reason in skipped if isinstance(reason, tuple) and SENTENCE in reason[2]]
    if reasons:
        terminalreporter.section(SENTENCE, sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(reasons)} tests of the container image were SKIPPED.")
        for reason in sorted(set(reasons)):
            terminalreporter.line(reason.partition(f"{SENTENCE}: ")[2])
