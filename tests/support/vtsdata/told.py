"""A pytest plugin: where the packages are missing, the end of the run says that these tests were skipped, and why."""

from __future__ import annotations

import pytest
from tests.support.skips import tell

SENTENCE = "NO REAL SOURCE AND TARGET"
REASON = f"{SENTENCE}: run `make vts-data` (PostgreSQL with pgvector and Milvus, in an environment of their own)"

NO_ENGINE = f"{SENTENCE} moved by the real engine: set VTS_HOME to a distribution of VTS"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, SENTENCE, "migrations by VTS with real rows")
