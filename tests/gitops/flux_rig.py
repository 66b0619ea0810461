"""Flux's kustomize-controller at work on the control plane of the tests.

Its source-controller is left out: a GitRepository is written by hand, and its artifact is served by the test, as the
controller's own tests do.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from tests.gitops.kit import KIT
from tests.gitops.programs import FLUX_CRD
from tests.gitops.tree import Body, Tree
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.supervise import Reaper, Server, free_ports, is_healthy
from tests.support.published import until_served
from tests.support.user import User, condition

KUSTOMIZATIONS = "kustomize.toolkit.fluxcd.io/v1"
SOURCES = "source.toolkit.fluxcd.io/v1"
SOURCE_KINDS = {"GitRepository": "gitrepositories", "OCIRepository": "ocirepositories", "Bucket": "buckets"}
REQUEST = "reconcile.fluxcd.io/requestedAt"
START_SECONDS = 60.0
PATIENCE = 120.0
WORKERS = 16  # each gate that waits holds one


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: the controller says what it fetched."""


@dataclass(frozen=True)
class Flux:
    """`folder`: what the server of artifacts gives at `url`."""

    cluster: ControlPlane
    folder: Path
    url: str
    server: Server


@contextmanager
def flux(cluster: ControlPlane, program: Path, files: Path, folder: Path) -> Iterator[Flux]:
    crds = ("-f", str(files / FLUX_CRD), "-f", "-")
    cluster.kubectl("apply", "--server-side", *crds, input=_source_crds())
    until_served(cluster, KUSTOMIZATIONS, {"kustomizations"})
    until_served(cluster, SOURCES, set(SOURCE_KINDS.values()))
    cluster.client.create_namespace("flux-system")
    artifacts = folder / "artifacts"
    artifacts.mkdir()
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(artifacts)))
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    health, metrics = free_ports(2)
    command = [
        str(program),
        "--enable-leader-election=false",
        f"--health-addr=127.0.0.1:{health}",
        f"--metrics-addr=127.0.0.1:{metrics}",
        "--requeue-dependency=1s",
        f"--concurrent={WORKERS}",
    ]
    reaper = Reaper(None)
    server = Server("kustomize-controller", command, folder, reaper)

    environment = cluster.environment | {"RUNTIME_NAMESPACE": "flux-system", "TMPDIR": str(folder)}
    try:
        server.start(lambda: is_healthy(health, "/readyz"), START_SECONDS, environment)
        yield Flux(cluster, artifacts, f"http://127.0.0.1:{web.server_port}", server)
    finally:
        server.stop(kill=True)
        reaper.close()
        web.shutdown()
        thread.join()
        web.server_close()


def _source_crds() -> str:
    """The kinds that the controller watches, with no more of a schema than it needs."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    found = []
    for kind, plural in SOURCE_KINDS.items():
        version = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
        spec = {
            "group": SOURCES.partition("/")[0],
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "scope": "Namespaced",
            "versions": [version | {"schema": {"openAPIV3Schema": schema}}],
        }
        meta = {"name": f"{plural}.{spec['group']}"}
        found.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": meta,
                "spec": spec,
            }
        )
    return yaml.safe_dump_all(found)


@dataclass
class Repository:
    """The GitRepository `shop` in a namespace of its own, and the Kustomizations of the kit beside it."""

    flux: Flux
    user: User
    tree: Tree
    _revisions: int = field(default=0, init=False)

    def publish(self) -> None:
        """The tree as it is now becomes a new revision."""
        self._revisions += 1
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(self.tree.root, arcname=".")
        content = packed.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        name = f"{self.user.namespace}-{self._revisions}.tar.gz"
        (self.flux.folder / name).write_bytes(content)
        if self._revisions == 1:
            spec = {"interval": "10m", "url": "https://git.example.com/shop.git"}
            body = {"apiVersion": SOURCES, "kind": "GitRepository", "metadata": {"name": "shop"}, "spec": spec}
            self.flux.cluster.client.call(
                "POST", self._path(SOURCES, "gitrepositories"), body, fieldValidation="Strict"
            ).ok()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": "stored",
            "lastTransitionTime": now,
        }
        artifact = {
            "path": name,
            "url": f"{self.flux.url}/{name}",
            "revision": f"main@sha1:{digest[:40]}",
            "digest": f"sha256:{digest}",
            "size": len(content),
            "lastUpdateTime": now,
        }
        status = {"observedGeneration": 1, "conditions": [ready], "artifact": artifact}
        self.user.merge(self._path(SOURCES, "gitrepositories", "shop/status"), {"status": status}).ok()

    def apply(self, *bodies: Body) -> None:
        for body in bodies:
            self.flux.cluster.client.call(
                "POST", self._path(KUSTOMIZATIONS, "kustomizations"), body, fieldValidation="Strict"
            ).ok()

    def clear(self) -> None:
        """Without a prune: what Flux applied goes with the namespace."""
        for body in self.flux.cluster.client.get(self._path(KUSTOMIZATIONS, "kustomizations"))["items"]:
            path = self._path(KUSTOMIZATIONS, "kustomizations", body["metadata"]["name"])
            self.user.merge(path, {"spec": {"suspend": True, "prune": False}}).ok()
            self.flux.cluster.client.call("DELETE", path).ok()

    def reconcile(self, name: str) -> None:
        """As `flux reconcile`, and waits until that was done."""
        token = secrets.token_hex(4)
        path = self._path(KUSTOMIZATIONS, "kustomizations", name)
        self.user.merge(path, {"metadata": {"annotations": {REQUEST: token}}}).ok()

        def done() -> bool:
            handled: bool = self.body(name).get("status", {}).get("lastHandledReconcileAt") == token
            return handled

        self.user.until(f"{name} was reconciled", done, PATIENCE)

    def body(self, name: str) -> Body:
        found: Body = self.flux.cluster.client.get(self._path(KUSTOMIZATIONS, "kustomizations", name))
        return found

    def ready(self, name: str) -> Body:
        """The condition Ready of a Kustomization."""
        return condition(self.body(name), "Ready")

    def until_ready(self, *names: str) -> None:
        for name in names:
            self._until(name, "True", "ReconciliationSucceeded")

    def until_failed(self, name: str) -> str:
        """Why its health check failed."""
        message: str = self._until(name, "False", "HealthCheckFailed")["message"]
        return message

    def _until(self, name: str, status: str, reason: str) -> Body:
        def look() -> Body | None:
            now = self.ready(name)
            return now if (now.get("status"), now.get("reason")) == (status, reason) else None

        try:
            found: Body = self.user.until(f"{name} is {reason}", look, PATIENCE)
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- {name}\n{self.body(name)}\n{self.flux.server.tail()}") from None
        return found

    def _path(self, version: str, plural: str, name: str = "") -> str:
        return f"/apis/{version}/namespaces/{self.user.namespace}/{plural}{f'/{name}' if name else ''}"


def kustomizations(namespace: str) -> dict[str, Body]:
    """Those of the kit by name, for a namespace."""
    files = sorted((KIT / "flux").glob("*.yaml"))
    found = {
        body["metadata"]["name"]: body for file in files for body in yaml.safe_load_all(file.read_text()) if body
    }
    for body in found.values():
        body["metadata"]["namespace"] = body["spec"]["targetNamespace"] = namespace
    return found
