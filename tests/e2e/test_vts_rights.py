"""What the operator may do with Jobs where the chart enables migrations by VTS, and no more, on a real API server."""

from __future__ import annotations

import copy
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.charted import Body, Release, install
from tests.support.controlplane import ControlPlane
from tests.support.person import zilliz
from tests.support.rights import may
from tests.unit.kinds.vts.specs import postgres

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.kinds.migrations.vts.manifests import Owner, config_secret, worker_job

pytestmark = pytest.mark.controlplane

DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"registry.test/vts@{DIGEST}"
VALUES = {"vts": {"enabled": True, "image": {"repository": "registry.test/vts", "digest": DIGEST}}}
KUSTOMIZE = Path(__file__).parents[2] / "deploy" / "kustomize"
DEEDS = [("jobs.batch", verb) for verb in ("get", "create", "patch", "delete")] + [
    ("pods", "list"),
    ("events", "list"),
]
TOO_MUCH = [
    ("jobs.batch", "list"),
    ("jobs.batch", "update"),
    ("pods", "get"),
    ("pods/log", "get"),
    ("pods", "create"),
]
OBJECT: Body = {
    "apiVersion": API_VERSION,
    "kind": "MigrationJob",
    "metadata": {"name": "from-postgresql"},
    "spec": postgres().wire(),
}
UIDS: dict[str, str] = {}
"""Of the objects, by namespace."""
START = '{"metadata":{"ownerReferences":null},"spec":{"suspend":false}}'
SOON = 20.0
"""Seconds within which an API server acts by a policy that was just made."""


@pytest.fixture(scope="module")
def strict(cluster: ControlPlane) -> str:
    """A namespace in which migrations may run, for restricted pods only."""
    name = f"vts-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name, {"pod-security.kubernetes.io/enforce": "restricted"})
    cluster.kubectl("create", "-n", name, "-f", "-", input=json.dumps(OBJECT))
    made = cluster.client.get(f"/apis/{API_VERSION}/namespaces/{name}/migrationjobs/{OBJECT['metadata']['name']}")
    UIDS[name] = made["metadata"]["uid"]
    return name


@pytest.fixture(scope="module")
def enabled(cluster: ControlPlane, helm_binary: object, strict: str) -> Iterator[Release]:
    release = install(cluster, f"home-{secrets.token_hex(4)}", namespaces=[strict], migrations=VALUES)
    bad = job(strict) | {"spec": job(strict)["spec"] | {"parallelism": 2}}
    until(lambda: "one pod, once" in create(release, bad).stderr)
    yield release
    cluster.run_helm("uninstall", release.name, "-n", release.namespace, "--no-hooks")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def job(namespace: str, token: str = "") -> Body:
    """As the operator makes it; of an object that is there, since Kubernetes removes what an absent one owns."""
    owner = Owner(namespace, OBJECT["metadata"]["name"], UIDS[namespace])
    return worker_job(owner, token or secrets.token_hex(16), 0, image=IMAGE)


def create(release: Release, body: Body) -> subprocess.CompletedProcess[str]:
    """With the rights of the operator."""
    return release.cluster.kubectl(
        "create", "-f", "-", input=json.dumps(body), check=False, kubeconfig=release.kubeconfig
    )


def pod(body: Body) -> Body:
    found: Body = body["spec"]["template"]["spec"]
    return found


def container(body: Body) -> Body:
    found: Body = pod(body)["containers"][0]
    return found


def test_the_rights_are_there_in_the_named_namespaces_and_nowhere_else(
    cluster: ControlPlane, enabled: Release
) -> None:
    (there,) = enabled.namespaces
    until(lambda: may(cluster, enabled.account, "create", "jobs.batch", namespace=there))
    for what, verb in DEEDS:
        assert may(cluster, enabled.account, verb, what, namespace=there), (verb, what)
        assert not may(cluster, enabled.account, verb, what, namespace="default"), (verb, what)
    for what, verb in TOO_MUCH:
        assert not may(cluster, enabled.account, verb, what, namespace=there), (verb, what)


def test_without_the_engine_there_is_none_of_them(cluster: ControlPlane, cluster_wide: Release) -> None:
    for what, verb in DEEDS:
        assert not may(cluster, cluster_wide.account, verb, what, namespace="default"), (verb, what)


def test_a_run_goes_through_all_its_requests(cluster: ControlPlane, enabled: Release, strict: str) -> None:
    """A policy that refused one of them would be an engine that nobody can use."""
    client, run = cluster.new_client(), job(strict)
    try:
        made = create(enabled, run)
        assert made.returncode == 0, made.stderr
        where = f"/apis/batch/v1/namespaces/{strict}/jobs/{run['metadata']['name']}"
        there = client.get(where)
        assert create(enabled, config_secret(there, "{}")).returncode == 0
        assert "AlreadyExists" in create(enabled, run).stderr, "the name tells a second creation"
        name = run["metadata"]["name"]
        as_operator = ("-n", strict, "--kubeconfig", str(enabled.kubeconfig))
        cluster.kubectl(*as_operator, "patch", "job", name, "--type=merge", "-p", START)
        started = client.get(where)
        assert (started["spec"]["suspend"], started["metadata"].get("ownerReferences")) == (False, None)
        cluster.kubectl(*as_operator, "delete", "job", name, "--cascade=foreground", "--wait=false")
        until(lambda: client.call("GET", where).status == 404)
        secret = f"/api/v1/namespaces/{strict}/secrets/{name}"
        until(lambda: client.call("GET", secret).status == 404)
    finally:
        client.close()


WORSE: dict[str, tuple[Callable[[Body], object], str]] = {
    "another image": (lambda j: container(j).update(image="registry.test/shell@" + DIGEST), "installed with"),
    "the image by a tag": (lambda j: container(j).update(image="registry.test/vts:1"), "installed with"),
    "another command": (lambda j: container(j).update(command=["sh", "-c", "id"]), "installed with"),
    "no command": (lambda j: container(j).pop("command"), "installed with"),
    "arguments": (lambda j: container(j).update(args=["-c", "id"]), "installed with"),
    "a hook": (
        lambda j: container(j).update(lifecycle={"postStart": {"exec": {"command": ["id"]}}}),
        "installed with",
    ),
    "a probe that runs a program": (
        lambda j: container(j).update(livenessProbe={"exec": {"command": ["id"]}}),
        "installed with",
    ),
    "a second container": (
        lambda j: pod(j)["containers"].append(container(j) | {"name": "two"}),
        "installed with",
    ),
    "a container before": (
        lambda j: pod(j).update(initContainers=[container(j) | {"name": "two"}]),
        "installed with",
    ),
    "a service account": (lambda j: pod(j).update(serviceAccountName="default"), "no service account"),
    "a token of the account": (lambda j: pod(j).update(automountServiceAccountToken=True), "no service account"),
    "the account that is there by default": (
        lambda j: pod(j).pop("automountServiceAccountToken"),
        "no service account",
    ),
    "a folder of the node": (
        lambda j: pod(j)["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
        "no other Secret",
    ),
    "a Secret of others": (
        lambda j: pod(j)["volumes"].append({"name": "other", "secret": {"secretName": "zilliz-cloud"}}),
        "no other Secret",
    ),
    "a token as a volume": (
        lambda j: pod(j)["volumes"].append(
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
        ),
        "no other Secret",
    ),
    "a Secret in the environment": (
        lambda j: container(j)["env"].append(
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "zilliz-cloud", "key": "apiKey"}}}
        ),
        "no other Secret",
    ),
    "all of a Secret in the environment": (
        lambda j: container(j).update(envFrom=[{"secretRef": {"name": "zilliz-cloud"}}]),
        "no other Secret",
    ),
    "the network of the node": (lambda j: pod(j).update(hostNetwork=True), "shares nothing with its node"),
    "the processes of the node": (lambda j: pod(j).update(hostPID=True), "shares nothing with its node"),
    "a chosen node": (lambda j: pod(j).update(nodeName="control-plane"), "shares nothing with its node"),
    "a port of the node": (
        lambda j: container(j).update(ports=[{"containerPort": 8080, "hostPort": 8080}]),
        "shares nothing with its node",
    ),
    "a pod that may be root": (
        lambda j: pod(j)["securityContext"].pop("runAsNonRoot"),
        "is restricted, and not root",
    ),
    "no seccomp": (
        lambda j: pod(j)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        "is restricted, and not root",
    ),
    "more privileges than at the start": (
        lambda j: container(j)["securityContext"].update(allowPrivilegeEscalation=True),
        "has no privileges",
    ),
    "a capability": (
        lambda j: container(j)["securityContext"].update(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        "has no privileges",
    ),
    "an image that can be written": (
        lambda j: container(j)["securityContext"].update(readOnlyRootFilesystem=False),
        "has no privileges",
    ),
    "a second run": (lambda j: j["spec"].update(backoffLimit=1), "one pod, once"),
    "a pod that is started again": (lambda j: pod(j).update(restartPolicy="OnFailure"), "never started again"),
    "a pod outside of the network policy": (
        lambda j: j["spec"]["template"]["metadata"]["labels"].pop("jobs.zilliz.com/worker"),
        "never started again",
    ),
}


@pytest.mark.parametrize("case", WORSE)
def test_a_leaked_token_cannot_make_another_pod(enabled: Release, strict: str, case: str) -> None:
    """In a namespace without a pod security standard, too: the policy alone refuses it."""
    change, said = WORSE[case]
    body = copy.deepcopy(job(strict))
    if case == "a pod that is started again":
        del body["spec"]["podFailurePolicy"]  # Kubernetes itself allows it with Never only
    change(body)
    done = create(enabled, body)
    assert done.returncode != 0, case
    assert "ValidatingAdmissionPolicy" in done.stderr
    assert said in done.stderr, done.stderr


def test_what_others_made_is_out_of_its_reach(cluster: ControlPlane, enabled: Release, strict: str) -> None:
    """Else a token could end the jobs of a whole namespace, or relabel one of them to be its own."""
    theirs = job(strict)
    theirs["metadata"]["name"] = f"theirs-{secrets.token_hex(4)}"
    del theirs["spec"]["template"]["metadata"]["labels"]["jobs.zilliz.com/worker"]
    cluster.kubectl("create", "-f", "-", input=json.dumps(theirs))
    as_operator = ("-n", strict, "--kubeconfig", str(enabled.kubeconfig))
    labelled = '{"spec":{"template":{"metadata":{"labels":{"jobs.zilliz.com/worker":"migration"}}}}}'
    for deed in (
        ("delete", "job", theirs["metadata"]["name"], "--wait=false"),
        ("patch", "job", theirs["metadata"]["name"], "--type=merge", "-p", '{"spec":{"suspend":false}}'),
        ("patch", "job", theirs["metadata"]["name"], "--type=merge", "-p", labelled),
    ):
        done = cluster.kubectl(*as_operator, *deed, check=False)
        assert done.returncode != 0, deed
        assert "this Job is not one of the operator" in done.stderr, done.stderr


def test_its_own_job_cannot_be_turned_into_another(cluster: ControlPlane, enabled: Release, strict: str) -> None:
    """Of a suspended Job Kubernetes lets labels, nodes and tolerations of the pod be changed."""
    mine = job(strict)
    assert create(enabled, mine).returncode == 0
    as_operator = ("-n", strict, "--kubeconfig", str(enabled.kubeconfig), "patch", "job", mine["metadata"]["name"])
    change = '{"spec":{"template":{"metadata":{"labels":{"jobs.zilliz.com/worker":null}}}}}'
    done = cluster.kubectl(*as_operator, "--type=merge", "-p", change, check=False)
    assert "may start a Job of its own, and change nothing of its pod" in done.stderr


def test_the_component_for_kustomize_is_taken_too(cluster: ControlPlane, strict: str, tmp_path: Path) -> None:
    """By an overlay as docs/vts.md has it; a field that is misspelt would be dropped in silence by an apply."""
    base = os.path.relpath(KUSTOMIZE, tmp_path.resolve())
    made = {"name": "zilliz-jobs-vts", "namespace": "zilliz-jobs-system", "literals": [f"image={IMAGE}"]}
    overlay = {
        "resources": [base],
        "components": [f"{base}/components/vts"],
        "configMapGenerator": [made | {"options": {"disableNameSuffixHash": True}}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    bodies = [*yaml.safe_load_all(cluster.kubectl("kustomize", str(tmp_path)).stdout)]
    (deployment,) = (body for body in bodies if body["kind"] == "Deployment")
    (told,) = (one for one in container(deployment)["env"] if one["name"] == "ZILLIZ_JOBS_VTS_IMAGE")
    assert told["valueFrom"]["configMapKeyRef"] == {"name": made["name"], "key": "image"}
    policies = [body for body in bodies if body["kind"].startswith("ValidatingAdmissionPolicy")]
    assert len(policies) == 2
    text = "\n---\n".join(map(json.dumps, policies))
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=text)
    rest = cluster.kubectl("kustomize", str(KUSTOMIZE / "vts-namespace")).stdout
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-n", strict, "-f", "-", input=rest)


def test_the_policy_leaves_other_people_alone(cluster: ControlPlane, enabled: Release, strict: str) -> None:
    body = job(strict)
    container(body)["image"] = "registry.test/anything:1"
    cluster.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(body))


def test_the_doctor_finds_all_of_it(cluster: ControlPlane, enabled: Release, strict: str) -> None:
    where = ("-n", strict, "--operator-namespace", enabled.namespace)
    seen = zilliz(cluster, cluster.kubeconfig, "doctor", *where)
    found = "\n".join(line for line in seen.stdout.splitlines() if line.startswith("OK"))
    assert f"migrations by VTS are enabled, with the image {IMAGE}" in found, seen.stdout
    assert f"a ValidatingAdmissionPolicy limits the Jobs of {enabled.account} to the pods of the engine" in found
    assert f"{enabled.account} has all rights that the operator needs in {strict}" in found
