"""Field selectors: where the pages promise them they work, and where they say that the server drops them it does."""

from __future__ import annotations

import pytest
from tests.support.controlplane import ControlPlane
from tests.support.published import install_crds

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES

pytestmark = pytest.mark.controlplane

SINCE = (1, 31)


@pytest.fixture(scope="module")
def cluster(real_cluster: ControlPlane) -> ControlPlane:
    install_crds(real_cluster)
    return real_cluster


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_each_selector_of_a_kind_is_as_its_page_says(
    cluster: ControlPlane, cluster_namespace: str, resource: Resource
) -> None:
    promised = cluster.version() >= SINCE
    for path in resource.selectable:
        words = ["get", resource.plural, "-n", cluster_namespace, "--field-selector", f"{path[1:]}=x"]
        done = cluster.kubectl(*words, check=False)
        assert (done.returncode == 0) is promised, done.stderr
        if not promised:
            assert "field label not supported" in done.stderr
