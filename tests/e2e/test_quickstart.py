"""The quick start's manifests on a real API server: all of them are taken, also by the restricted standard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.controlplane import ControlPlane

pytestmark = pytest.mark.controlplane

FOLDER = Path(__file__).parents[2] / "deploy" / "quickstart"
NAMESPACE = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["namespace"]


@pytest.fixture
def plane(cluster: ControlPlane) -> Iterator[ControlPlane]:
    yield cluster
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def test_all_of_it_is_taken_and_nothing_is_warned_of(plane: ControlPlane) -> None:
    applied = plane.kubectl("apply", "-k", str(FOLDER))
    assert applied.stdout.count(" created") == 7, applied.stdout
    assert "Warning" not in applied.stderr, "a pod of the restricted standard would not start"
    kinds = "deployment,service,secret,zillizconnection,backupjob,jobschedule"
    found = json.loads(plane.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json").stdout)["items"]
    assert len(found) == 6
    again = plane.kubectl("apply", "-k", str(FOLDER))
    assert "deployment.apps/zilliz-simulator unchanged" in again.stdout, "else every apply would make a new pod"
