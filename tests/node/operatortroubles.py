"""What makes each alert fire that tells of the operator itself, its definitions and its watches; and what ends it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from tests.node.alertstage import Stage
from tests.node.planted import planted
from tests.node.stage import FULL_NAME, NAMESPACE, OPERATOR, WAIT, Chart
from tests.support.cloud import SPEED
from tests.support.published import CRDS

DEPLOYMENT = f"deployment/{FULL_NAME}"
WORKERS = 32
"""Of the operator, unless its settings say otherwise."""
API_SERVER, PORT = "10.0.0.1", 443
QUIET_MILLISECONDS = 15_000
"""A connection on which the operator has sent nothing for so long is that of a watch."""


@contextmanager
def no_leader(stage: Stage) -> Iterator[None]:
    stage.chart.plane.kubectl("-n", NAMESPACE, "scale", DEPLOYMENT, "--replicas=0")
    stage.chart.until("no pod is left", lambda: not stage.chart.pods())
    yield
    stage.chart.plane.kubectl("-n", NAMESPACE, "scale", DEPLOYMENT, "--replicas=2")
    stage.chart.until_all_ready()


@contextmanager
def two_leaders(stage: Stage) -> Iterator[None]:
    _set_election(stage.chart, "false")
    yield
    _set_election(stage.chart, "true")


def _set_election(chart: Chart, elects: str) -> None:
    chart.plane.kubectl("-n", NAMESPACE, "set", "env", DEPLOYMENT, f"ZILLIZ_JOBS_LEADER_ELECT={elects}")
    until_rolled_out(chart)


def until_rolled_out(chart: Chart) -> None:
    chart.plane.kubectl("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=120s")
    chart.until_all_ready()


@contextmanager
def queue_stuck(stage: Stage) -> Iterator[None]:
    """Each worker waits for an answer of the cloud, and more objects wait for a worker."""
    rule = stage.cloud.fault("*", "latency", times=None, seconds=20)
    stage.many(2 * WORKERS)
    yield
    stage.cloud.lift(rule)


@contextmanager
def crd_outdated(stage: Stage) -> Iterator[None]:
    take_from_status(stage.chart, "backupjobs", "submission", "baseline")
    stage.chart.plane.kubectl("-n", NAMESPACE, "rollout", "restart", DEPLOYMENT)
    until_rolled_out(stage.chart)
    stage.labels = {"kind": "BackupJob"}
    yield  # the runbook has the cure


def take_from_status(chart: Chart, plural: str, *path: str) -> None:
    """As in the definition of a release that did not know the field yet. An operator looks when it starts."""
    crd = yaml.safe_load((CRDS / f"{plural}.yaml").read_text())
    *parents, taken = ("status", *path)
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for name in parents:
        schema = schema["properties"][name]
    del schema["properties"][taken]
    change = [{"op": "replace", "path": "/spec/versions", "value": crd["spec"]["versions"]}]
    chart.plane.kubectl("patch", "crd", crd["metadata"]["name"], "--type=json", "--patch", json.dumps(change))


@contextmanager
def kind_not_watched(stage: Stage) -> Iterator[None]:
    stage.chart.plane.kubectl("delete", "crd", "samplecollectionjobs.jobs.zilliz.com")
    stage.labels = {"kind": "SampleCollectionJob"}
    yield  # the runbook has the cure
    stage.chart.helm("upgrade", "--take-ownership", "--force-conflicts", *WAIT, **stage.chart.values)


@contextmanager
def watch_stale(stage: Stage) -> Iterator[None]:
    """A firewall forgets connections that are open: nothing comes in by them any more, and nobody is told."""
    stage.cloud.next_job("BACKUP", run_seconds=120 * SPEED)
    job = stage.user.backup(stage.cloud)
    job.until("runs", lambda status: status.get("state") == "InProgress")
    (pid, *_) = stage.chart.node.processes(stage.chart.leader()["metadata"]["uid"], OPERATOR)

    def inside(*command: str) -> str:
        entered = ["nsenter", "--target", str(pid), "--net", "--", *command]
        return subprocess.run(entered, capture_output=True, text=True, check=True).stdout

    def quiet() -> list[str]:
        lines = inside("ss", "-tinHO", "state", "established", "dst", f"{API_SERVER}:{PORT}").splitlines()
        found = ((re.search(r":(\d+)\s", line), re.search(r"lastsnd:(\d+)", line)) for line in lines)
        return [port[1] for port, last in found if port and last and int(last[1]) > QUIET_MILLISECONDS]

    for port in stage.chart.until("watches are open", quiet):
        answers = ("-p", "tcp", "-s", API_SERVER, "--sport", str(PORT), "--dport", port)
        inside("iptables", "-A", "INPUT", *answers, "-j", "DROP")
    stage.labels = {"kind": "BackupJob"}
    yield  # the runbook has the cure: other pods
    until_rolled_out(stage.chart)


@contextmanager
def clock_off(stage: Stage) -> Iterator[None]:
    with planted(stage.chart):
        until_rolled_out(stage.chart)
        stage.names |= {"pod": stage.chart.leader()["metadata"]["name"]}
        yield


@contextmanager
def swept(stage: Stage) -> Iterator[None]:
    with _defective(stage, "BackupJob"):
        stage.user.backup(stage.cloud, "forgotten")
        yield


@contextmanager
def pass_hung(stage: Stage) -> Iterator[None]:
    with _defective(stage, "ImportJob"):
        stage.user.importing(stage.cloud, "hangs")
        yield


@contextmanager
def _defective(stage: Stage, kind: str) -> Iterator[None]:
    """The operator, as long as the alert on jobs of this kind is to fire."""
    stage.labels = {"kind": kind}
    with planted(stage.chart):
        yield
    until_rolled_out(stage.chart)
