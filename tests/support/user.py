"""A user with kubectl in a namespace of his own, and the job objects that he makes.

What he does goes through kubectl; what he only waits for is read over one connection, which costs less.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.cloud import FILMS, Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import Operator
from tests.support.standin import StandIn

from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resources import RESOURCES

Body = dict[str, Any]
PLURALS = {resource.kind: resource.plural for resource in RESOURCES}
LABEL = {"jobs.zilliz.com/credentials": "true"}
PATIENCE = 30.0
PAUSE = 0.1


class User:
    """`connect` first; then `backup`, `importing` and `job` make objects."""

    def __init__(self, cluster: ControlPlane | StandIn, namespace: str, operator: Operator) -> None:
        self.cluster, self.namespace, self.operator = cluster, namespace, operator
        self._wire = _wire(cluster)

    def close(self) -> None:
        self._wire.close()

    # -- by kubectl

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """What kubectl prints; a failure raises with what it said."""
        return self.cluster.kubectl("-n", self.namespace, *args, input=stdin).stdout

    def refused(self, *args: str, stdin: str | None = None) -> str:
        """What kubectl says to something that must not work."""
        done = self.cluster.kubectl("-n", self.namespace, *args, input=stdin, check=False)
        assert done.returncode != 0, f"kubectl {' '.join(args)} worked, and should have been refused"
        return done.stderr

    def apply(self, *manifests: Body) -> None:
        self.kubectl("apply", "-f", "-", stdin="\n---\n".join(map(json.dumps, manifests)))

    def connect(self, cloud: Cloud, *, settle: int = 2, console: bool = False, **spec: Any) -> None:
        """The connection `default` and its Secret, and one for the storage."""
        self.apply(
            secret("zilliz-api-key", apiKey=cloud.key),
            secret("bucket", accessKey="AK", secretKey="storage-canary"),
            connection(cloud.url, submissionSettleSeconds=settle, consoleApi={"enabled": console}, **spec),
        )

    def create(self, kind: str, name: str, spec: Body, **metadata: Any) -> Job:
        self.kubectl("create", "-f", "-", stdin=json.dumps(manifest(kind, name, spec, **metadata)))
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

    def read(self, path: str) -> Body:
        """The answer of the API server, or {} for a 404. The first readers of a new kind are told to come again."""
        for last in (False, False, True):
            try:
                self._wire.request("GET", path, headers={"Authorization": f"Bearer {self.cluster.admin_token}"})
                answer = self._wire.getresponse()
                text = answer.read()
            except (http.client.HTTPException, OSError):
                self._wire.close()
                if last:
                    raise
                continue
            if answer.status != http.HTTPStatus.TOO_MANY_REQUESTS:
                break
            time.sleep(1)
        if answer.status == 404:
            return {}
        assert answer.status == 200, text.decode()
        body: Body = json.loads(text)
        return body

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
        objects = [
            body
            for plural in PLURALS.values()
            for body in self.read(f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{plural}").get("items", [])
        ]
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
        return f"/apis/{GROUP}/{VERSION}/namespaces/{self.user.namespace}/{PLURALS[self.kind]}/{self.name}"

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
        self.user.kubectl("patch", self.arg, "--type=merge", "-p", json.dumps({"spec": spec}))

    def edit_refused(self, **spec: Any) -> str:
        return self.user.refused("patch", self.arg, "--type=merge", "-p", json.dumps({"spec": spec}))

    def ask(self, request: str, token: str) -> None:
        """Set one of our annotations, as the documentation says."""
        self.user.kubectl("annotate", self.arg, f"{GROUP}/{request}={token}", "--overwrite")

    def delete(self) -> None:
        self.user.kubectl("delete", self.arg, "--wait=false")

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


def _wire(cluster: ControlPlane | StandIn) -> http.client.HTTPConnection:
    scheme, _, host = cluster.url.partition("://")
    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=20)
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    return http.client.HTTPSConnection(host, timeout=20, context=context)


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
