"""What stands before a run begins: the clusters of the cloud, the connections and the job centre in Kubernetes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.support.operators import QUICK
from tests.support.serving import SOURCE, Plane
from tools.bench.cloud import KEY, Cloud
from tools.bench.kube import ROOT, Kube
from tools.bench.stage import manifest, secret
from tools.chaos.jobs import CONNECTIONS, MOVIES_HOLD, places
from tools.chaos.keeping import LEAVES
from tools.chaos.moving import IMAGE
from tools.chaos.plan import Plan

from zilliz_local.cloud import PROJECT

SETTLE_SECONDS = 2
PACE = {"pendingSeconds": 1, "runSeconds": 4, "secondsPerMillionRows": 0}
JOB_TYPES = ("backup", "restore", "export", "migration", "cloneCollection", "sampleCollection", "import")
SETTINGS: dict[str, Any] = QUICK | {"missing_grace": 30, "retry_cap": 2.0, "connection_check": 10}
LEASE: dict[str, Any] = {
    "leader_elect": True,
    "lease_namespace": "default",
    "lease_duration": 8,
    "lease_renew_deadline": 3,
    "lease_retry_period": 0.5,
}
"""Short, so that the other operator has something to do between two deaths."""
PAGE = "page"
SHOWN = 400
"""Rows of the job centre at most: of a big run, retention leaves some out."""


async def furnish(plan: Plan, cloud: Cloud) -> dict[str, str]:
    """The clusters, and of those that need one the id of a backup."""
    await cloud.ask("PATCH", "/_sim/defaults", {"backup": {"pendingSeconds": 0, "runSeconds": 0}})
    backups = {}
    for place in places(plan.jobs):
        await cloud.ask("PUT", f"/_sim/clusters/{place.cluster_id}", place.fields)
        if place.backed_up:
            path = f"/v2/clusters/{place.cluster_id}/backups/create"
            made = await cloud.ask("POST", "/_sim/rival", {"path": path, "body": {"backupType": "CLUSTER"}})
            backups[place.cluster_id] = made["data"]["backupId"]
    for keeper in plan.keepers:
        fields = {"clusterName": keeper.name, "cuSize": 2, "projectId": PROJECT, "status": "RUNNING"}
        await cloud.ask("PUT", f"/_sim/clusters/{keeper.cluster}", fields | {"collections": MOVIES_HOLD})
    seconds = dict.fromkeys(("suspendSeconds", "resumeSeconds", "modifySeconds"), 4)
    await cloud.ask("PATCH", "/_sim/defaults", dict.fromkeys(JOB_TYPES, PACE) | seconds | {"cancelSeconds": 1})
    return backups


async def connect(kube: Kube, url: str) -> None:
    await kube.create(secret("zilliz-api-key", apiKey=KEY))
    await kube.ask(
        "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": LEAVES}}
    )
    await kube.ask("POST", f"/api/v1/namespaces/{LEAVES}/secrets", secret("zilliz-api-key", apiKey=KEY))
    await kube.create(secret("demo-data-bucket", accessKey="AK", secretKey="SK"))
    await kube.create(secret("source-login", username="u", password="p"))
    await kube.create(secret("source-api-key", apiKey="k"))
    for name, more in CONNECTIONS.items():
        spec = more | {
            "endpoint": url,
            "credentialsSecretRef": {"name": "zilliz-api-key"},
            "submissionSettleSeconds": SETTLE_SECONDS,
            "projectId": PROJECT,
        }
        link = manifest("ZillizConnection", name, spec)
        await kube.create(link)
        await kube.ask("POST", f"{ROOT}/namespaces/{LEAVES}/zillizconnections", link)
    page = {"connectionRef": {"name": "console"}, "intervalSeconds": 10, "retention": {"count": SHOWN}}
    await kube.create(manifest("JobCenter", PAGE, page))


def environment(plane: Plane, config: Path, *, elects: bool, moves: bool) -> dict[str, str]:
    wanted = SETTINGS | ({"vts_image": IMAGE} if moves else {}) | (LEASE if elects else {"leader_elect": False})
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("KUBE", "ZILLIZ_JOBS_"))}
    settings = {f"ZILLIZ_JOBS_{name.upper()}": str(value) for name, value in wanted.items()}
    return clean | settings | {"KUBECONFIG": str(config), "PYTHONPATH": str(SOURCE)}
