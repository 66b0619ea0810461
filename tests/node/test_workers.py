"""Migrations by VTS in real pods: the operator makes them, the cluster runs them, under the restricted standard, the
chart's admission policy and its NetworkPolicy, which is enforced.

The image is built as docs/vts.md says. Its engine is a stand-in that prints what the real one prints; the rows that
it claims to write come from this process.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.image.base import UnavailableError as NoImage
from tests.node.images import WORKER, worker_archive
from tests.node.policies import enforced
from tests.node.probes import OPEN, SILENCE, Probe, called
from tests.node.stage import RESTRICTED, VALUES, Chart
from tests.node.told import SENTENCE
from tests.support.cloud import Cloud
from tests.support.node import Node, UnavailableError
from tests.support.node.machine import ADDRESS
from tests.support.user import Body, Job, User, secret

from zilliz_local.cloud.contents import Collection

pytestmark = pytest.mark.controlplane

REPOSITORY = "registry.example.com/vts-worker"
ROWS = 5000
"""What the stand-in says that it read and wrote."""
TEAM = "vts-team"
SOURCE_PORT, OTHER_PORT = 5432, 5433
SOURCE = {
    "postgresql": {
        "uri": f"postgresql://{ADDRESS}:{SOURCE_PORT}",
        "database": "shop",
        "credentialsSecretRef": {"name": "source"},
    }
}
PASSWORD = "pw-canary-of-the-source"
PYTHON = "/usr/bin/python3"


@dataclass
class Stage:
    chart: Chart
    user: User
    cloud: Cloud

    def migrate(self, collection: str, **spec: Any) -> Job:
        return self.user.create("MigrationJob", collection.replace("_", "-"), {
            "engine": "VTS",
            "source": SOURCE,
            "target": {"clusterId": self.cloud.cluster},
            "collections": [{"source": collection}],
            **spec,
        })  # fmt: skip

    def pod(self, job: Job) -> Body:
        """That of the worker, once it runs."""

        def running() -> Body | None:
            label = f"jobs.zilliz.com/object-uid={job.body()['metadata']['uid']}"
            found = self.user.read(self.user.path("pods"), labelSelector=label)["items"]
            return found[0] if found and found[0]["status"]["phase"] == "Running" else None

        pod: Body = self.user.until(f"the worker of {job.arg} runs", running)
        return pod

    def bring(self, pod: Body) -> None:
        """The rows that the engine claims to have written, as its config says."""
        (name,) = (one["secret"]["secretName"] for one in pod["spec"]["volumes"] if "secret" in one)
        told = self.user.read(self.user.path("secrets", name))["data"]["job.json"]
        (sink,) = json.loads(base64.b64decode(told))["sink"]
        for collection, text in sink["collection_description"].items():
            made = Collection(text, rows=ROWS, loaded=False)
            self.cloud.ask(
                lambda sim, name=collection, made=made: sim.world.clusters[self.cloud.cluster].put_collection(  # type: ignore[misc]
                    sink["database"], name, made
                )
            )

    def jobs(self) -> list[Body]:
        path = f"/apis/batch/v1/namespaces/{self.user.namespace}/jobs"
        found: list[Body] = self.user.read(path)["items"]
        return found


@pytest.fixture(scope="module")
def release(cluster_of_one_node: Node) -> Iterator[Chart]:
    """The chart for the namespace of a team, with the engine enabled."""
    node = cluster_of_one_node
    try:
        with node.machine.outside():
            archive = worker_archive()
    except NoImage as error:
        pytest.skip(f"{SENTENCE}: {error}")
    digest = node.import_pinned(archive, WORKER, REPOSITORY)
    engine = {"enabled": True, "image": {"repository": REPOSITORY, "digest": digest}}
    engine["networkPolicy"] = {"sourcePorts": [SOURCE_PORT]}
    chart = Chart(node, VALUES | {"watchNamespaces": [TEAM], "migrations": {"vts": engine}})
    node.plane.client.create_namespace(TEAM, RESTRICTED)
    try:
        with enforced(node):
            chart.install()
            yield chart
            chart.require_clean_logs()
            chart.remove()
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")
    finally:
        node.plane.client.delete_namespace(TEAM)


@pytest.fixture
def stage(release: Chart, cloud: Cloud) -> Iterator[Stage]:
    user = User(release.plane, TEAM, release)  # type: ignore[arg-type]
    user.connect(cloud, settle=1)
    user.apply(secret("source", username="reader", password=PASSWORD))
    yield Stage(release, user, cloud)
    user.clear()
    user.close()


def test_a_migration_runs_in_a_pod_of_its_own_and_is_counted(stage: Stage) -> None:
    """From the object to the rows in the target: admitted, started, followed, and judged by its last words."""
    began = time.monotonic()
    job = stage.migrate("books")
    pod = stage.pod(job)
    stage.bring(pod)
    print(f"worker runs after {time.monotonic() - began:.1f} s", end=", ")
    status = job.until_ended("Successful")
    print(f"migrated after {time.monotonic() - began:.1f} s")
    assert pod["spec"]["containers"][0]["image"].startswith(f"{REPOSITORY}@sha256:")
    assert (status["result"]["rowsRead"], status["result"]["rowsWritten"]) == (ROWS, ROWS)
    stage.user.until("the Job of a run that worked is gone", lambda: not stage.jobs())
    assert PASSWORD not in stage.user.story()


def test_a_cancel_ends_the_engine_and_takes_its_pod_and_its_secret(stage: Stage) -> None:
    """Else it would go on to write into the target of somebody who said stop."""
    job = stage.migrate("slow")
    pod = stage.pod(job)
    uid = pod["metadata"]["uid"]
    stage.user.until("java works", lambda: stage.chart.node.processes(uid, "standin_java.py"))
    asked = time.monotonic()
    job.ask("cancel-requested", "stop")
    job.until_ended("Canceled")
    print(f"cancelled after {time.monotonic() - asked:.1f} s")
    assert not stage.chart.node.processes(uid, "java")
    stage.user.until("its Job is gone", lambda: not stage.jobs())
    name = next(one["secret"]["secretName"] for one in pod["spec"]["volumes"] if "secret" in one)
    stage.user.until("its Secret is gone", lambda: not stage.user.read(stage.user.path("secrets", name)))


def test_its_pod_reaches_the_source_and_nothing_reaches_it(stage: Stage) -> None:
    """It holds the key of the target and the login of the source, in a namespace of many."""
    job = stage.migrate("slow")
    pod = stage.pod(job)
    name, address = pod["metadata"]["name"], pod["status"]["podIP"]
    plane = stage.chart.plane
    with contextlib.ExitStack() as servers:
        for port in (SOURCE_PORT, OTHER_PORT):
            servers.enter_context(socket.create_server((ADDRESS, port)))
        assert called(plane, TEAM, name, ADDRESS, SOURCE_PORT, PYTHON) == OPEN
        assert called(plane, TEAM, name, ADDRESS, OTHER_PORT, PYTHON) == SILENCE
    other = stage.chart.user()
    assert Probe(plane, other.namespace).call(address, 5801) == SILENCE
    job.ask("cancel-requested", "stop")
    job.until_ended("Canceled")
