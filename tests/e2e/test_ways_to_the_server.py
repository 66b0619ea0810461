"""The operator reaches the API server wherever kubectl does with the same kubeconfig and the same environment:
with its requests and with its watches. What it cannot do it says in one line, and ends."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.charted import Release
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.supervise import free_ports
from tests.support.forkserver import ForkServer
from tests.support.operators import SOURCE, OperatorProcess
from tests.support.user import User

pytestmark = pytest.mark.controlplane

IN_THE_CERTIFICATE = "kubernetes.default.svc"
NOWHERE = "api.cluster.example"  # no resolver knows it, and no certificate


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy: CONNECT to any name leads to the API server."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.upstream, self.asked = ("127.0.0.1", port), []
        super().__init__(("127.0.0.1", 0), _Through)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Through(socketserver.StreamRequestHandler):
    server: Tunnel

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            continue
        self.server.asked.append(line.split(" ")[1])
        with socket.create_connection(self.server.upstream) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
            back.start()
            _pump(self.connection, there)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def tunnel(cluster: ControlPlane) -> Iterator[Tunnel]:
    with Tunnel(int(cluster.url.rpartition(":")[2])) as tunnel:
        threading.Thread(target=tunnel.serve_forever, daemon=True).start()
        yield tunnel
        tunnel.shutdown()


def changed(release: Release, path: Path, **cluster: Any) -> Release:
    """The same operator, with another kubeconfig."""
    config = json.loads(release.kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= {name.replace("_", "-"): value for name, value in cluster.items()}
    path.write_text(json.dumps(config))
    return replace(release, kubeconfig=path)


def kubectl(cluster: ControlPlane, release: Release, **environ: str) -> str:
    """What kubectl makes of the same; the judge."""
    command = [cluster.binaries.kubectl, "--kubeconfig", release.kubeconfig, "get", "--raw", "/readyz"]
    done = subprocess.run(command, env=cluster.environment | environ, capture_output=True, text=True, timeout=30)
    return done.stdout if done.returncode == 0 else done.stderr


def require_work(cluster: ControlPlane, operator: OperatorProcess, namespace: str) -> None:
    """A watch tells of an object, and a request writes its status."""
    operator.start()
    user = User(cluster, namespace, operator)
    try:
        user.create("BackupJob", "seen", {"clusterId": "in01-0123456789abcde"}).until_reason("ConnectionNotFound")
    finally:
        user.clear()
        user.close()
        operator.close()
    operator.require_clean_log()


@pytest.mark.parametrize("by", ["proxy-url", "environment"])
def test_through_a_proxy_to_a_name_that_only_the_proxy_knows(
    cluster: ControlPlane, release: Release, tunnel: Tunnel, cluster_namespace: str, tmp_path: Path, by: str
) -> None:
    port = cluster.url.rpartition(":")[2]
    fields = {"server": f"https://{NOWHERE}:{port}", "tls_server_name": IN_THE_CERTIFICATE}
    environ = {"HTTPS_PROXY": tunnel.url} if by == "environment" else {}
    if by == "proxy-url":
        fields["proxy_url"] = tunnel.url
    same = changed(release, tmp_path / "kubeconfig", **fields)
    assert kubectl(cluster, same, **environ) == "ok"
    tunnel.asked.clear()
    operator = OperatorProcess(cluster, tmp_path / "log", release=same, trust_env=by == "environment")
    operator._environment |= environ
    require_work(cluster, operator, cluster_namespace)
    assert set(tunnel.asked) == {f"{NOWHERE}:{port}"}
    assert len(tunnel.asked) > 5, "the watches go there too"


def test_a_network_in_no_proxy_is_reached_directly(
    cluster: ControlPlane, release: Release, cluster_namespace: str, tmp_path: Path
) -> None:
    (nobody,) = free_ports(1)
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{nobody}", "NO_PROXY": "127.0.0.0/8,.svc"}
    assert kubectl(cluster, release, **environ) == "ok"
    operator = OperatorProcess(cluster, tmp_path / "log", release=release, trust_env=True)
    operator._environment |= environ
    require_work(cluster, operator, cluster_namespace)


@pytest.mark.parametrize(
    ("cluster_fields", "user_fields", "told"),
    [
        ({"proxy-url": "socks5://127.0.0.1:1080"}, {}, "only http:// and https:// proxies are supported"),
        ({}, {"as": "somebody"}, "the user's field 'as' is not supported"),
        ({}, {"auth-provider": {"name": "azure"}}, "auth-provider 'azure' is not supported"),
        (
            {},
            {"token": "", "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}},
            "the exec plugin gave no credentials",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_at_the_start(
    release: Release, tmp_path: Path, cluster_fields: dict[str, Any], user_fields: dict[str, Any], told: str
) -> None:
    config = json.loads(release.kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= cluster_fields
    config["users"][0]["user"] |= user_fields
    (path := tmp_path / "kubeconfig").write_text(json.dumps(config))
    environ = {"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", "ZILLIZ_JOBS_LOG_LEVEL": "error"}
    code, printed = ForkServer.only().run("zilliz_jobs.cli.app", ["operator", "--kubeconfig", str(path)], environ)
    assert code == 2
    assert told in printed
    assert "Traceback" not in printed
