"""Pods that call others, and say whether they came through."""

from __future__ import annotations

from typing import Any

from tests.node.images import OPERATOR
from tests.support.controlplane import ControlPlane
from tests.support.node.machine import NAME

Body = dict[str, Any]
OPEN, REFUSED, SILENCE = "open", "refused", "silence"
"""Somebody listens; nobody does, and a policy let the question through; no answer, as the packet was dropped."""
SECONDS = 3
CALLS = f"""
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), {SECONDS}).close()
    print("{OPEN}")
except ConnectionRefusedError:
    print("{REFUSED}")
except TimeoutError:
    print("{SILENCE}")
"""
PYTHON = "/opt/zilliz-jobs/bin/python"
WAITS = "import time; time.sleep(100000)"


def called(plane: ControlPlane, namespace: str, pod: str, host: str, port: int, python: str = PYTHON) -> str:
    """What this pod is told when it calls there: OPEN, REFUSED or SILENCE."""
    done = plane.kubectl("-n", namespace, "exec", pod, "--", python, "-c", CALLS, host, str(port))
    return done.stdout.strip()


class Probe:
    """A pod in a namespace, which only waits to be asked."""

    def __init__(self, plane: ControlPlane, namespace: str, name: str = "probe") -> None:
        self._plane, self._namespace, self._name = plane, namespace, name
        container = {
            "name": "probe",
            "image": OPERATOR,
            "imagePullPolicy": "Never",
            "command": [PYTHON, "-c", WAITS],
        }
        spec = {"nodeName": NAME, "terminationGracePeriodSeconds": 0, "containers": [container]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        plane.client.call("POST", f"/api/v1/namespaces/{namespace}/pods", body).ok()
        plane.kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")

    def call(self, host: str, port: int) -> str:
        return called(self._plane, self._namespace, self._name, host, port)
