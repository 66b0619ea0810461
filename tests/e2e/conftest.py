"""The stage of the end-to-end tests: a real API server with our CRDs, an operator, a simulated cloud, a user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cloud import Cloud, LoopThread
from tests.e2e.controlplane import ControlPlane
from tests.e2e.operators import Operator, OperatorProcess
from tests.e2e.published import install_crds
from tests.e2e.user import User


@pytest.fixture(scope="session")
def cluster(real_cluster: ControlPlane) -> ControlPlane:
    """The control plane, with our CRDs."""
    install_crds(real_cluster)
    return real_cluster


@pytest.fixture(scope="session")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    """A cloud for this test alone. Whatever a test is about: nothing may have been submitted twice in it."""
    cloud = Cloud(simulators)
    yield cloud
    twice = cloud.twice()
    cloud.close()
    assert not twice, f"submissions with more than one effect: {twice}"


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """One operator for the module, over all namespaces. Modules that need another one have a fixture of this name."""
    operator = OperatorProcess(cluster, tmp_path_factory.mktemp("operator") / "operator.log")
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


@pytest.fixture
def user(cluster: ControlPlane, cluster_namespace: str, operator: Operator) -> Iterator[User]:
    user = User(cluster, cluster_namespace, operator)
    yield user
    user.close()


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "operator.log"
