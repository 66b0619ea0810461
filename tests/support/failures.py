"""A pytest plugin: a test that fails is named at once, so that a run that is ended half way has said what it knew."""

from __future__ import annotations

import pytest


class Failures:
    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.ensure_newline()
            self._terminal.write_line(f"failed: {report.nodeid} ({report.when}, {report.duration:.1f} s)", red=True)


def tell_at_once(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(terminal, pytest.TerminalReporter) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(terminal), "failures-told")
