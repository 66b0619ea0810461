"""A kubelet alone: a restricted pod runs, and runs again after the power was cut. No cluster is needed."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.node.conftest import say
from tests.node.told import SENTENCE
from tests.support.controlplane.supervise import Reaper
from tests.support.node import Node, UnavailableError, machine
from tests.support.node.needs import BUSYBOX, find_binaries
from tests.support.node.settings import SANDBOX, STATIC_PODS

PATIENCE = 60.0
PROGRAM = "sleep 12345"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "alone", "namespace": "default"},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "c",
                "image": SANDBOX,
                "imagePullPolicy": "Never",
                "command": [str(BUSYBOX), *PROGRAM.split()],
                "securityContext": {
                    "readOnlyRootFilesystem": True,
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}


def started(node: Node) -> int:
    """The process of the pod, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while not (found := node.processes("", PROGRAM)):
        assert time.monotonic() < deadline, node.tails(("kubelet", "containerd"))
        time.sleep(0.2)
    return found[0]


def test_a_restricted_pod_runs_and_comes_back_after_a_power_cut(tmp_path: Path) -> None:
    """What the tests of the cluster stand on: no rights, and a cut that leaves no process."""
    try:
        binaries = find_binaries(say)
        with machine(tmp_path) as place, place.network(), closing(Reaper(None)) as reaper:
            node = Node(None, place, binaries, reaper)
            (tmp_path / STATIC_PODS / "pod.json").write_text(json.dumps(POD))
            try:
                node.start()
                lines = (
                    line.partition(":") for line in Path(f"/proc/{started(node)}/status").read_text().splitlines()
                )
                status = {name: text.strip() for name, _, text in lines}
                assert [int(status[name], 16) for name in ("CapEff", "CapBnd")] == [0, 0]
                assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
                assert status["Uid"].split() == ["65532"] * 4
                began = time.monotonic()
                node.go_down()
                assert node.processes("", PROGRAM) == []
                node.come_up()
                started(node)
                print(f"down and up: {time.monotonic() - began:.1f} s")
            finally:
                node.stop()
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")
