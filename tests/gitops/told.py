"""A pytest plugin: where a controller cannot be had, the end of the run says that its tests were skipped, and why."""

from __future__ import annotations

import pytest
from tests.gitops.programs import NO_ARGO, NO_FLUX
from tests.support.skips import tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tell(terminalreporter, NO_FLUX, "the kit for Flux at work")
    tell(terminalreporter, NO_ARGO, "the kit for Argo CD at work")
