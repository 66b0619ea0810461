"""Faults that are planted into the operator's pods: a clock that is wrong, and defects that it does not have.

Alerts that tell of the machine's clock, or of a defect of the operator itself, have no other cause in a test.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.node.stage import FULL_NAME, NAMESPACE, Chart
from tests.support.debian import library

NAME = "planted"
FOLDER = f"/{NAME}"
AHEAD_SECONDS = 60
PROGRAM = '''
"""Read by each Python of the pod at its start. Objects are chosen by their names."""
import asyncio

from zilliz_jobs.control import dispatcher, workqueue

dispatcher.PASS_SECONDS = 3
put, make_pass = workqueue.WorkQueue.add, dispatcher.Dispatcher._pass


def add(queue, key, *arguments, **more):
    if key.name != "forgotten":
        put(queue, key, *arguments, **more)


async def pass_over(self, key, controller):
    if key.name == "hangs":
        await asyncio.sleep(1_000_000)
    await make_pass(self, key, controller)


workqueue.WorkQueue.add = add
dispatcher.Dispatcher._pass = pass_over
'''
ENVIRONMENT = {
    "LD_PRELOAD": f"{FOLDER}/libfaketime.so.1",
    "FAKETIME": f"+{AHEAD_SECONDS}s",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "PYTHONPATH": FOLDER,
    "ZILLIZ_JOBS_SWEEP_INTERVAL": "5",
}


@contextmanager
def planted(chart: Chart) -> Iterator[None]:
    """In all pods that start while the block lasts. A second block beside the first one changes nothing more."""
    deployment, plane = f"deployment/{FULL_NAME}", chart.plane
    if first := plane.kubectl("-n", NAMESPACE, "get", f"configmap/{NAME}", check=False).returncode != 0:
        with chart.node.machine.outside():
            faketime = library("libfaketime", "libfaketime.so.1", into="faketime").read_bytes()
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "data": {"sitecustomize.py": PROGRAM},
            "binaryData": {"libfaketime.so.1": base64.b64encode(faketime).decode()},
        }
        plane.kubectl("create", "-f", "-", input=json.dumps(body))
        container = {
            "name": "operator",
            "env": [{"name": name, "value": value} for name, value in ENVIRONMENT.items()],
            "volumeMounts": [{"name": NAME, "mountPath": FOLDER, "readOnly": True}],
        }
        pod = {"containers": [container], "volumes": [{"name": NAME, "configMap": {"name": NAME}}]}
        change = {"spec": {"template": {"spec": pod}}}
        plane.kubectl("-n", NAMESPACE, "patch", deployment, "--patch", json.dumps(change))
    try:
        yield
    finally:
        if first:
            plane.kubectl("-n", NAMESPACE, "rollout", "undo", deployment)
            plane.kubectl("-n", NAMESPACE, "delete", f"configmap/{NAME}")
