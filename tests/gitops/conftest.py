"""The stage of the live GitOps tests: a real API server, an operator, and for each test a simulated cloud."""

from __future__ import annotations

import pytest
from tests.support.charted import Release, install
from tests.support.controlplane import ControlPlane
from tests.support.livefixtures import cloud, operator, simulators, user
from tests.support.published import install_crds

__all__ = ["cloud", "operator", "simulators", "user"]


@pytest.fixture(scope="session")
def cluster(real_cluster_with_controllers: ControlPlane) -> ControlPlane:
    """The control plane, with our CRDs."""
    install_crds(real_cluster_with_controllers)
    return real_cluster_with_controllers


@pytest.fixture(scope="session")
def release(cluster: ControlPlane, helm_binary: object) -> Release:
    return install(cluster, "zilliz-jobs-system")
