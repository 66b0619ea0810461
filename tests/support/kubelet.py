"""A small kubelet and the controllers above it: there is no node in the tests, so this runs what pods would run.

Of a namespace it runs the Jobs to their end, each with the token of its service account; and when a Deployment is
wanted without replicas, it ends the operator that stands for its pods.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.charted import Body, container_of, environment_of, pod_of
from tests.support.controlplane import ControlPlane
from tests.support.operators import SOURCE, OperatorProcess

PAUSE = 0.2


@dataclass
class Kubelet:
    cluster: ControlPlane
    namespace: str
    operator: OperatorProcess | None = None
    said: list[str] = field(default_factory=list)
    """What the Jobs printed, each with its exit code."""
    accounts: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)

    def look(self) -> None:
        """One round over the namespace."""
        if self.operator is not None and self.operator.runs and self._wanted_replicas() == 0:
            self.operator.stop()
        for job in self._read("jobs.batch"):
            if job["metadata"]["uid"] not in self._ended:
                self._ended.add(job["metadata"]["uid"])
                self._run(job)

    def _wanted_replicas(self) -> int | None:
        found = [one["spec"]["replicas"] for one in self._read("deployments.apps")]
        return found[0] if found else None

    def _read(self, kind: str) -> list[Body]:
        done = self.cluster.kubectl("-n", self.namespace, "get", kind, "-o", "json", check=False)
        items: list[Body] = json.loads(done.stdout)["items"] if done.returncode == 0 else []
        return items

    def _run(self, job: Body) -> None:
        threading.Thread(target=self._to_its_end, args=(job,)).start()

    def _to_its_end(self, job: Body) -> None:
        account = pod_of(job)["serviceAccountName"]
        self.accounts.add(account)
        config = self.cluster.kubeconfig_for(self.namespace, account)
        env = self.cluster.environment | environment_of(job)
        env |= {"KUBECONFIG": str(config), "PYTHONPATH": os.pathsep.join((str(SOURCE), str(SOURCE.parent)))}
        command = [sys.executable, "-m", "zilliz_jobs.cli.app", *container_of(job)["args"]]
        for _ in range(job["spec"]["backoffLimit"] + 1):
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            self.said.append(f"exit {done.returncode}: {done.stdout}{done.stderr}")
            if done.returncode == 0:
                break
        self._tell(job["metadata"]["name"], done.returncode == 0)

    def _tell(self, name: str, well: bool) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ends = ("SuccessCriteriaMet", "Complete") if well else ("FailureTarget", "Failed")
        conditions = [{"type": end, "status": "True", "lastTransitionTime": now} for end in ends]
        status = {"startTime": now, "conditions": conditions, "uncountedTerminatedPods": {}}
        status |= {"completionTime": now, "succeeded": 1} if well else {"failed": 1}
        change = json.dumps({"status": status})
        self.cluster.kubectl(
            "-n", self.namespace, "patch", "job", name, "--subresource=status", "--type=merge", "-p", change
        )


@contextmanager
def kubelet(cluster: ControlPlane, namespace: str, operator: OperatorProcess | None = None) -> Iterator[Kubelet]:
    """One that looks until it is left."""
    one, over = Kubelet(cluster, namespace, operator), threading.Event()

    def live() -> None:
        while not over.wait(PAUSE):
            one.look()

    worker = threading.Thread(target=live)
    worker.start()
    try:
        yield one
    finally:
        over.set()
        worker.join()
