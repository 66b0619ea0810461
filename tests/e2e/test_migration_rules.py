"""The rules of a MigrationJob, judged by a real API server, which knows them as CEL."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.e2e.test_crds import CRDS
from tests.support.controlplane import ControlPlane
from tests.unit.api.migrations import BAD, GOOD, Spec

pytestmark = pytest.mark.controlplane

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py


@pytest.fixture(scope="module")
def cluster(real_cluster: ControlPlane) -> ControlPlane:
    file = str(CRDS / "migrationjobs.yaml")
    real_cluster.kubectl("apply", "-f", file)
    real_cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", file)
    return real_cluster


def verdict(cluster: ControlPlane, namespace: str, specs: list[Spec]) -> str:
    """What kubectl says of objects with these specs, none of which is kept."""
    items = [
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "MigrationJob",
            "metadata": {"name": f"x{number}"},
            "spec": spec,
        }
        for number, spec in enumerate(specs)
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    done = cluster.kubectl("-n", namespace, "create", "--dry-run=server", "-f", "-", input=text, check=False)
    return done.stderr if done.returncode else ""


def test_every_way_is_taken(cluster: ControlPlane, cluster_namespace: str) -> None:
    assert verdict(cluster, cluster_namespace, list(GOOD.values())) == ""


@pytest.mark.parametrize(("spec", "sentence"), [pytest.param(*case, id=name) for name, case in BAD.items()])
def test_what_makes_no_sense_is_refused_with_what_to_do(
    cluster: ControlPlane, cluster_namespace: str, spec: Spec, sentence: str
) -> None:
    assert sentence in verdict(cluster, cluster_namespace, [spec])
