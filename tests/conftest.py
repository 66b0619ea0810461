"""Fixtures of all tests."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.controlplane.pytest_plugin import *  # noqa: F403


@pytest.fixture(scope="session", autouse=True)
def no_stray_event_loop() -> None:
    """Else the virtual-time plugin makes a loop for the first synchronous test, and nobody closes it."""
    asyncio.set_event_loop(None)
