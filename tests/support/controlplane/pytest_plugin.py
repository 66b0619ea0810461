"""Pytest fixtures for tests that need a real API server: import everything of this module in a conftest.

    from tests.support.controlplane.pytest_plugin import *  # noqa: F403

Where no control plane can be had, such tests are skipped in a sentence at the end of the run, and they
fail where the environment variable CI is set: a green run there must mean that they ran.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from .binaries import Binaries, UnavailableError, find_binaries
from .server import ControlPlane, control_plane

__all__ = [
    "cluster_binaries",
    "cluster_namespace",
    "helm_binary",
    "pytest_collection_finish",
    "pytest_terminal_summary",
    "real_cluster",
    "real_cluster_with_controllers",
]

ROOT_FIXTURE = "cluster_binaries"
SENTENCE = "NO REAL CONTROL PLANE"

# Kept in the configuration and not in fixtures: two conftests that import the fixtures of this module have
# two of each, and still one build and one control plane for each test process.
_binaries: pytest.StashKey[Binaries | UnavailableError] = pytest.StashKey()
_plane: pytest.StashKey[ControlPlane] = pytest.StashKey()
_said: pytest.StashKey[bool] = pytest.StashKey()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find or build the binaries before the first test: a build outlasts the time-out of a test."""
    if session.config.option.collectonly or _binaries in session.config.stash:
        return
    if any(ROOT_FIXTURE in getattr(item, "fixturenames", ()) for item in session.items):
        _look_up(session.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of the run, once, that tests were skipped for want of a control plane."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    if any(SENTENCE in reason for reason in skipped) and not terminalreporter.config.stash.get(_said, False):
        terminalreporter.config.stash[_said] = True
        count = sum(SENTENCE in reason for reason in skipped)
        terminalreporter.section(SENTENCE, sep="!", red=True, bold=True)
        terminalreporter.line(f"{count} tests against a real API server were SKIPPED. They say why with -rs.")


def _look_up(config: pytest.Config) -> Binaries | UnavailableError:
    if _binaries not in config.stash:
        capture = config.pluginmanager.getplugin("capturemanager")
        shown = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
        with shown:
            try:
                config.stash[_binaries] = find_binaries(_say)
            except UnavailableError as error:
                _say(f"\n{SENTENCE}: {error}")
                config.stash[_binaries] = error
    return config.stash[_binaries]


def _say(line: str) -> None:
    # pytest leaves the cursor behind "collecting ...".
    print(f"\r{line}", file=sys.stderr, flush=True)


def _missing(cause: object) -> NoReturn:
    # "CI=false" and "CI=" are how people say that this is none.
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{SENTENCE}, and CI is set: {cause}", pytrace=False)
    pytest.skip(f"{SENTENCE}: {cause}")


@pytest.fixture(scope="session")
def cluster_binaries(pytestconfig: pytest.Config) -> Binaries:
    """The binaries of the control plane."""
    found = _look_up(pytestconfig)
    if isinstance(found, UnavailableError):
        _missing(found)
    return found


@pytest.fixture(scope="session")
def real_cluster(pytestconfig: pytest.Config, cluster_binaries: Binaries) -> ControlPlane:
    """A running control plane, one for each test process; with controllers if their binary is there."""
    if _plane not in pytestconfig.stash:
        # It ends with the configuration and not with a fixture, as the other conftest may still use it.
        stack = ExitStack()
        pytestconfig.add_cleanup(stack.close)
        controllers = cluster_binaries.kube_controller_manager is not None
        pytestconfig.stash[_plane] = stack.enter_context(
            control_plane(controller_manager=controllers, binaries=cluster_binaries)
        )
    return pytestconfig.stash[_plane]


@pytest.fixture(scope="session")
def real_cluster_with_controllers(real_cluster: ControlPlane) -> ControlPlane:
    """The same control plane, for tests that wait for namespace deletion, owner references and the like."""
    if not real_cluster.has_controllers:
        _missing(f"no kube-controller-manager in {real_cluster.binaries.directory}")
    return real_cluster


@pytest.fixture(scope="session")
def helm_binary(cluster_binaries: Binaries) -> Path:
    """The path of helm 4."""
    if cluster_binaries.helm is None:
        _missing(f"no helm in {cluster_binaries.directory}")
    return cluster_binaries.helm


@pytest.fixture
def cluster_namespace(real_cluster: ControlPlane) -> str:
    """A namespace of the test's own. It is left: its deletion would cost more than most tests."""
    name = f"test-{secrets.token_hex(4)}"
    real_cluster.client.create_namespace(name)
    return name
