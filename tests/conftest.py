"""Fixtures of all tests."""

from __future__ import annotations

import asyncio
import signal

import pytest
from tests.artefacts import told as artefacts_told
from tests.gitops import told as gitops_told
from tests.image import told
from tests.node import told as node_told
from tests.support import browser_told, collector, failures
from tests.support.controlplane.pytest_plugin import *  # noqa: F403
from tests.support.examples import register
from tests.support.loopclock import NOOP_CYCLES
from tests.support.vtsdata import told as vts_data_told

# A shell that starts the tests in the background has them ignore Ctrl-C, and whatever they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


register()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(told, "image-told")
    config.pluginmanager.register(artefacts_told, "artefacts-told")
    config.pluginmanager.register(gitops_told, "gitops-told")
    config.pluginmanager.register(browser_told, "browser-told")
    config.pluginmanager.register(collector, "collector")
    config.pluginmanager.register(vts_data_told, "vts-data-told")
    config.pluginmanager.register(node_told, "node-told")


def pytest_sessionstart(session: pytest.Session) -> None:
    failures.tell_at_once(session.config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("looptime") is not None:
            item.add_marker(pytest.mark.looptime(noop_cycles=NOOP_CYCLES))


@pytest.fixture(scope="session", autouse=True)
def no_stray_event_loop() -> None:
    """Else the virtual-time plugin makes a loop for the first synchronous test, and nobody closes it."""
    asyncio.set_event_loop(None)
