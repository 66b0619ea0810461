"""The chart on a control plane: installed by helm, and what the operator under test takes from it.

There is no kubelet, so the tests play it: they start what the containers would run, with the containers' environment
and a token of the pods' service account.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.support.controlplane import ControlPlane

Body = dict[str, Any]
CHART = Path(__file__).parents[2] / "charts" / "zilliz-jobs-operator"
HERE = {"crds": {"install": False}}
"""The control plane of the tests has our definitions already."""


@dataclass(frozen=True)
class Release:
    """One release of the chart. `namespaces`: those that it works in; none: all."""

    cluster: ControlPlane
    name: str
    namespace: str
    manifests: list[Body]
    kubeconfig: Path
    namespaces: tuple[str, ...] = ()

    def one(self, kind: str, name: str = "") -> Body:
        (found,) = (m for m in self.manifests if m["kind"] == kind and name in ("", m["metadata"]["name"]))
        return found

    @property
    def account(self) -> str:
        """The service account's name as a user of Kubernetes."""
        return f"system:serviceaccount:{self.namespace}:{pod_of(self.one('Deployment'))['serviceAccountName']}"

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.one("Deployment"))

    @property
    def arguments(self) -> list[str]:
        found: list[str] = container_of(self.one("Deployment"))["args"]
        return found


def install(cluster: ControlPlane, namespace: str, *, namespaces: Sequence[str] = (), **values: Any) -> Release:
    """`helm install` into a namespace that is made for it."""
    name = f"jobs-{secrets.token_hex(3)}"
    given = json.dumps(HERE | {"watchNamespaces": [*namespaces]} | values)
    flags = ("-n", namespace, "--create-namespace", "-f", "-")
    done = cluster.run_helm("install", name, str(CHART), *flags, "-o", "json", input=given)
    return _release(cluster, name, namespace, tuple(namespaces), json.loads(done.stdout)["manifest"])


def installed(cluster: ControlPlane, name: str, namespace: str, namespaces: tuple[str, ...] = ()) -> Release:
    """The release as it is now, with a token of its service account."""
    text = cluster.run_helm("get", "manifest", name, "-n", namespace).stdout
    return _release(cluster, name, namespace, namespaces, text)


def _release(cluster: ControlPlane, name: str, namespace: str, namespaces: tuple[str, ...], text: str) -> Release:
    manifests = [body for body in yaml.safe_load_all(text) if body]
    (deployment,) = (body for body in manifests if body["kind"] == "Deployment")
    account = pod_of(deployment)["serviceAccountName"]
    return Release(cluster, name, namespace, manifests, cluster.kubeconfig_for(namespace, account), namespaces)


def pod_of(workload: Body) -> Body:
    pod: Body = workload["spec"]["template"]["spec"]
    return pod


def container_of(workload: Body) -> Body:
    (container,) = pod_of(workload)["containers"]
    found: Body = container
    return found


def environment_of(workload: Body) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container_of(workload)["env"]}


class Audit:
    """What one user asked the API server for. The log is read on from where it was left."""

    def __init__(self, cluster: ControlPlane, user: str, *, from_now: bool = False) -> None:
        self._log, self._user = cluster.audit_log, user
        self._at = self._log.stat().st_size if from_now and self._log.exists() else 0
        self._entries: list[Body] = []

    def entries(self) -> list[Body]:
        with self._log.open("rb") as log:
            log.seek(self._at)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        mine = (json.loads(line) for line in whole.splitlines() if self._user.encode() in line)
        self._entries += [entry for entry in mine if entry["user"]["username"] == self._user]
        return self._entries


def is_forbidden(entry: Body) -> bool:
    return bool(entry.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid")
