"""Argo CD's application controller and repository server at work on the control plane of the tests.

Neither its API server nor its page is there: an Application is applied as any other object is, and its repository
is a folder.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.gitops.kit import CONFIG, KIT
from tests.gitops.programs import ARGO_CRDS, ARGO_SCRIPTS
from tests.gitops.tree import Body, Tree
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.supervise import Reaper, Server, free_ports, is_healthy
from tests.support.published import until_served
from tests.support.user import User

NAMESPACE = "argocd"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
REFRESH = "argocd.argoproj.io/refresh"
RESYNC_SECONDS = 5
START_SECONDS = 90.0
PATIENCE = 150.0
PART_OF = {"app.kubernetes.io/part-of": "argocd"}
GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
AUTHOR = ("-c", "user.name=shop", "-c", "user.email=shop@example.com")


@dataclass(frozen=True)
class ArgoCD:
    cluster: ControlPlane
    controller: Server
    repositories: Server


@contextmanager
def argo_cd(cluster: ControlPlane, program: Path, files: Path, folder: Path) -> Iterator[ArgoCD]:
    """`files`: those of its module that it needs. The kit is put into it as docs/gitops.md says."""
    crds = [word for name in ARGO_CRDS for word in ("-f", str(files / name))]
    cluster.kubectl("apply", "--server-side", *crds)
    until_served(cluster, "argoproj.io/v1alpha1", {"applications", "appprojects", "applicationsets"})
    cluster.client.create_namespace(NAMESPACE)
    for plural, body in _settings():
        group = "/api/v1" if body["apiVersion"] == "v1" else f"/apis/{body['apiVersion']}"
        cluster.client.call("POST", f"{group}/namespaces/{NAMESPACE}/{plural}", body, fieldValidation="Strict").ok()
    cluster.kubectl("-n", NAMESPACE, "patch", "configmap", "argocd-cm", "--patch-file", str(CONFIG))
    redis, served, told, metrics = free_ports(4)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    scripts = str((files / ARGO_SCRIPTS[0]).parent)
    environment = cluster.environment | GIT
    environment |= {
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_APPLICATION_CONTROLLER_REPLICAS": "1",
        "ARGOCD_ASK_PASS_SOCK": "ask-pass.sock",  # in the folder that it works in, not in one of all
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": os.pathsep.join((scripts, os.environ["PATH"])),
    }
    with ExitStack() as stack:
        reaper = Reaper(None)
        stack.callback(reaper.close)

        def start(name: str, ready: Callable[[], bool], *flags: str) -> Server:
            server = Server(name, [str(program), name, *flags], folder, reaper)
            server.start(ready, START_SECONDS, environment)
            stack.callback(server.stop, kill=True)
            return server

        there = f"--redis=127.0.0.1:{redis}"
        start("redis", lambda: _listens(redis), f"--address=127.0.0.1:{redis}")
        repositories = start(
            "repo-server",
            lambda: _listens(served),
            "--address=127.0.0.1",
            f"--port={served}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={told}",
            "--disable-tls",
            "--client-ca-path=",
            there,
        )
        controller = start(
            "controller",
            lambda: is_healthy(metrics, "/healthz"),
            f"--namespace={NAMESPACE}",
            f"--repo-server=127.0.0.1:{served}",
            "--repo-server-plaintext",
            f"--metrics-port={metrics}",
            f"--app-resync={RESYNC_SECONDS}",
            "--app-resync-jitter=0",
            "--persist-resource-health",
            there,
        )
        yield ArgoCD(cluster, controller, repositories)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _settings() -> list[tuple[str, Body]]:
    """What an installation has before the kit is put into it, with the plurals."""

    def one(kind: str, name: str, **more: object) -> Body:
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": PART_OF},
            **more,
        }

    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": NAMESPACE},
        "spec": {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}]},
    }
    return [
        ("configmaps", one("ConfigMap", "argocd-cm")),
        ("configmaps", one("ConfigMap", "argocd-rbac-cm")),
        ("secrets", one("Secret", "argocd-secret", stringData={"server.secretkey": "of-these-tests-only"})),
        ("appprojects", project),
    ]


@dataclass
class Shop:
    """A repository, and the Applications that take from it, each named by the namespace of its test."""

    argo: ArgoCD
    user: User
    tree: Tree

    def name(self, app: str) -> str:
        return f"{self.user.namespace}-{app}"

    def commit(self) -> None:
        git = ("git", "-C", str(self.tree.root))
        environment = os.environ | GIT
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*AUTHOR, "commit", "-qm", "shop")):
            subprocess.run([*git, *words], env=environment, check=True, capture_output=True)

    def application(self, app: str, path: str, *, like: str = "shop", **policy: object) -> None:
        """One like that of the kit's examples, for a folder of the repository."""
        file = KIT / "argocd" / "examples" / "applications.yaml"
        examples = {body["metadata"]["name"]: body for body in yaml.safe_load_all(file.read_text())}
        body = examples[like]
        body["metadata"]["name"] = self.name(app)
        body["spec"]["source"] |= {"repoURL": f"file://{self.tree.root}", "path": path}
        body["spec"]["destination"]["namespace"] = self.user.namespace
        body["spec"]["syncPolicy"] |= policy
        self.argo.cluster.client.call("POST", APPLICATIONS, body, fieldValidation="Strict").ok()

    def clear(self) -> None:
        """The Applications alone: what they applied goes with the namespace."""
        for body in self.argo.cluster.client.get(APPLICATIONS)["items"]:
            if body["metadata"]["name"].startswith(self.name("")):
                self.argo.cluster.client.call("DELETE", f"{APPLICATIONS}/{body['metadata']['name']}").ok()

    def refresh(self, app: str) -> Body:
        """Compares with the repository now; the status after that."""
        path = f"{APPLICATIONS}/{self.name(app)}"
        self.user.merge(path, {"metadata": {"annotations": {REFRESH: "normal"}}}).ok()

        def done() -> Body | None:
            body: Body = self.argo.cluster.client.get(path)
            return None if REFRESH in body["metadata"].get("annotations", {}) else body

        found: Body = self.user.until(f"{app} is compared", done, PATIENCE)
        status: Body = found["status"]
        return status

    def sync(self, app: str) -> None:
        """As `argocd app sync`: a revision whose sync failed is not tried again by itself."""
        self.user.merge(f"{APPLICATIONS}/{self.name(app)}", {"operation": {"sync": {"prune": True}}}).ok()

    def status(self, app: str) -> Body:
        found: Body = self.argo.cluster.client.get(f"{APPLICATIONS}/{self.name(app)}").get("status") or {}
        return found

    def until(self, app: str, what: str, test: Callable[[Body], bool]) -> Body:
        """The status of an Application, once `test` is content with it."""

        def look() -> Body | None:
            status = self.status(app)
            return status if status and test(status) else None

        try:
            found: Body = self.user.until(f"{app} {what}", look, PATIENCE)
        except AssertionError as error:
            told = json.dumps(self.status(app), indent=1)
            raise AssertionError(f"{error}\n--- {app}\n{told}\n{self.argo.controller.tail()}") from None
        return found

    def until_synced(self, app: str) -> Body:
        return self.until(app, "is Synced and Healthy", lambda s: word(s) == ("Synced", "Healthy", "Succeeded"))


def word(status: Body) -> tuple[str, str, str]:
    """Sync, health and the phase of the last operation."""
    return (
        status.get("sync", {}).get("status", ""),
        status.get("health", {}).get("status", ""),
        status.get("operationState", {}).get("phase", ""),
    )


def healths(status: Body) -> dict[tuple[str, str], str]:
    """By kind and name, what Argo CD shows of each resource that stands in Git."""
    return {
        (one["kind"], one["name"]): (one.get("health") or {}).get("status", "")
        for one in status.get("resources") or []
    }
