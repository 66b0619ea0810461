"""The operator gets by with few rights: what it may not do, a stolen token of it cannot do either."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.e2e.cloud import Cloud
from tests.e2e.controlplane import ControlPlane
from tests.e2e.operators import Operator, OperatorProcess
from tests.e2e.user import PLURALS, Body, User, condition

from zilliz_jobs.api.model import GROUP
from zilliz_local.cloud import PROJECT

pytestmark = pytest.mark.controlplane

NAME = "zilliz-jobs"
RULES = [
    {
        "apiGroups": [GROUP],
        "resources": list(PLURALS.values()),
        "verbs": ["get", "list", "watch", "patch", "delete"],
    },
    {"apiGroups": [GROUP], "resources": ["projectjobs"], "verbs": ["create"]},
    {"apiGroups": [GROUP], "resources": [f"{plural}/status" for plural in PLURALS.values()], "verbs": ["patch"]},
    {
        "apiGroups": [GROUP],
        "resources": [f"{plural}/finalizers" for plural in PLURALS.values()],
        "verbs": ["update"],
    },
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
]
AT_HOME = [
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "resourceNames": ["zilliz-jobs-operator"],
        "verbs": ["get", "update"],
    },
]
"""In the operator's own namespace only."""


def rights(namespace: str) -> list[Body]:
    meta = {"name": NAME}
    api = "rbac.authorization.k8s.io/v1"
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": namespace}},
        {"apiVersion": api, "kind": "ClusterRole", "metadata": meta, "rules": RULES},
        {"apiVersion": api, "kind": "Role", "metadata": meta | {"namespace": namespace}, "rules": AT_HOME},
        {
            "apiVersion": api,
            "kind": "RoleBinding",
            "metadata": meta | {"namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        },
        {
            "apiVersion": api,
            "kind": "ClusterRoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        },
    ]


@pytest.fixture(scope="module")
def operator(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An operator with a token of its own service account."""
    home = "zilliz-jobs-system"
    manifests = {"apiVersion": "v1", "kind": "List", "items": rights(home)}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(manifests))
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    settings = {"leader_elect": True, "lease_namespace": home}
    operator = OperatorProcess(cluster, log, kubeconfig=cluster.kubeconfig_for(home, NAME), **settings)
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()
    # What earlier modules left may be in namespaces that end, where nobody may write.
    lines = [line for line in operator.said().splitlines() if "being terminated" not in line]
    assert not [line for line in lines if "forbidden" in line.lower()], operator.log_tail()


def test_a_full_life_needs_no_more_than_these_rights(user: User, cloud: Cloud) -> None:
    """Else an administrator who grants what the documentation lists would see jobs that never move."""
    user.connect(cloud, console=True)
    cloud.ask(lambda sim: sim.clock.set_speed(1))  # the end is told by the cloud's clock, which must not run ahead
    cloud.next_job("IMPORT", pending_seconds=0, run_seconds=1)
    films = user.importing(cloud, ttlSecondsAfterFinished=0)
    films.until_told("Successful")
    films.until_gone()
    page = user.create("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10})
    page.until("is listed", lambda s: s.get("reason") == "Listed" and s["shown"] == s["jobs"] > 0)
    page.delete()
    cloud.slow()
    movies = user.backup(cloud, deletionPolicy="Cancel")
    movies.until_submitted()
    movies.delete()
    movies.until_gone()
    assert len(cloud.effects("cancel")) == 1


def test_the_password_of_a_new_cluster_finds_its_place_with_these_rights(user: User, cloud: Cloud) -> None:
    """It is told once: without the right to keep it, the cluster would be made and nobody could enter it."""
    user.connect(cloud)
    user.backup(cloud)
    target = {"projectId": PROJECT, "cuSize": 2}
    restore = user.create(
        "RestoreJob", "copy", {"backup": {"backupJobRef": {"name": "movies"}}, "newCluster": target}
    )
    restore.until_ended()
    assert condition(restore.body(), "CredentialsAvailable")["status"] == "True"
    kept = user.read(f"/api/v1/namespaces/{user.namespace}/secrets/copy-credentials")
    assert kept["data"]["password"]
    restore.delete()
    restore.until_gone()
    assert user.read(f"/api/v1/namespaces/{user.namespace}/secrets/copy-credentials") == kept


@pytest.mark.parametrize(
    "deed",
    [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("create", f"backupjobs.{GROUP}"),
        ("get", "configmaps"),
        ("create", "pods"),
        ("list", "namespaces"),
        ("get", "customresourcedefinitions"),
        ("get", "leases.coordination.k8s.io"),
    ],
    ids=" ".join,
)
def test_it_may_not(user: User, operator: Operator, deed: tuple[str, str]) -> None:
    """Else a leaked token of the operator would open more than the operator ever needs."""
    who = f"--as=system:serviceaccount:zilliz-jobs-system:{NAME}"
    user.refused("auth", "can-i", *deed, who, "--quiet")
