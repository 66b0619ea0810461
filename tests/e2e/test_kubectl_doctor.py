"""`kubectl zilliz doctor` on a real API server: each thing that keeps jobs from going on is found, with what to do.

CRDs that are missing or old: `tests/wire/kubectl/test_doctor.py`, since those of a session are shared here.
"""

from __future__ import annotations

import secrets
import socket

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.person import zilliz
from tests.support.user import Body, User, connection, manifest, secret

pytestmark = pytest.mark.controlplane
OPERATOR = "zilliz-jobs"


@pytest.fixture
def home(cluster: ControlPlane) -> str:
    """A namespace for an operator whose objects the tests make by hand."""
    name = f"home-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name)
    return name


def doctored(cluster: ControlPlane, user: User, home: str) -> str:
    """What it says; there is always a problem in these tests, and the exit code says so."""
    seen = zilliz(cluster, cluster.kubeconfig, "doctor", "-n", user.namespace, "--operator-namespace", home)
    assert "Traceback" not in seen.stderr
    assert seen.returncode == 1, seen.stdout + seen.stderr
    return "\n".join(line for line in seen.stdout.splitlines() if line.startswith("PROBLEM"))


def deployed(cluster: ControlPlane, home: str, *, ready: int) -> None:
    labels = {"app.kubernetes.io/part-of": "zilliz-jobs", "app.kubernetes.io/component": "operator"}
    env = [{"name": "ZILLIZ_JOBS_LEASE_NAME", "value": OPERATOR}]
    pod = {"serviceAccountName": "nobody", "containers": [{"name": "operator", "image": "none", "env": env}]}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}}
    spec["template"] = {"metadata": {"labels": labels}, "spec": pod}
    body: Body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": OPERATOR, "labels": labels}}
    where = f"/apis/apps/v1/namespaces/{home}/deployments"
    cluster.client.call("POST", where, body | {"spec": spec}).ok()
    status = {"status": {"replicas": 1, "readyReplicas": ready, "availableReplicas": ready}}
    cluster.client.call("PATCH", f"{where}/{OPERATOR}/status", status, kind="application/merge-patch+json").ok()


def leased(cluster: ControlPlane, home: str, **spec: object) -> None:
    body: Body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": OPERATOR}}
    where = f"/apis/coordination.k8s.io/v1/namespaces/{home}/leases"
    cluster.client.call("POST", where, body | {"spec": {"leaseDurationSeconds": 15, **spec}}).ok()


def test_no_operator(cluster: ControlPlane, user: User, home: str) -> None:
    assert f"no Deployment of the operator in namespace {home}; install the chart" in doctored(cluster, user, home)


def test_no_leader_and_rights_that_the_operator_lacks(cluster: ControlPlane, user: User, home: str) -> None:
    deployed(cluster, home, ready=1)
    said = doctored(cluster, user, home)
    assert f"there is no Lease {home}/{OPERATOR}: no operator leads; kubectl -n {home} logs" in said
    assert f"system:serviceaccount:{home}:nobody" in said
    assert "backupjobs" in said


def test_a_lease_that_nobody_holds(cluster: ControlPlane, user: User, home: str) -> None:
    deployed(cluster, home, ready=1)
    leased(cluster, home, holderIdentity="")
    assert f"Lease {home}/{OPERATOR} has no holder: no operator leads" in doctored(cluster, user, home)


def test_a_watch_that_is_stale_and_a_leader_that_is_cut_off(cluster: ControlPlane, user: User, home: str) -> None:
    """A watch that delivers nothing fails the probe, so the pod is not ready."""
    deployed(cluster, home, ready=0)
    leased(cluster, home, holderIdentity="pod-1", renewTime="2026-01-01T00:00:00.000000Z")
    said = doctored(cluster, user, home)
    assert f"none of 1 pods is ready; kubectl -n {home} describe deployment {OPERATOR}" in said
    assert f"Lease {home}/{OPERATOR} is not renewed any more: its holder pod-1 is gone or cut off" in said


def test_connections_that_cannot_be_used(cluster: ControlPlane, user: User, cloud: Cloud, home: str) -> None:
    """A Secret without its label, a key that the cloud rejects, an address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    user.apply(
        secret("plain", labels={}, apiKey=cloud.key),
        secret("wrong", apiKey="another-key"),
        secret("right", apiKey=cloud.key),
    )
    for name, url, key in (
        ("unlabelled", cloud.url, "plain"),
        ("rejected", cloud.url, "wrong"),
        ("unreachable", nowhere, "right"),
    ):
        spec = connection(url)["spec"] | {"credentialsSecretRef": {"name": key}}
        user.apply(manifest("ZillizConnection", name, spec))
    for name in ("unlabelled", "rejected", "unreachable"):
        user.until(
            f"{name} is judged", lambda name=name: user.connection_condition(name=name).get("status") == "False"
        )
    said = doctored(cluster, user, home)
    here = f"ZillizConnection {user.namespace}"
    assert f"{here}/unlabelled: SecretNotLabelled: " in said
    assert 'jobs.zilliz.com/credentials: "true"' in said
    assert f"{here}/rejected: KeyRejected: " in said
    assert "put a valid key into the connection's Secret" in said
    assert f"{here}/unreachable: CloudUnreachable: " in said
    assert "another-key" not in said
