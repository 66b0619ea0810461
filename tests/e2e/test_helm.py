"""The life of the chart on a real API server with helm 4: installed, upgraded, uninstalled; nothing left hangs."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.charted import CHART, Release, installed
from tests.support.cloud import Cloud
from tests.support.controlplane import Binaries, ControlPlane, ControlPlaneError, control_plane
from tests.support.everykind import ROWS
from tests.support.kubelet import kubelet
from tests.support.operators import OperatorProcess
from tests.support.published import until_published
from tests.support.rights import Deeds, granted
from tests.support.stirring import stirred
from tests.support.user import Job, User, manifest, secret

from zilliz_jobs import __version__
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.kinds import JOB_KINDS

pytestmark = pytest.mark.controlplane

FINALIZER = "jobs.zilliz.com/cleanup"
NAME = "jobs"
CRDS = [resource.crd_name for resource in RESOURCES]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GONE_SECONDS = 180.0  # fourteen definitions, one after the other, on a busy machine


@pytest.fixture(scope="module")
def cluster(cluster_binaries: Binaries, helm_binary: Path) -> Iterator[ControlPlane]:
    """A control plane without our definitions: the chart brings them, and takes them away."""
    with control_plane(binaries=cluster_binaries) as plane:
        yield plane


@pytest.fixture(scope="module")
def place() -> str:
    """The namespace of all these releases, one after the other: the next one takes over what definitions are left."""
    return f"home-{secrets.token_hex(4)}"


@pytest.fixture
def home(cluster: ControlPlane, place: str) -> Iterator[str]:
    """A namespace for the release, which does not outlast the test."""
    yield place
    if cluster.client.get(f"/api/v1/namespaces/{place}/secrets", labelSelector="owner=helm")["items"]:  # it failed
        cluster.run_helm("uninstall", NAME, "-n", place, "--no-hooks")


@pytest.fixture
def no_definitions(cluster: ControlPlane) -> None:
    paths = [f"{DEFINITIONS}/{name}" for name in CRDS]
    for path in paths:
        cluster.client.call("DELETE", path)
    deadline = time.monotonic() + GONE_SECONDS
    while any(map(cluster.client.get, paths)):
        assert time.monotonic() < deadline, "the definitions do not go"
        time.sleep(0.2)


@pytest.fixture
def namespace(cluster: ControlPlane, home: str) -> str:
    """Where the jobs are."""
    name = f"team-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name)
    return name


@pytest.fixture
def old_chart(tmp_path: Path) -> Path:
    """The chart as an earlier release may have been: a field of a record and a kind are not there yet."""
    chart = tmp_path / "old" / CHART.name
    shutil.copytree(CHART, chart)
    (chart / "files/crds/samplecollectionjobs.yaml").unlink()
    file = chart / "files/crds/backupjobs.yaml"
    crd = yaml.safe_load(file.read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    del schema["properties"]["status"]["properties"]["submission"]["properties"]["baseline"]
    file.write_text(yaml.safe_dump(crd, sort_keys=False))
    meta = chart / "Chart.yaml"
    meta.write_text(meta.read_text().replace(f"ersion: {__version__}", "ersion: 0.0.9"))
    return chart


def helm(cluster: ControlPlane, home: str, verb: str, *args: str, **values: Any) -> str:
    flags = ("--create-namespace",) if verb == "install" else ()
    given = ("-f", "-") if verb != "uninstall" else ()
    done = cluster.run_helm(verb, NAME, *args, "-n", home, *flags, *given, input=json.dumps(values))
    return done.stdout


def operator_of(release: Release, log: Path) -> OperatorProcess:
    return OperatorProcess(release.cluster, log, release=release, log_format="text")


def run_jobs(user: User, cloud: Cloud) -> list[Job]:
    """Two that run for as long as any test lasts; the operator holds one of them."""
    cloud.slow()
    jobs = [user.backup(cloud, deletionPolicy="Cancel"), user.importing(cloud)]
    for job in jobs:
        job.until_submitted()
    assert jobs[0].body()["metadata"]["finalizers"] == [FINALIZER]
    return jobs


def left_of_the_chart(cluster: ControlPlane) -> list[str]:
    """Whatever carries the release's label, of the kinds that the chart makes."""
    text = cluster.run_helm("template", str(CHART), "--set", "crds.install=false").stdout
    made = {body["kind"] for body in yaml.safe_load_all(text) if body}
    kinds = ",".join({*made, "CustomResourceDefinition", "Pod", "Secret", "ConfigMap"})
    label = f"app.kubernetes.io/instance={NAME}"
    return cluster.kubectl("get", kinds, "-A", "-l", label, "-o", "name", "--ignore-not-found").stdout.split()


def largest_record(cluster: ControlPlane, home: str) -> int:
    """Bytes of helm's record of a release. All definitions are in it twice."""
    found = cluster.kubectl("-n", home, "get", "secret", "-l", "owner=helm", "-o", "json")
    return max(len(base64.b64decode(record["data"]["release"])) for record in json.loads(found.stdout)["items"])


def test_from_an_old_release_over_an_upgrade_to_its_end(
    cluster: ControlPlane,
    no_definitions: None,
    home: str,
    namespace: str,
    cloud: Cloud,
    old_chart: Path,
    log_file: Path,
) -> None:
    """Else an upgrade would leave old definitions behind, or an uninstall namespaces that hang for ever."""
    values: dict[str, Any] = {
        "settings": {"allowHttpEndpoints": True},
        "connections": {
            "default": {
                "namespace": namespace,
                "spec": {"endpoint": cloud.url, "credentialsSecretRef": {"name": "zilliz-api-key"}},
            }
        },
    }
    notes = helm(cluster, home, "install", str(old_chart), **values)
    assert "NOT MADE YET: the connections and jobs of your values" in notes
    until_published(cluster, lambda schemas: "BackupJob" in schemas and "SampleCollectionJob" not in schemas)

    notes = helm(cluster, home, "upgrade", str(CHART), **values)
    assert "NOT MADE YET" not in notes
    assert largest_record(cluster, home) < 512 * 1024, "one mebibyte is where a Secret is refused"
    until_published(cluster, lambda schemas: "SampleCollectionJob" in schemas and "baseline" in str(schemas))

    release = installed(cluster, NAME, home)
    operator = operator_of(release, log_file)
    user = User(cluster, namespace, operator)
    try:
        user.apply(secret("zilliz-api-key", apiKey=cloud.key), secret("bucket", accessKey="AK", secretKey="SK"))
        operator.start()
        jobs = run_jobs(user, cloud)
        with kubelet(cluster, home, operator) as node:
            helm(cluster, home, "uninstall")
        assert not operator.runs, "it was stopped before its objects were freed"
        (said,) = node.said
        assert said.startswith("exit 0")
        assert "may still run" in said
        assert all(job.status()["state"] == "InProgress" for job in jobs)
        assert jobs[0].body()["metadata"].get("finalizers") is None
        kept = sorted(f"customresourcedefinition.apiextensions.k8s.io/{name}" for name in CRDS)
        assert sorted(left_of_the_chart(cluster)) == kept
        assert cluster.run_helm("list", "-A", "-q").stdout == ""
        assert cloud.effects("cancel") == [], "an uninstall is no reason to cancel what runs in the cloud"
        cluster.kubectl("delete", "namespace", namespace, f"--timeout={GONE_SECONDS:g}s")
        operator.require_clean_log()
    finally:
        user.close()
        operator.close()


def test_an_uninstall_that_takes_the_definitions_takes_their_objects(
    cluster: ControlPlane, home: str, namespace: str, cloud: Cloud, log_file: Path
) -> None:
    """Else the definitions, and helm, would wait for objects that wait for an operator that is gone."""
    values = {"watchNamespaces": [namespace], "crds": {"keep": False}, "settings": {"allowHttpEndpoints": True}}
    helm(cluster, home, "install", str(CHART), **values)
    until_published(cluster, lambda schemas: "BackupJob" in schemas)
    operator = operator_of(installed(cluster, NAME, home, (namespace,)), log_file)
    user = User(cluster, namespace, operator)
    try:
        operator.start()
        user.connect(cloud)
        run_jobs(user, cloud)
        with kubelet(cluster, home, operator):
            helm(cluster, home, "uninstall", "--wait", "--timeout=60s")
        assert cluster.kubectl("get", "crd", "-o", "name").stdout == ""
        assert left_of_the_chart(cluster) == []
    finally:
        user.close()
        operator.close()


@pytest.mark.parametrize("where", ["in all namespaces", "in one namespace"])
def test_the_hook_uses_every_right_that_it_is_given(
    cluster: ControlPlane, home: str, namespace: str, where: str
) -> None:
    """It may change every job of a cluster, for a minute: no more than that."""
    watched = [namespace] if where == "in one namespace" else []
    helm(cluster, home, "install", str(CHART), watchNamespaces=watched)
    until_published(cluster, lambda schemas: "BackupJob" in schemas)
    hooks = [h for h in yaml.safe_load_all(cluster.run_helm("get", "hooks", NAME, "-n", home).stdout) if h]
    assert {hook["metadata"]["annotations"]["helm.sh/hook"] for hook in hooks} == {"pre-delete"}
    (account,) = (hook["metadata"]["name"] for hook in hooks if hook["kind"] == "ServiceAccount")
    deeds = Deeds(cluster, f"system:serviceaccount:{home}:{account}", NAME, from_now=True)
    user = User(cluster, namespace, None)  # type: ignore[arg-type]
    held = [kind.resource.kind for kind in JOB_KINDS if kind.traits.can_cancel or kind.traits.cleanup]
    specs = {row.manifest["kind"]: row.manifest["spec"] for row in ROWS}
    many = [f"held-{number:02}" for number in range(12)]  # so that the last one has changed since it was listed
    user.apply(*(manifest(kind, name, specs[kind], finalizers=[FINALIZER]) for kind in held for name in many))
    last = [Job(user, kind, many[-1]) for kind in held]
    with (
        kubelet(cluster, home) as node,
        stirred(
            cluster,
            lambda: [job.path for job in last if job.kind in deeds.unread(held)],
            lambda turn: {"metadata": {"labels": {"turn": str(turn)}}},
        ),
    ):
        helm(cluster, home, "uninstall")
    user.close()
    assert granted(hooks, "release-finalizers") <= deeds.used(), node.said
    assert deeds.forbidden() == []


def test_a_hook_that_fails_stops_the_uninstall_and_there_is_a_way_back(
    cluster: ControlPlane, home: str, namespace: str
) -> None:
    """Else the operator would be gone, and nobody would know that its objects hang."""
    deployment = ("-n", home, "deployment", f"{NAME}-zilliz-jobs-operator")
    helm(cluster, home, "install", str(CHART), rbac={"create": False})
    until_published(cluster, lambda schemas: "BackupJob" in schemas)
    cluster.kubectl("scale", *deployment, "--replicas=0")  # as far as it came
    failed = pytest.raises(ControlPlaneError, match=r"uninstall not ready\. status: Failed")
    with kubelet(cluster, home) as node, failed:
        helm(cluster, home, "uninstall")
    assert "cannot PATCH /apis/apps/v1" in node.said[0]
    cluster.run_helm("rollback", NAME, "1", "-n", home, "--force-conflicts")
    assert cluster.kubectl("get", *deployment, "-o", "jsonpath={.spec.replicas}").stdout == "1"
    helm(cluster, home, "uninstall", "--no-hooks")


def test_definitions_that_somebody_applied_are_taken_over_where_that_is_said(
    cluster: ControlPlane, no_definitions: None, home: str
) -> None:
    """Else who began with kubectl could never go on with helm."""
    cluster.kubectl("apply", "-f", str(CHART / "files/crds"))
    with pytest.raises(ControlPlaneError, match="invalid ownership metadata"):
        helm(cluster, home, "install", str(CHART))
    forced = ["--force-conflicts"] if cluster.version() < (1, 31) else []  # it drops a field of what it compares
    helm(cluster, home, "install", str(CHART), "--take-ownership", *forced)
    helm(cluster, home, "uninstall", "--no-hooks")
