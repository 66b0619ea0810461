"""The Kustomize base, rendered by kubectl and applied to a real API server: it is let in, and its rights suffice."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import Operator, OperatorProcess
from tests.support.user import Body, User

from zilliz_jobs import __version__
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import PROJECT

pytestmark = pytest.mark.controlplane

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "kustomize"
ACCOUNT = "zilliz-jobs-operator"
DIGEST = f"sha256:{'0' * 64}"


@dataclass(frozen=True)
class Applied:
    namespace: str
    objects: list[Body]

    def one(self, kind: str) -> Body:
        (found,) = [body for body in self.objects if body["kind"] == kind]
        return found

    @property
    def container(self) -> Body:
        found: Body = self.one("Deployment")["spec"]["template"]["spec"]["containers"][0]
        return found


@pytest.fixture(scope="module")
def applied(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Applied:
    """By an overlay as a user writes it: a namespace of its own, and an image with its digest."""
    namespace = f"overlay-{secrets.token_hex(4)}"
    overlay = tmp_path_factory.mktemp("overlay")
    (overlay / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "namespace": namespace,
                "resources": [os.path.relpath(BASE, overlay.resolve())],
                "images": [{"name": ACCOUNT, "newName": "mine/operator", "digest": DIGEST}],
            }
        )
    )
    rendered = cluster.kubectl("kustomize", str(overlay)).stdout
    cluster.kubectl("apply", "--server-side", "-f", "-", input=rendered)
    return Applied(namespace, list(yaml.safe_load_all(rendered)))


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, applied: Applied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An operator with the rights of the base."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    settings = {"leader_elect": True, "lease_namespace": applied.namespace}
    kubeconfig = cluster.kubeconfig_for(applied.namespace, ACCOUNT)
    operator = OperatorProcess(cluster, log, kubeconfig=kubeconfig, **settings)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()
    # What earlier modules left may be in namespaces that end, where nobody may write.
    lines = [line for line in operator.said().splitlines() if "being terminated" not in line]
    assert not [line for line in lines if "forbidden" in line.lower()], operator.log_tail()


def test_a_job_and_a_page_live_with_the_rights_of_the_base(user: User, cloud: Cloud) -> None:
    """Else whoever applies it would see jobs that never move."""
    user.connect(cloud, console=True)
    cloud.ask(lambda sim: sim.clock.set_speed(1))  # the end is told by the cloud's clock, which must not run ahead
    cloud.next_job("IMPORT", pending_seconds=0, run_seconds=1)
    films = user.importing(cloud, ttlSecondsAfterFinished=0)
    films.until_told("Successful")
    films.until_gone()
    cloud.slow()
    movies = user.backup(cloud, deletionPolicy="Cancel")  # which takes a finalizer
    movies.until_submitted()
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    page.until("is listed", lambda s: s.get("reason") == "Listed" and s["shown"] == s["jobs"] > 0)
    movies.delete()
    movies.until_gone()


def test_its_rights_are_the_least_that_suffice(applied: Applied) -> None:
    """One more, and a leaked token would open more than the operator needs; a new kind must be added."""
    every = {resource.plural for resource in RESOURCES}
    jobs = every - {"zillizconnections", "jobcenters", "projectjobs", "jobschedules"}
    held = {"backupjobs", "exportjobs", "migrationjobs", "clonecollectionjobs"}
    assert rights(applied.one("ClusterRole")) == {
        *((GROUP, plural, verb) for plural in every for verb in ("get", "list", "watch")),
        *((GROUP, f"{plural}/status", "patch") for plural in every),
        *((GROUP, plural, "patch") for plural in held),
        *((GROUP, plural, "delete") for plural in jobs | {"projectjobs"}),
        *((GROUP, plural, "create") for plural in jobs | {"projectjobs"}),
        *(("", "secrets", verb) for verb in ("get", "create", "patch")),
        ("", "events", "create"),
    }
    lease = f"leases/{ACCOUNT}"
    assert rights(applied.one("Role")) == {
        ("coordination.k8s.io", "leases", "create"),
        *(("coordination.k8s.io", lease, verb) for verb in ("get", "update")),
    }


def rights(role: Body) -> set[tuple[str, str, str]]:
    """Group, resource with the name that it is bound to, verb."""
    return {
        (group, f"{resource}/{name}" if name else resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
        for verb in rule["verbs"]
    }


def test_its_pod_is_let_into_a_namespace_of_the_restricted_standard(cluster: ControlPlane, applied: Applied) -> None:
    """A Deployment is accepted whatever its pods are; then no pod is ever made, and only a ReplicaSet says why."""
    labels = applied.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    template = applied.one("Deployment")["spec"]["template"]
    for worse, wanted in ({}, True), ({"readOnlyRootFilesystem": False}, True), ({"capabilities": {}}, False):
        pod = json.loads(json.dumps({"apiVersion": "v1", "kind": "Pod", **template}))
        pod["metadata"]["name"] = "operator"
        pod["spec"]["containers"][0]["securityContext"] |= worse
        done = cluster.kubectl(
            "-n", applied.namespace, "create", "--dry-run=server", "-f", "-", input=json.dumps(pod), check=False
        )
        assert (done.returncode == 0) is wanted, done.stderr
    assert applied.container["securityContext"]["readOnlyRootFilesystem"]


def test_the_overlay_names_the_image_and_the_base_that_of_this_version(applied: Applied) -> None:
    assert applied.container["image"] == f"mine/operator@{DIGEST}"
    (deployment,) = yaml.safe_load_all((BASE / "deployment.yaml").read_text())
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == f"{ACCOUNT}:{__version__}"
