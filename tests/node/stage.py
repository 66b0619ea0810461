"""The chart in a cluster of one node, the simulator as a pod, and users of both."""

from __future__ import annotations

import json
import secrets
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.charted import CHART
from tests.support.cloud import CANARY, Cloud
from tests.support.node import Node
from tests.support.user import Body, Job, User

from zilliz_local.cloud import KEY, MOVIES

QUICKSTART = Path(__file__).parents[2] / "deploy" / "quickstart"
NAME, NAMESPACE = "jobs", "zilliz-jobs"
FULL_NAME = f"{NAME}-zilliz-jobs-operator"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
OPERATOR = "zilliz-jobs operator"
"""What is in the command line of its process."""
VALUES: Body = {
    "replicaCount": 2,
    "settings": {
        "allowHttpEndpoints": True,
        "pollMin": 0.2,
        "pollMax": 1,
        "progressInterval": 0.5,
        "retryCap": 1,
        "missingGrace": 3,
    },
}
WAIT = ("--wait", "--timeout", "200s")
PATIENCE = 120.0
NEVER = (CANARY, KEY, "Traceback (most recent call last)", "should not happen")


class Chart:
    """A release of the chart in `folder`, and its pods. `values`: beside VALUES."""

    def __init__(self, node: Node, values: Body | None = None, folder: Path = CHART) -> None:
        self.node, self.plane, self.folder = node, node.plane, folder
        self.values = VALUES | (values or {})
        self._users: list[User] = []

    # -- helm

    def install(self) -> None:
        if not self.plane.client.get(f"/api/v1/namespaces/{NAMESPACE}"):
            self.plane.client.create_namespace(NAMESPACE, RESTRICTED)
        self.helm("install", *WAIT, **self.values)

    def upgrade(self, **values: Any) -> None:
        """With these beside those that it was installed with, and return when the pods are those of now."""
        self.helm("upgrade", *WAIT, **(self.values | values))
        self.until_all_ready()

    def helm(self, verb: str, *arguments: str, **values: Any) -> str:
        """What helm says; what it shows of a hook is among the errors."""
        given = ("-f", "-") if verb != "uninstall" else ()
        place = () if verb == "uninstall" else (str(self.folder),)
        done = self.plane.run_helm(
            verb, NAME, *place, "-n", NAMESPACE, *arguments, *given, input=json.dumps(values), check=False
        )
        assert done.returncode == 0, f"helm {verb}: {done.stderr}\n{done.stdout}\n{self.story()}"
        return done.stdout + done.stderr

    def is_installed(self) -> bool:
        return NAME in self.plane.run_helm("list", "-n", NAMESPACE, "-q").stdout.split()

    def remove(self) -> None:
        for user in self._users:
            user.clear()
            user.close()
        if self.is_installed():
            self.helm("uninstall", *WAIT)

    # -- pods

    def pods(self) -> list[Body]:
        """Of the operator, without those that end."""
        path = f"/api/v1/namespaces/{NAMESPACE}/pods"
        found = self.plane.client.get(path, labelSelector="app.kubernetes.io/component=operator")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def pod(self, name: str) -> Body:
        found: Body = self.plane.client.get(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
        return found

    def holder(self) -> str:
        """What the Lease says of who leads: the name of a pod, and a mark of its process."""
        lease = self.plane.client.get(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{FULL_NAME}")
        return str((lease.get("spec") or {}).get("holderIdentity") or "")

    def leader(self) -> Body:
        name = self.until("somebody leads", self.holder).rpartition("_")[0]
        return self.pod(name)

    def signal(self, pod: Body, what: signal.Signals) -> None:
        """To the operator's process in a pod."""
        self.node.signal(pod["metadata"]["uid"], OPERATOR, what)

    def until_all_ready(self) -> None:
        def ready() -> bool:
            pods = self.pods()
            return len(pods) == self.values["replicaCount"] and all(map(is_ready, pods))

        self.until("all replicas are ready", ready)

    def until(self, what: str, happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := happened()):
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{self.story()}"
            time.sleep(0.2)
        return found

    # -- users

    def user(self, *, labels: dict[str, str] | None = None) -> User:
        """In a namespace of his own."""
        namespace = f"team-{secrets.token_hex(4)}"
        self.plane.client.create_namespace(namespace, labels)
        user = User(self.plane, namespace, self)  # type: ignore[arg-type]
        self._users.append(user)
        return user

    # -- what it says

    def logs(self) -> str:
        """Of all its containers, and of those that they took the place of."""
        texts = []
        for pod in self.pods():
            for flags in ((), ("--previous",)):
                name = pod["metadata"]["name"]
                done = self.plane.kubectl("-n", NAMESPACE, "logs", name, *flags, check=False)
                texts.append(f"--- {name} {' '.join(flags)}\n{done.stdout}")
        return "\n".join(texts)

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.logs().splitlines()[-lines:])

    def story(self) -> str:
        shown = self.plane.kubectl("get", "pods,leases,jobs.batch", "-A", "-o", "wide", check=False).stdout
        events = self.plane.kubectl("get", "events", "-n", NAMESPACE, check=False).stdout
        return f"{shown}\n{events}\n{self.log_tail()}\n{self.node.tails()}"

    def require_clean_logs(self) -> None:
        """No key, no stack trace, no surprise."""
        bad = [line for line in self.logs().splitlines() if any(word in line for word in NEVER)]
        assert not bad, f"a log of the operator holds what it never should:\n{chr(10).join(bad)}"


def is_ready(pod: Body) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def restarts(pod: Body) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses") or [])


class PodCloud:
    """The simulator of the quick start as a pod, driven through its own address."""

    key, cluster = KEY, MOVIES

    def __init__(self, chart: Chart, speed: float) -> None:
        plane = chart.plane
        # What an earlier one was told is in its memory.
        plane.kubectl("-n", "zilliz-quickstart", "delete", "deployment/zilliz-simulator", "--ignore-not-found")
        for name in ("namespace.yaml", "simulator.yaml"):
            namespace = () if name == "namespace.yaml" else ("-n", "zilliz-quickstart")
            plane.kubectl("apply", *namespace, "-f", str(QUICKSTART / name))
        plane.kubectl("-n", "zilliz-quickstart", "rollout", "status", "deployment/zilliz-simulator", "--timeout=120s")
        service = plane.client.get("/api/v1/namespaces/zilliz-quickstart/services/zilliz-simulator")
        self.host = service["spec"]["clusterIP"]  # there is no name service in this cluster
        self.url = f"http://{self.host}"
        chart.until("the simulator answers at the address of its Service", self._answers)
        self.ask("PATCH", "/_sim/clock", speed=speed)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("GET", "/_sim/health"))
        except OSError:
            return False

    def ask(self, method: str, path: str, **body: Any) -> Any:
        sent = json.dumps(body).encode() if body else None
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(f"{self.url}{path}", sent, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def slow(self) -> None:
        """From now on jobs run for as long as any test lasts."""
        for job_type in ("BACKUP", "IMPORT"):
            self.ask("POST", "/_sim/next", type=job_type, runSeconds=100_000, times=100)


def require_once(cloud: Cloud, jobs: list[Job]) -> None:
    """Each had one effect in the cloud, and its object follows the job of that effect."""
    by_token = {entry.token: entry for entry in cloud.effects()}
    assert len(by_token) == len(cloud.effects()) == len(jobs), cloud.effects()
    for job in jobs:
        status = job.status()
        assert by_token[status["submission"]["token"]].job_id == status["jobId"]
