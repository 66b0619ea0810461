"""The stage of the end-to-end tests: a real API server with our CRDs, an operator, a simulated cloud, a user."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.charted import Release, install
from tests.support.controlplane import ControlPlane
from tests.support.livefixtures import cloud, operator, simulators, user
from tests.support.published import install_crds
from tests.support.rooms import NAMESPACED, Rooms

__all__ = ["cloud", "operator", "simulators", "user"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With operators of some namespaces, only tests run that have one; those of rights have both modes anyway."""
    if not NAMESPACED:
        return
    mine = [item for item in items if HERE in item.path.parents]
    alike = [item for item in mine if not _has_an_operator(item) or item.path.name == "test_rbac.py"]
    config.hook.pytest_deselected(items=alike)
    items[:] = [item for item in items if item not in alike]


def _has_an_operator(item: pytest.Item) -> bool:
    return "release" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def cluster(real_cluster: ControlPlane) -> ControlPlane:
    """The control plane, with our CRDs."""
    install_crds(real_cluster)
    return real_cluster


@pytest.fixture(scope="session")
def cluster_wide(cluster: ControlPlane, helm_binary: Path) -> Release:
    """The chart, installed as its values are."""
    return install(cluster, "zilliz-jobs-system")


@pytest.fixture(scope="module")
def rooms(cluster: ControlPlane) -> Rooms | None:
    """The namespaces of a module's tests where the operator must know them beforehand."""
    return Rooms(cluster) if NAMESPACED else None


@pytest.fixture(scope="module")
def release(
    request: pytest.FixtureRequest, cluster: ControlPlane, helm_binary: Path, rooms: Rooms | None
) -> Iterator[Release]:
    """What the operators of the module may do, and how they are started: what the chart says, and no more."""
    if rooms is None:
        yield request.getfixturevalue("cluster_wide")
        return
    release = install(cluster, f"home-{secrets.token_hex(4)}", namespaces=rooms.names)
    yield release
    cluster.kubectl("delete", "namespace", release.namespace, *rooms.names, "--wait=false")


@pytest.fixture
def cluster_namespace(request: pytest.FixtureRequest, real_cluster: ControlPlane) -> str:
    """A namespace of the test's own. It is left; what a user made in it goes with the user."""
    rooms: Rooms | None = request.getfixturevalue("rooms") if NAMESPACED else None
    if rooms is not None:
        return rooms.free()
    name = f"test-{secrets.token_hex(4)}"
    real_cluster.client.create_namespace(name)
    return name


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "operator.log"
