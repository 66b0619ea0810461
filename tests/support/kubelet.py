"""A small kubelet and the controllers above it: there is no node in the tests, so this runs what pods would run.

Of a namespace it runs the Jobs to their end, each with the token of its service account; and when a Deployment is
wanted without replicas, it ends the operator that stands for its pods.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.charted import Body, container_of, environment_of, pod_of
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.client import MERGE
from tests.support.forkserver import ForkServer
from tests.support.operators import SOURCE, OperatorProcess

PAUSE = 0.2
SUCCESS_IS_DECIDED_FIRST = (1, 31)
"""Since this version a Job that ends has a condition before its last one; earlier ones refuse it."""


@dataclass
class Kubelet:
    cluster: ControlPlane
    namespace: str
    operator: OperatorProcess | None = None
    said: list[str] = field(default_factory=list)
    """What the Jobs printed, each with its exit code."""
    accounts: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._client = self.cluster.new_client()
        self._server = ForkServer.only()

    def look(self) -> None:
        """One round over the namespace."""
        if self.operator is not None and self.operator.runs and self._wanted_replicas() == 0:
            self.operator.stop()
        for job in self._read("batch", "jobs"):
            if job["metadata"]["uid"] not in self._ended:
                self._ended.add(job["metadata"]["uid"])
                self._run(job)

    def close(self) -> None:
        self._client.close()

    def _wanted_replicas(self) -> int | None:
        found = [one["spec"]["replicas"] for one in self._read("apps", "deployments")]
        return found[0] if found else None

    def _read(self, group: str, plural: str) -> list[Body]:
        items: list[Body] = self._client.get(self._path(group, plural)).get("items", [])
        return items

    def _path(self, group: str, plural: str) -> str:
        return f"/apis/{group}/v1/namespaces/{self.namespace}/{plural}"

    def _run(self, job: Body) -> None:
        threading.Thread(target=self._to_its_end, args=(job,)).start()

    def _to_its_end(self, job: Body) -> None:
        account = pod_of(job)["serviceAccountName"]
        self.accounts.add(account)
        config = self.cluster.kubeconfig_for(self.namespace, account)
        env = self.cluster.environment | environment_of(job)
        env |= {"KUBECONFIG": str(config), "PYTHONPATH": os.pathsep.join((str(SOURCE), str(SOURCE.parent)))}
        for _ in range(job["spec"]["backoffLimit"] + 1):
            code, printed = self._server.run("zilliz_jobs.cli.app", container_of(job)["args"], env)
            self.said.append(f"exit {code}: {printed}")
            if code == 0:
                break
        self._tell(job["metadata"]["name"], code == 0)

    def _tell(self, name: str, well: bool) -> None:
        status = ended(well, first=self.cluster.version() >= SUCCESS_IS_DECIDED_FIRST)
        client = self.cluster.new_client()
        client.call("PATCH", f"{self._path('batch', 'jobs')}/{name}/status", {"status": status}, kind=MERGE).ok()
        client.close()


def ended(well: bool, *, first: bool = True) -> Body:
    """The status of a Job that ends now. `first`: with the condition that comes before the last one."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ends = ("SuccessCriteriaMet", "Complete") if well else ("FailureTarget", "Failed")
    conditions = [{"type": end, "status": "True", "lastTransitionTime": now} for end in (ends if first else ends[1:])]
    counts = {"completionTime": now, "succeeded": 1} if well else {"failed": 1}
    return {"startTime": now, "conditions": conditions, "uncountedTerminatedPods": {}} | counts


@contextmanager
def kubelet(cluster: ControlPlane, namespace: str, operator: OperatorProcess | None = None) -> Iterator[Kubelet]:
    """One that looks until it is left."""
    one, over = Kubelet(cluster, namespace, operator), threading.Event()

    def live() -> None:
        while not over.wait(PAUSE):
            one.look()
        one.close()

    worker = threading.Thread(target=live)
    worker.start()
    try:
        yield one
    finally:
        over.set()
        worker.join()
