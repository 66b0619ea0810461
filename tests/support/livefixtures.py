"""Fixtures of tests with a real API server: clouds, an operator and a user. The conftest that imports them has the
fixtures `cluster` and `release`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.charted import Release
from tests.support.cloud import Cloud, LoopThread, fresh_cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import Operator, OperatorProcess
from tests.support.user import User


@pytest.fixture(scope="session")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    with fresh_cloud(simulators) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """One operator for the module. Modules that need another one have a fixture of this name."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    operator = OperatorProcess(cluster, log, release=release, log_format="text")
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


@pytest.fixture
def user(cluster: ControlPlane, cluster_namespace: str, operator: Operator) -> Iterator[User]:
    user = User(cluster, cluster_namespace, operator)
    yield user
    user.clear()
    user.close()
