"""The chart by Helm 3, on whatever control plane the tests run: the newest one, or by `make compat` the oldest."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.built.chart.rendering import Chart
from tests.compat.programs import HELM, HELM_3
from tests.support.charted import CHART
from tests.support.controlplane import Binaries, ControlPlane, UnavailableError, control_plane
from tests.support.published import until_published

from zilliz_jobs.api.resources import RESOURCES

pytestmark = [pytest.mark.controlplane, pytest.mark.timeout(900)]

EVERYTHING: dict[str, Any] = {
    "replicaCount": 2,
    "watchNamespaces": [],
    "networkPolicy": {"enabled": True},
    "rbac": {"schedulePolicy": True},
    "jobs": {"nightly": {"kind": "BackupJob", "spec": {"clusterId": "in01-0123456789abcde"}}},
}


@pytest.fixture(scope="module")
def helm3() -> Path:
    try:
        return HELM_3.binary()
    except UnavailableError as error:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(f"NO HELM 3, and CI is set: {error}", pytrace=False)
        pytest.skip(f"NO HELM 3: {error}")


@pytest.fixture(scope="module")
def cluster(cluster_binaries: Binaries) -> Iterator[ControlPlane]:
    """Without our definitions: the chart brings them."""
    with control_plane(binaries=cluster_binaries) as plane:
        yield plane


def test_it_is_helm_3(helm3: Path) -> None:
    assert subprocess.check_output([helm3, "version", "--short"], text=True).startswith(f"v{HELM}")


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["as it is", "with everything"])
def test_both_helms_render_the_same(helm3: Path, helm_binary: Path, values: dict[str, Any]) -> None:
    flags = ("--api-versions", "jobs.zilliz.com/v1alpha1")
    ours, theirs = (Chart(helm).render(*flags, crds={"install": True}, **values) for helm in (helm3, helm_binary))

    def sort(bodies: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(body, sort_keys=True) for body in bodies)

    assert sort(ours) == sort(theirs)
    assert len(ours) > len(RESOURCES)


def test_a_slip_in_a_value_is_refused(helm3: Path) -> None:
    done = subprocess.run([helm3, "template", "it", CHART, "--set", "replicas=2"], capture_output=True, check=False)
    assert done.returncode != 0


def test_it_installs_upgrades_and_uninstalls(helm3: Path, cluster: ControlPlane, tmp_path: Path) -> None:
    home = f"home-{secrets.token_hex(4)}"
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(EVERYTHING))

    def helm(*words: str) -> str:
        done = subprocess.run(
            [helm3, *words, "-n", home], env=cluster.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    helm("install", "jobs", str(CHART), "--create-namespace", "-f", str(values))
    kinds = {resource.kind for resource in RESOURCES}
    until_published(cluster, lambda schemas: kinds <= set(schemas))
    jobs = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{home}/backupjobs"
    assert cluster.client.get(jobs)["items"] == [], "what needs the definitions comes by an upgrade"
    helm("upgrade", "jobs", str(CHART), "-f", str(values))
    assert [one["metadata"]["name"] for one in cluster.client.get(jobs)["items"]] == ["nightly"]
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    assert len(cluster.client.get(policies)["items"]) == 1
    helm("uninstall", "jobs", "--no-hooks")
    assert cluster.client.get(policies)["items"] == []
    definitions = cluster.client.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]
    assert kinds <= {one["spec"]["names"]["kind"] for one in definitions}, "crds.keep"
