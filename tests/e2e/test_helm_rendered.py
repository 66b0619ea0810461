"""What the chart renders is taken by a real API server, to the letter, in a namespace that allows the least."""

from __future__ import annotations

import json
import secrets
import ssl
import time
from typing import Any

import pytest
import yaml
from tests.built.chart.test_templates import EVERYTHING
from tests.support.charted import CHART, HERE, Body, Release
from tests.support.controlplane import ControlPlane, ControlPlaneError
from tests.support.rights import may

from zilliz_jobs.cloud.errors import CloudError, Transient
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.transport import Transport

pytestmark = pytest.mark.controlplane

ELSEWHERE = ("ServiceMonitor", "PrometheusRule")
"""Their definitions are those of another operator."""
RBAC = "rbac.authorization.k8s.io"

ACCOUNT = {"cloud": "Global", "credentialsSecretRef": {"name": "zilliz-cloud"}}
WITH_JOBS: dict[str, Any] = {
    "connections": {"default": {"spec": ACCOUNT}},
    "jobs": {"first": {"kind": "BackupJob", "annotations": {"a": "b"}, "spec": {"clusterId": "in01-1"}}},
}
WITH_ENGINE: dict[str, Any] = {
    "watchNamespaces": ["default"],
    "migrations": {
        "vts": {"enabled": True, "image": {"repository": "r.example/vts", "digest": f"sha256:{'a' * 64}"}}
    },
}


@pytest.fixture(scope="module")
def strict(cluster: ControlPlane) -> str:
    """A namespace that takes none but restricted pods."""
    name = f"restricted-{secrets.token_hex(4)}"
    cluster.client.create_namespace(name, {"pod-security.kubernetes.io/enforce": "restricted"})
    return name


def rendered(cluster: ControlPlane, namespace: str, values: dict[str, Any]) -> list[Body]:
    flags = ("-n", namespace, "--api-versions", "jobs.zilliz.com/v1alpha1", "-f", "-")
    text = cluster.run_helm("template", "it", str(CHART), *flags, input=json.dumps(values)).stdout
    return [body for body in yaml.safe_load_all(text) if body and body["kind"] not in ELSEWHERE]


@pytest.mark.parametrize(
    "values",
    [
        {},
        HERE | EVERYTHING | {"watchNamespaces": ["default"]},
        HERE | {"ca": {"secret": "s"}, "proxy": {"https": "http://p:1", "kubernetes": True}},
        HERE | WITH_JOBS,
        HERE | WITH_ENGINE,
    ],
    ids=["as it is", "with everything", "another way to the cloud", "with jobs", "with the engine of migrations"],
)
def test_the_api_server_takes_it(cluster: ControlPlane, strict: str, values: dict[str, Any]) -> None:
    """A misspelt field is dropped in silence by an install, and refused here."""
    bodies = rendered(cluster, strict, values)
    text = "\n---\n".join(map(json.dumps, bodies))
    cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=text)


def test_its_pods_may_run_where_only_restricted_ones_may(cluster: ControlPlane, strict: str) -> None:
    """Many clusters allow no other; a pod that is refused is an operator that never starts."""
    bodies = rendered(cluster, strict, HERE | EVERYTHING)
    templates = [body["spec"]["template"] for body in bodies if body["kind"] in ("Deployment", "Job")]
    assert len(templates) == 2
    for template in templates:
        pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {"name": "it"}}
        assert pod["spec"].pop("priorityClassName")  # there is none of that name outside of the system's namespace
        create = ("-n", strict, "create", "--dry-run=server", "-f", "-")
        cluster.kubectl(*create, input=json.dumps(pod))
        del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
        with pytest.raises(ControlPlaneError, match="violates PodSecurity"):
            cluster.kubectl(*create, input=json.dumps(pod))


@pytest.mark.parametrize(
    ("deed", "allowed"),
    [
        (("view", "list", "projectjobs"), True),
        (("view", "delete", "backupjobs"), False),
        (("edit", "create", "backupjobs"), True),
        (("edit", "patch", "projectjobs"), True),
        (("edit", "create", "zillizconnections"), False),
        (("admin", "create", "zillizconnections"), True),
        (("admin", "patch", "backupjobs/status"), False),
    ],
    ids=str,
)
def test_people_have_the_rights_of_their_role(
    cluster: ControlPlane, cluster_wide: Release, strict: str, deed: tuple[str, str, str], allowed: bool
) -> None:
    role, verb, kind = deed
    plural, _, part = kind.partition("/")
    bound = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": f"{role}-person"}],
    }
    cluster.client.call("POST", f"/apis/{RBAC}/v1/namespaces/{strict}/rolebindings", bound)  # may be there already
    what = f"{plural}.jobs.zilliz.com{f'/{part}' if part else ''}"
    deadline = (
        time.monotonic() + 10
    )  # the authorizer hears of a new binding, and of what a role aggregates, by watches
    while may(cluster, f"{role}-person", verb, what, namespace=strict) is not allowed:
        assert time.monotonic() < deadline, f"{role}: {verb} {what}"
        time.sleep(0.1)


async def test_the_certificates_that_are_mounted_are_those_that_count(
    cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ca` of the values ends in SSL_CERT_FILE: without effect, a company's proxy would cut the operator off."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(cluster.ca_file))
    assert not isinstance(await failure(cluster.url), Transient), "it was reached, and knows no such key"
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    assert "CERTIFICATE_VERIFY_FAILED" in str(await failure(cluster.url))


async def failure(url: str) -> CloudError:
    transport = Transport(url, "no-key", Limiter())
    try:
        with pytest.raises(CloudError) as caught:
            await transport.read("GET", "/api/v1/nodes", doing="look")
    finally:
        await transport.close()
    return caught.value
