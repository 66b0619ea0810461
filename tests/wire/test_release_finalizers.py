"""`zilliz-jobs release-finalizers`: a namespace must not hang for ever because its operator is gone.

Against the stand-in and against a real API server alike.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.support.cloud import LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.published import install_crds
from tests.support.standin import StandIn, stand_in
from typer.testing import CliRunner

from zilliz_jobs.cli.app import app
from zilliz_jobs.cli.release import in_the_cloud
from zilliz_jobs.kinds import JOB_KINDS

OURS = "jobs.zilliz.com/cleanup"
THEIRS = "example.com/hold"
RUNS = {"state": "InProgress", "submission": {"token": "t", "evidence": "Answered", "handle": {"jobId": "job-7"}}}
SENT = {"submission": {"token": "t", "evidence": "Sending", "sends": 1, "intentTime": "2026-03-01T12:00:00Z"}}


@dataclass
class Stage:
    plane: Any
    namespace: str

    def job(self, name: str, *, status: dict[str, Any] | None = None, finalizers: tuple[str, ...] = (OURS,)) -> None:
        body = {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "BackupJob",
            "metadata": {"name": name, "namespace": self.namespace, "finalizers": list(finalizers)},
            "spec": {"clusterId": "in01-1"},
        }
        self.kubectl("create", "-f", "-", stdin=json.dumps(body))
        if status:
            patch = json.dumps({"status": status})
            self.kubectl("patch", "backupjob", name, "--subresource=status", "--type=merge", "-p", patch)

    def delete(self, name: str) -> None:
        self.kubectl("delete", "backupjob", name, "--wait=false")

    def finalizers(self, name: str) -> list[str] | None:
        """None: the object is gone."""
        done = self.plane.kubectl("-n", self.namespace, "get", "backupjob", name, "-o", "json", check=False)
        return None if done.returncode else json.loads(done.stdout)["metadata"].get("finalizers", [])

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        return str(self.plane.kubectl("-n", self.namespace, *args, input=stdin).stdout)

    def release(self, *args: str) -> Result:
        flags = ["--kubeconfig", str(self.plane.kubeconfig), *(args or ("-n", self.namespace))]
        return CliRunner().invoke(app, ["release-finalizers", *flags])


@pytest.fixture(scope="module")
def stand() -> Iterator[StandIn]:
    thread = LoopThread()
    try:
        with stand_in(thread, find_kubectl()) as plane:
            yield plane
    finally:
        thread.close()


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.controlplane)])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "real":
        plane = request.getfixturevalue("real_cluster")
        install_crds(plane)
        stage = Stage(plane, request.getfixturevalue("cluster_namespace"))
    else:
        plane = request.getfixturevalue("stand")
        stage = Stage(plane, f"test-{secrets.token_hex(4)}")
        plane.kubectl("create", "namespace", stage.namespace)
    yield stage
    stage.release("-n", stage.namespace, "--all")


def test_what_hangs_is_freed_and_what_may_still_run_is_told(stage: Stage) -> None:
    stage.job("runs", status=RUNS)
    stage.job("sent", status=SENT)
    stage.job("fresh")
    for name in ("runs", "sent", "fresh"):
        stage.delete(name)
    assert stage.finalizers("runs") == [OURS]
    done = stage.release()
    assert done.exit_code == 0, done.output
    assert [stage.finalizers(name) for name in ("runs", "sent", "fresh")] == [None, None, None]
    lines = {line.split()[2]: line for line in done.output.splitlines()}
    assert "freed" in lines["runs"]
    assert "may still run: jobId job-7" in lines["runs"]
    assert "the submission of 2026-03-01 12:00:00+00:00 has no known end" in lines["sent"]
    assert "nothing was submitted" in lines["fresh"]


def test_a_second_time_there_is_nothing_to_do(stage: Stage) -> None:
    stage.job("runs", status=RUNS)
    stage.delete("runs")
    assert stage.release().exit_code == 0
    again = stage.release()
    assert (again.exit_code, again.output) == (0, "No object waits for the finalizer of the operator.\n")


def test_a_dry_run_changes_nothing(stage: Stage) -> None:
    stage.job("runs", status=RUNS)
    stage.delete("runs")
    done = stage.release("-n", stage.namespace, "--dry-run")
    assert done.exit_code == 0
    assert "would be freed" in done.output
    assert stage.finalizers("runs") == [OURS]


def test_objects_that_nobody_deleted_are_left_alone_unless_all_are_wanted(stage: Stage) -> None:
    """Their operator may come back, and cancel their jobs when they are deleted."""
    stage.job("lives", status=RUNS)
    assert "No object waits" in stage.release().output
    assert stage.finalizers("lives") == [OURS]
    done = stage.release("-n", stage.namespace, "--all")
    assert "freed" in done.output
    assert stage.finalizers("lives") == []


def test_the_finalizers_of_others_stay(stage: Stage) -> None:
    stage.job("held", finalizers=(THEIRS, OURS))
    stage.job("theirs", finalizers=(THEIRS,))
    stage.delete("held")
    stage.delete("theirs")
    done = stage.release()
    assert f"others hold it still: {THEIRS}" in done.output
    assert "theirs  " not in done.output
    assert stage.finalizers("held") == [THEIRS]
    stage.kubectl("patch", "backupjob", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    stage.kubectl("patch", "backupjob", "theirs", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def test_all_namespaces_in_one_go(stage: Stage) -> None:
    stage.job("runs", status=RUNS)
    stage.delete("runs")
    done = stage.release("--all-namespaces")
    assert done.exit_code == 0, done.output
    assert stage.namespace in done.output
    assert stage.finalizers("runs") is None


def test_a_namespace_and_all_of_them_is_a_slip(stage: Stage) -> None:
    assert stage.release("-n", "x", "--all-namespaces").exit_code == 2


def test_an_api_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        json.dumps(
            {
                "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                "users": [{"name": "c", "user": {}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
            }
        )
    )
    done = CliRunner().invoke(app, ["release-finalizers", "--kubeconfig", str(tmp_path / "config")])
    assert done.exit_code == 2
    assert done.output.startswith("zilliz-jobs: cannot GET")
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"state": "Successful", "completionTime": "2026-03-01T12:00:00Z"}, "nothing runs: the job is Successful"),
        ({"submission": "edited"}, "its record cannot be read"),
        ({"submission": {"handle": {"clusterId": "in01", "backupId": "b1"}}}, "backupId b1, clusterId in01"),
    ],
)
def test_what_is_told_of_the_cloud(status: dict[str, Any], told: str) -> None:
    (kind,) = [kind for kind in JOB_KINDS if kind.resource.kind == "BackupJob"]
    assert told in in_the_cloud(kind, {"status": status, "metadata": {}})


def test_a_clone_that_is_half_way_names_what_it_leaves() -> None:
    """A backup that nobody deletes costs money every month."""
    (kind,) = [kind for kind in JOB_KINDS if kind.resource.kind == "CloneCollectionJob"]
    step = {"name": "Backup", "state": "Successful", "handle": {"backupId": "b1", "clusterId": "in01"}}
    told = in_the_cloud(kind, {"status": {"state": "InProgress", "steps": [step]}, "metadata": {}})
    assert "b1" in told
