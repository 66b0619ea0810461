"""Fixtures of all tests."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Iterator

import pytest
from tests.e2e.controlplane.pytest_plugin import *  # noqa: F403
from tests.image import told

# A shell that starts the tests in the background has them ignore Ctrl-C, and whatever they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(told, "image-told")


@pytest.fixture(scope="session", autouse=True)
def no_stray_event_loop() -> None:
    """Else the virtual-time plugin makes a loop for the first synchronous test, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """Else what a module leaves open fails the test, of any other module, in which the collector happens to run."""
    yield
    gc.collect()
