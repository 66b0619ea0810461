"""What a run of tests left out, said at its end, so that nobody takes it for a run of all."""

from __future__ import annotations

import pytest


def tell(reporter: pytest.TerminalReporter, sentence: str, what: str) -> None:
    """`sentence`: what the reasons of these skips begin with."""
    skipped = [report.longrepr for report in reporter.stats.get("skipped", [])]
    reasons = [reason[2] for reason in skipped if isinstance(reason, tuple) and sentence in reason[2]]
    if not reasons:
        return
    reporter.section(sentence, sep="!", red=True, bold=True)
    reporter.line(f"{len(reasons)} tests of {what} were SKIPPED.")
    for reason in sorted(set(reasons)):
        reporter.line(reason.partition(sentence)[2].removeprefix(":").strip())
