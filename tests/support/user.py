"""A user in a namespace of his own, and the job objects that he makes.

He sends what kubectl would send, over one connection, which costs a fiftieth of a process of kubectl. What kubectl
itself does and shows has tests of its own, which call `kubectl`.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.cloud import FILMS, Cloud
from tests.support.controlplane import Answer, ControlPlane
from tests.support.controlplane.client import MERGE
from tests.support.operators import Operator
from tests.support.standin import StandIn

from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resources import RESOURCES

Body = dict[str, Any]
PLURALS = {resource.kind: resource.plural for resource in RESOURCES}
PLURAL_OF = PLURALS | {"Secret": "secrets", "ConfigMap": "configmaps"}
LABEL = {"jobs.zilliz.com/credentials": "true"}
PATIENCE = 90.0
PAUSE = 0.1


class User:
    """`connect` first; then `backup`, `importing` and `job` make objects."""

    def __init__(self, cluster: ControlPlane | StandIn, namespace: str, operator: Operator) -> None:
        self.cluster, self.namespace, self.operator = cluster, namespace, operator
        self._client = cluster.new_client()

    def close(self) -> None:
        self._client.close()

    def clear(self) -> None:
        """Delete what is of our kinds in the namespace, so that an operator of a later test finds nothing to do."""
        for plural in PLURALS.values():
            self._client.delete_all(self.path(plural))

    # -- by kubectl

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """What kubectl prints; a failure raises with what it said."""
        return self.cluster.kubectl("-n", self.namespace, *args, input=stdin).stdout

    def refused(self, *args: str, stdin: str | None = None) -> str:
        """What kubectl says to something that must not work."""
        done = self.cluster.kubectl("-n", self.namespace, *args, input=stdin, check=False)
        assert done.returncode != 0, f"kubectl {' '.join(args)} worked, and should have been refused"
        return done.stderr

    # -- by the same requests

    def path(self, plural: str, name: str = "") -> str:
        group = f"/apis/{GROUP}/{VERSION}" if plural in PLURALS.values() else "/api/v1"
        return f"{group}/namespaces/{self.namespace}/{plural}{f'/{name}' if name else ''}"

    def post(self, body: Body) -> Answer:
        """`kubectl create`: an unknown field is refused."""
        return self._client.call("POST", self.path(PLURAL_OF[body["kind"]]), body, fieldValidation="Strict")

    def merge(self, path: str, change: Body) -> Answer:
        """`kubectl patch --type=merge`."""
        return self._client.call("PATCH", path, change, kind=MERGE, fieldValidation="Strict")

    def delete(self, plural: str, name: str) -> None:
        """`kubectl delete --wait=false`."""
        self._client.call("DELETE", self.path(plural, name), {"propagationPolicy": "Background"}).ok()

    def apply(self, *manifests: Body) -> None:
        """What `kubectl apply` makes of manifests in which no field is left out since the last time."""
        for body in manifests:
            answer = self.post(body)
            if answer.status == http.HTTPStatus.CONFLICT:
                answer = self.merge(self.path(PLURAL_OF[body["kind"]], body["metadata"]["name"]), body)
            answer.ok()

    def connect(self, cloud: Cloud, *, settle: int = 2, console: bool = False, **spec: Any) -> None:
        """The connection `default` and its Secret, and one for the storage."""
        self.apply(
            secret("zilliz-api-key", apiKey=cloud.key),
            secret("bucket", accessKey="AK", secretKey="storage-canary"),
            connection(cloud.url, submissionSettleSeconds=settle, consoleApi={"enabled": console}, **spec),
        )

    def create(self, kind: str, name: str, spec: Body, **metadata: Any) -> Job:
        self.post(manifest(kind, name, spec, **metadata)).ok()
        return Job(self, kind, name)

    def backup(self, cloud: Cloud, name: str = "movies", *, meta: Body | None = None, **spec: Any) -> Job:
        return self.create("BackupJob", name, {"clusterId": cloud.cluster, **spec}, **(meta or {}))

    def importing(
        self,
        cloud: Cloud,
        name: str = "films",
        *,
        url: str = FILMS,
        collection: str = "films",
        meta: Body | None = None,
        **spec: Any,
    ) -> Job:
        storage = {"urls": [url], "credentialsSecretRef": {"name": "bucket"}}
        known = {"clusterId": cloud.cluster, "collection": collection, "objectStorage": storage}
        return self.create("ImportJob", name, known | spec, **(meta or {}))

    # -- by reading

    def read(self, path: str, **query: str) -> Body:
        """The answer of the API server, or {} for a 404."""
        found: Body = self._client.get(path, **query)
        return found

    def events(self) -> list[Body]:
        found: list[Body] = self.read(f"/api/v1/namespaces/{self.namespace}/events")["items"]
        return sorted(found, key=lambda event: event["metadata"]["creationTimestamp"])

    def connection_condition(self, kind: str = "Ready", name: str = "default") -> Body:
        return condition(Job(self, "ZillizConnection", name).body(), kind)

    def until(self, what: str, happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """The first true answer of `happened`. Fails with all that there is to know."""
        deadline = time.monotonic() + seconds
        while not (found := happened()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {what}\n{self.story()}")
            time.sleep(PAUSE)
        return found

    def story(self) -> str:
        objects = [body for plural in PLURALS.values() for body in self.read(self.path(plural)).get("items", [])]
        for body in objects:
            body["metadata"].pop("managedFields", None)
        told = [f"{e['type']} {e['involvedObject']['name']} {e['reason']}: {e['message']}" for e in self.events()]
        shown = json.dumps(objects, indent=1)
        return f"--- objects\n{shown}\n--- events\n{chr(10).join(told)}\n--- log\n{self.operator.log_tail()}"


@dataclass(frozen=True)
class Job:
    """One object, by name; every look is a fresh one."""

    user: User
    kind: str
    name: str

    @property
    def path(self) -> str:
        return self.user.path(PLURALS[self.kind], self.name)

    @property
    def arg(self) -> str:
        return f"{self.kind.lower()}/{self.name}"

    def body(self) -> Body:
        return self.user.read(self.path)

    def status(self) -> Body:
        found: Body = self.body().get("status") or {}
        return found

    def events(self) -> list[Body]:
        return [
            e for e in self.user.events() if (e["involvedObject"]["kind"], e["involvedObject"]["name"]) == self.me
        ]

    @property
    def me(self) -> tuple[str, str]:
        return self.kind, self.name

    def told(self) -> set[str]:
        """The reasons of its events."""
        return {event["reason"] for event in self.events()}

    # -- doing

    def edit(self, **spec: Any) -> None:
        self.user.merge(self.path, {"spec": spec}).ok()

    def edit_refused(self, **spec: Any) -> str:
        """What the API server says to an edit that must not work."""
        said = self.user.merge(self.path, {"spec": spec}).message
        assert said, f"the edit {spec} of {self.arg} worked, and should have been refused"
        return said

    def ask(self, request: str, token: str) -> None:
        """Set one of our annotations, as the documentation says."""
        self.user.merge(self.path, {"metadata": {"annotations": {f"{GROUP}/{request}": token}}}).ok()

    def delete(self) -> None:
        self.user.delete(PLURALS[self.kind], self.name)

    # -- waiting

    def until(self, what: str, test: Callable[[Body], Any], seconds: float = PATIENCE) -> Body:
        """The status, once `test` is content with it."""

        def look() -> Body | None:
            status = self.status()
            return status if status and test(status) else None

        found: Body = self.user.until(f"{self.arg} {what}", look, seconds)
        return found

    def until_ended(self, state: str = "Successful", seconds: float = PATIENCE) -> Body:
        status = self.until("ends", lambda s: s.get("completionTime"), seconds)
        assert status["state"] == state, f"{self.arg} ended as {status['state']}\n{self.user.story()}"
        return status

    def until_condition(self, kind: str, seconds: float = PATIENCE) -> None:
        """As `kubectl wait --for=condition=...`."""
        holds = lambda: condition(self.body(), kind).get("status") == "True"  # noqa: E731
        self.user.until(f"{self.arg} is {kind}", holds, seconds)

    def until_reason(self, reason: str, seconds: float = PATIENCE) -> Body:
        return self.until(f"has the reason {reason}", lambda s: s.get("reason") == reason, seconds)

    def until_submitted(self) -> Body:
        return self.until("is submitted", lambda s: (s.get("submission") or {}).get("handle"))

    def until_request(self, name: str, outcome: str, token: str, seconds: float = PATIENCE) -> Body:
        """`name`: cancel, retry or resolution."""

        def test(status: Body) -> bool:
            request = status.get(name) or {}
            return (request.get("token"), request.get("outcome")) == (token, outcome)

        return self.until(f"has {name} {outcome} for {token!r}", test, seconds)

    def until_told(self, reason: str, seconds: float = PATIENCE) -> str:
        """The message of the event."""
        by_reason = self.user.until(
            f"{self.arg} has an event {reason}",
            lambda: [e for e in self.events() if e["reason"] == reason],
            seconds,
        )
        message: str = by_reason[-1]["message"]
        return message

    def until_gone(self, seconds: float = PATIENCE) -> None:
        self.user.until(f"{self.arg} is gone", lambda: not self.body(), seconds)


def condition(body: Body, kind: str) -> Body:
    """One condition of an object; {} where it has none."""
    found = (body.get("status") or {}).get("conditions") or []
    return next((c for c in found if c["type"] == kind), {})


def manifest(kind: str, name: str, spec: Body, **metadata: Any) -> Body:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": kind,
        "metadata": {"name": name, **metadata},
        "spec": spec,
    }


def connection(url: str, **spec: Any) -> Body:
    return manifest(
        "ZillizConnection", "default", {"endpoint": url, "credentialsSecretRef": {"name": "zilliz-api-key"}, **spec}
    )


def secret(name: str, labels: dict[str, str] | None = None, **data: str) -> Body:
    """With the label that allows its use, unless said otherwise."""
    meta = {"name": name, "labels": LABEL if labels is None else labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data}
