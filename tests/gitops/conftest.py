"""The stage of the live GitOps tests: a real API server, an operator, and for each test a simulated cloud."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from tests.support.charted import Release, install
from tests.support.cloud import Cloud, LoopThread, fresh_cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import Operator, OperatorProcess
from tests.support.published import install_crds
from tests.support.user import User


@pytest.fixture(scope="session")
def cluster(real_cluster_with_controllers: ControlPlane) -> ControlPlane:
    """The control plane, with our CRDs."""
    install_crds(real_cluster_with_controllers)
    return real_cluster_with_controllers


@pytest.fixture(scope="session")
def release(cluster: ControlPlane, helm_binary: object) -> Release:
    return install(cluster, "zilliz-jobs-system")


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    operator = OperatorProcess(
        cluster, tmp_path_factory.mktemp("operator") / "operator.log", release=release, log_format="text"
    )
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


@pytest.fixture(scope="session")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    with fresh_cloud(simulators) as cloud:
        yield cloud


@pytest.fixture
def user(cluster: ControlPlane, operator: Operator) -> Iterator[User]:
    """In a namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name)
    user = User(cluster, name, operator)
    yield user
    user.clear()
    user.close()
