"""The life of the operator in real pods: installed by helm, at work, killed, and uninstalled.

In this order: the uninstall comes last. The cloud is the simulator of the quick start, as a pod.
"""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.node.stage import NAMESPACE, OPERATOR, RESTRICTED, VALUES, WAIT, Chart, PodCloud, is_ready, restarts
from tests.support.everykind import ROWS, SAMPLE_BY_STEPS, Row, Walker
from tests.support.user import User, secret

from zilliz_local.cloud import MOVIES, PROJECT, SHOP

pytestmark = pytest.mark.controlplane

SPEED = 10.0
LEASE_SECONDS = 15.0
FINALIZER = "jobs.zilliz.com/cleanup"
SHAPES = list({row.shape: row for row in reversed((*ROWS, SAMPLE_BY_STEPS))}.values())
"""One row of the table of kinds for each shape of an object."""


@pytest.fixture(scope="module")
def pod_cloud(chart: Chart) -> PodCloud:
    return PodCloud(chart, SPEED)


class PodWalker(Walker):
    """A walker on clusters of his own in the simulator of the pod."""

    def __init__(self, user: User, cloud: PodCloud, row: Row, number: int) -> None:
        self.user, self.row = user, row
        self.names = {MOVIES: f"in01-movies{number:02}", SHOP: f"in01-shop{number:02}"}
        self.cloud = SimpleNamespace(cluster=self.names[MOVIES])  # type: ignore[assignment]
        status = "STOPPED" if row.asleep else "RUNNING"
        held = {MOVIES: ["films", "actors", "reviews"], SHOP: ["products"]}
        for known, collections in held.items():
            fields = {"clusterName": "of a test", "projectId": PROJECT, "collections": {"default": collections}}
            cloud.ask("PUT", f"/_sim/clusters/{self.names[known]}", status=status, **fields)
        user.connect(cloud, console=row.console, **row.connection)  # type: ignore[arg-type]
        user.apply(
            secret("demo-data-bucket", accessKey="AK", secretKey="SK"),
            secret("source-login", username="u", password="p"),
            secret("source-api-key", apiKey="k"),
        )


def test_two_replicas_are_ready_where_none_but_restricted_pods_are_taken(chart: Chart) -> None:
    """Else who follows the page on the installation gets pods that are refused, or never become ready."""
    pods = chart.pods()
    assert len(pods) == VALUES["replicaCount"]
    assert all(map(is_ready, pods)), "helm waited for them"
    assert [restarts(pod) for pod in pods] == [0, 0]
    assert chart.leader()["metadata"]["name"] in {pod["metadata"]["name"] for pod in pods}
    container = {"name": "c", "image": "localhost/busybox:1"}
    plain = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "plain"}, "spec": {"containers": [container]}}
    said = chart.plane.client.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", plain).message
    assert "violates PodSecurity" in said, "the namespace takes any pod, so that theirs prove nothing"


def test_its_process_has_no_rights_and_no_file_that_it_could_write(chart: Chart) -> None:
    """What a hole in it could be used for is what the kernel lets it do, whatever the manifest says."""
    pod = chart.leader()
    (pid,) = chart.node.processes(pod["metadata"]["uid"], OPERATOR)
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    status = {name: text.strip() for name, _, text in lines}
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, 0, "1")
    assert status["Seccomp"] == "2", "no filter of system calls"
    assert status["Uid"].split() == ["65532"] * 4
    name = pod["metadata"]["name"]
    program = "import pathlib; pathlib.Path('/opt/zilliz-jobs/x').write_text('')"
    done = chart.plane.kubectl(
        "-n", NAMESPACE, "exec", name, "--", "/opt/zilliz-jobs/bin/python", "-c", program, check=False
    )
    assert "Read-only file system" in done.stderr


def test_a_job_of_each_shape_ends_well(chart: Chart, pod_cloud: PodCloud) -> None:
    """In the simulated cloud of another pod: over real networks, with real tokens, as in a cluster of a user."""
    assert len(SHAPES) > 10
    jobs = []
    for number, row in enumerate(SHAPES):
        jobs.append(PodWalker(chart.user(labels=RESTRICTED), pod_cloud, row, number).apply())
    for job in jobs:
        status = job.until_ended("Successful", seconds=120)
        assert [one["state"] for one in status["attempts"]] == ["Successful"]
    effects = pod_cloud.ask("GET", "/_sim/ledger")["effectsPerToken"]
    assert len(effects) >= len(SHAPES)
    assert set(effects.values()) == {1}, "a submission had two effects"


def test_a_leader_that_is_killed_is_followed_and_started_again(chart: Chart, pod_cloud: PodCloud) -> None:
    """Its jobs go on within seconds, and the kubelet brings the second replica back."""
    user = chart.user()
    user.connect(pod_cloud)  # type: ignore[arg-type]
    before, pod = chart.holder(), chart.leader()
    pod_cloud.ask("POST", "/_sim/next", type="BACKUP", runSeconds=40 * SPEED)
    job = user.backup(pod_cloud)  # type: ignore[arg-type]
    job.until_submitted()
    chart.signal(pod, signal.SIGKILL)
    killed = time.monotonic()
    chart.until("another process leads", lambda: chart.holder() not in ("", before), 60)
    followed = time.monotonic() - killed
    print(f"killed leader: followed after {followed:.1f} s")
    assert followed < LEASE_SECONDS * 2
    name = pod["metadata"]["name"]
    chart.until("its container is started again", lambda: restarts(chart.pod(name)) == restarts(pod) + 1)
    chart.until_all_ready()
    pod_cloud.ask("POST", "/_sim/clock", advance=60 * SPEED)
    job.until_ended()
    assert "LookingForSubmission" not in job.told()


def test_an_uninstall_frees_what_still_runs_and_its_namespace_can_go(chart: Chart, pod_cloud: PodCloud) -> None:
    """Else objects that wait for an operator which is gone would hang for ever, and their namespaces with them."""
    user = chart.user()
    user.connect(pod_cloud, console=True)  # type: ignore[arg-type]
    pod_cloud.slow()
    jobs = [user.backup(pod_cloud, deletionPolicy="Cancel"), user.importing(pod_cloud)]  # type: ignore[arg-type]
    for job in jobs:
        job.until_submitted()
    assert jobs[0].body()["metadata"]["finalizers"] == [FINALIZER]
    chart.require_clean_logs()
    said = chart.helm("uninstall", *WAIT)
    assert "may still run" in said, "helm shows what its hook found"
    assert not chart.pods()
    assert all(job.status()["state"] in ("Pending", "InProgress") for job in jobs)
    assert jobs[0].body()["metadata"].get("finalizers") is None
    left = chart.plane.kubectl("get", "job.batch,pod,serviceaccount,role", "-n", NAMESPACE, "-o", "json").stdout
    labels = [one["metadata"].get("labels") or {} for one in json.loads(left)["items"]]
    assert not [one for one in labels if one.get("app.kubernetes.io/instance") == "jobs"]
    chart.plane.kubectl("delete", "namespace", user.namespace, "--timeout=120s")
