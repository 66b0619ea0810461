"""The demo as a user runs it: the whole of it, in processes, without a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.kube.client import KubeClient
from zilliz_local.demo.cluster import Cluster
from zilliz_local.demo.trouble import CannotStart
from zilliz_local.kube import KubeApi

BOUND = 60.0

Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Starter]:
    """Starts the demo with a temporary folder of its own, where its files are found."""
    started: list[subprocess.Popen[str]] = []

    def start(*flags: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "zilliz_local.demo", *flags],
            env=os.environ | {"TMPDIR": str(tmp_path)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def cloud_of(folder: Path) -> str:
    """The URL of the demo's simulator, as soon as it listens."""
    deadline = time.monotonic() + BOUND
    while not (found := list(folder.glob("*/cloud.url"))):
        assert time.monotonic() < deadline, "the simulator never started"
        time.sleep(0.02)
    return found[0].read_text().strip()


def tell(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).read()


def is_up(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/_sim/health", timeout=2).read()
    except (urllib.error.URLError, OSError):
        return False
    return True


def test_the_whole_story_comes_true(demo: Starter, tmp_path: Path) -> None:
    process = demo("--speed", "3", COLUMNS="120")
    output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 0, output
    assert "\x1b" not in output, "no control codes without a terminal"
    assert "the cloud's ledger: 23 attempts, 23 submissions, none twice" in output
    assert "✗" not in output
    said = re.sub(" +", " ", output)
    assert "exportjob/movies-files BackupNotReady: BackupJob movies is" in said
    assert (
        "restorejob/movies-copy CredentialsStored: user name and password are in Secret movies-copy-credentials"
        in said
    )
    assert "scalereplicasjob/double ClusterBusy: another job of this cluster is at work" in said
    assert "suspendclusterjob/again AlreadyInState: the cluster is suspended already" in said
    assert "kubectl annotate importjob/films-broken jobs.zilliz.com/retry-requested=" in output
    assert "kubectl zilliz run weekly" in output
    assert re.search(r"exportjob/weekly-r[0-9a-f]{8}-export +WaitingFor", output)
    assert output.index("kind: ImportJob") < output.index("see it: kubectl get importjob/films")
    assert "demo-secret-key" not in output
    assert re.search(r"jobcenter/demo Ready: (\d+) of \1 jobs are shown", said)
    assert re.search(r"kubectl annotate projectjob/demo-\w{12} jobs.zilliz.com/cancel-requested=", output)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_cloud_that_fails_the_imports_fails_the_demo_and_is_named(demo: Starter, tmp_path: Path) -> None:
    process = demo("--speed", "3", COLUMNS="120")
    tell(f"{cloud_of(tmp_path)}/_sim/next", {"type": "IMPORT", "failure": "disk full", "times": 9})
    output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 1, output
    assert "✗   importjob/films " in output
    assert "disk full" in output
    assert "logs: " in output
    assert list(tmp_path.glob("*/operator.log")), "the logs stay where the output says"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the process by /proc")
def test_a_stand_in_that_dies_ends_the_demo_with_its_last_words(demo: Starter, tmp_path: Path) -> None:
    process = demo()
    cloud_of(tmp_path)
    os.kill(running("zilliz_local.cloud", tmp_path), signal.SIGKILL)
    output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 2, output
    assert "the cloud ended by itself" in output or "cannot reach the simulated cloud" in output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_what_it_started_ends_with_it(demo: Starter, tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = demo()
    url = cloud_of(tmp_path)
    assert is_up(url)
    process.send_signal(number)
    output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == code
    said = "stopped: all that the demo started on this machine has ended, and its files are removed" in output
    assert said is (number != signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (is_up(url) or list(tmp_path.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_up(url)
    assert list(tmp_path.iterdir()) == []


def test_kept_it_says_how_to_look_around_and_ends_by_signal(demo: Starter, tmp_path: Path) -> None:
    process = demo("--keep", "--speed", "4")
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if "Ctrl-C ends all of it." in line:
            break
    assert f"export KUBECONFIG={tmp_path}" in output
    assert is_up(cloud_of(tmp_path))
    assert "kubectl zilliz run weekly --wait" in output
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 0, output
    assert "all that the demo started on this machine has ended, and its files are removed" in rest
    assert list(tmp_path.iterdir()) == []


def secret(name: str, namespace: str, **annotations: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta}


async def test_on_a_cluster_of_the_users_own_only_what_it_made_is_removed(demo: Starter, tmp_path: Path) -> None:
    async with KubeApi() as kube:
        kube.create(secret("zilliz-api-key", "default"))
        config = tmp_path.parent / f"{tmp_path.name}.kubeconfig"
        kube.write_kubeconfig(config)
        process = demo("--kubeconfig", str(config), "--yes", "--speed", "4", COLUMNS="120")
        output, _ = await asyncio.to_thread(process.communicate, timeout=BOUND)
        assert process.returncode == 0, output
        assert "kubectl apply -f examples/00-api-key.yaml -n zilliz-jobs-demo" in output
        assert "could not remove" not in output
        assert [o["metadata"]["namespace"] for o in kube.objects("secrets")] == ["default"]
        assert kube.objects("customresourcedefinitions.apiextensions.k8s.io") == []
        assert "zilliz-jobs-demo" not in [o["metadata"]["name"] for o in kube.objects("namespaces")]


RESTORE = {
    "apiVersion": API_VERSION,
    "kind": "RestoreJob",
    "metadata": {"name": "movies-copy", "namespace": "team"},
    "spec": {
        "backup": {"backupJobRef": {"name": "movies"}},
        "newCluster": {"projectId": "proj-demo0000000000000001", "cuSize": 2},
    },
}


@pytest.fixture
async def kube() -> AsyncIterator[KubeApi]:
    """An API with a namespace that somebody works in, and their Secret in it."""
    async with KubeApi() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
        api.create(secret("ours", "team"))
        yield api


@pytest.fixture
async def cluster(kube: KubeApi, tmp_path: Path) -> AsyncIterator[Cluster]:
    config = tmp_path / "kubeconfig"
    kube.write_kubeconfig(config)
    async with await KubeClient.connect(kubeconfig=str(config)) as client:
        yield Cluster(client, "team")


def secrets_of(kube: KubeApi) -> list[str]:
    return [found["metadata"]["name"] for found in kube.objects("secrets", namespace="team")]


async def test_the_credentials_that_the_operator_stored_go_with_the_job_that_the_demo_made(
    kube: KubeApi, cluster: Cluster
) -> None:
    found = await cluster.inspect([RESTORE])
    await cluster.prepare(found)
    await cluster.apply(RESTORE)
    made_for = {"jobs.zilliz.com/made-for": "RestoreJob/movies-copy"}
    kube.create(secret("movies-copy-credentials", "team", **made_for))  # as the operator does
    assert await cluster.clean(found) == []
    assert secrets_of(kube) == ["ours"]
    assert "team" in [found["metadata"]["name"] for found in kube.objects("namespaces")]


async def test_a_secret_of_that_name_that_somebody_else_made_meanwhile_stays(kube: KubeApi, cluster: Cluster) -> None:
    found = await cluster.inspect([RESTORE])
    await cluster.prepare(found)
    await cluster.apply(RESTORE)
    kube.create(secret("movies-copy-credentials", "team"))
    assert await cluster.clean(found) == []
    assert secrets_of(kube) == ["movies-copy-credentials", "ours"]


async def test_credentials_of_an_earlier_job_are_not_touched_and_said_to_be_in_the_way(
    kube: KubeApi, cluster: Cluster
) -> None:
    made_for = {"jobs.zilliz.com/made-for": "RestoreJob/movies-copy"}
    kube.create(secret("movies-copy-credentials", "team", **made_for))
    with pytest.raises(CannotStart, match="secret/movies-copy-credentials: namespace team has one already"):
        await cluster.inspect([RESTORE])


def test_a_cluster_that_cannot_be_reached_is_one_sentence(demo: Starter, tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig.json"
    cluster = {"name": "a", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "a", "context": {"cluster": "a", "user": "a"}}
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [cluster],
                "users": [{"name": "a", "user": {}}],
                "contexts": [context],
                "current-context": "a",
            }
        )
    )
    process = demo("--kubeconfig", str(config), "--yes")
    output, _ = process.communicate(timeout=BOUND)
    assert process.returncode == 2
    assert output.startswith("cannot use the cluster at http://127.0.0.1:9: ")
    assert output.count("\n") == 1


def running(module: str, folder: Path) -> int:
    """The process that runs `module` with files in `folder`."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_text()
        except OSError:
            continue
        if module in words and str(folder) in words:
            return int(entry.parent.name)
    raise AssertionError(f"{module} does not run")
