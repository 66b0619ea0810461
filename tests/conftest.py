"""Fixtures of all tests."""

from __future__ import annotations

import asyncio
import gc
import signal

import pytest
from tests.image import told
from tests.support import browser_told, failures
from tests.support.controlplane.pytest_plugin import *  # noqa: F403
from tests.support.examples import register
from tests.support.loopclock import NOOP_CYCLES
from tests.support.vtsdata import told as vts_data_told

# A shell that starts the tests in the background has them ignore Ctrl-C, and whatever they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


register()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(told, "image-told")
    config.pluginmanager.register(browser_told, "browser-told")
    config.pluginmanager.register(vts_data_told, "vts-data-told")


def pytest_sessionstart(session: pytest.Session) -> None:
    failures.tell_at_once(session.config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("looptime") is not None:
            item.add_marker(pytest.mark.looptime(noop_cycles=NOOP_CYCLES))


def pytest_collection_finish() -> None:
    """What was imported until now stays to the end, so the collector need not look at it again and again. What a test
    leaves open is found all the same: by the collector's own runs, and by pytest's last one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_stray_event_loop() -> None:
    """Else the virtual-time plugin makes a loop for the first synchronous test, and nobody closes it."""
    asyncio.set_event_loop(None)
