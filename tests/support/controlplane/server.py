"""Start, stop and use one control plane."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from . import arguments, credentials
from .binaries import Binaries, UnavailableError, find_binaries
from .client import ApiClient
from .supervise import ControlPlaneError, Reaper, Server, free_ports, get_status

KEEP_VARIABLE = "CONTROLPLANE_KEEP"
START_SECONDS = 60.0
START_ATTEMPTS = 3
COMMAND_SECONDS = 240.0  # for kubectl and helm, which may wait for what never comes
POLITE_STOP_SECONDS = 2.0
TOKEN_SECONDS = 7200
TAKEN_PORT = "address already in use"


class ControlPlane:
    """A running control plane. Its tokens and its etcd are for tests on the loopback, never for users."""

    def __init__(
        self, binaries: Binaries, work_dir: Path, reaper: Reaper, *, controllers: bool, node_address: str = ""
    ) -> None:
        self.binaries = binaries
        self.work_dir = work_dir
        self.admin_token = secrets.token_hex(16)
        api_port, etcd_port = free_ports(2)
        self._host, self._port = node_address or "127.0.0.1", api_port
        self.url = f"https://{self._host}:{api_port}"
        self.ca_file = work_dir / "ca.crt"
        self.kubeconfig = work_dir / "admin.kubeconfig"
        self.audit_log = work_dir / "audit.log"
        self.apiserver_starts = 0
        self.has_controllers = controllers
        self.helm = binaries.helm
        key = credentials.write_private(work_dir / "service-account.key", credentials.private_key_pem())
        tokens = credentials.write_private(
            work_dir / "tokens.csv", f'{self.admin_token},admin,admin,"system:masters"\n'
        )
        policy = work_dir / "audit-policy.yaml"
        policy.write_text(arguments.AUDIT_POLICY)
        self._etcd_port = etcd_port
        etcd_url = f"http://127.0.0.1:{etcd_port}"
        etcd = arguments.etcd(url=etcd_url, data=work_dir / "etcd")
        apiserver = arguments.kube_apiserver(
            etcd_url=etcd_url,
            port=api_port,
            serving=work_dir / "serving",
            tokens=tokens,
            key=key,
            audit_policy=policy,
            audit_log=self.audit_log,
            without=arguments.without_admission(binaries.help_of_apiserver()),
            node_address=node_address,
        )
        self._etcd = Server("etcd", [str(binaries.etcd), *etcd], work_dir, reaper)
        self._apiserver = Server("kube-apiserver", [str(binaries.kube_apiserver), *apiserver], work_dir, reaper)
        self._controllers: Server | None = None
        self._client: ApiClient | None = None
        if controllers:
            program = binaries.kube_controller_manager
            if program is None:
                raise UnavailableError(f"cannot run controllers: no kube-controller-manager in {binaries.directory}")
            authority = self.ca_file if node_address else None
            manager = arguments.kube_controller_manager(kubeconfig=self.kubeconfig, key=key, authority=authority)
            self._controllers = Server(program.name, [str(program), *manager], work_dir, reaper)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of kubectl, helm and the servers: nothing of the user's own cluster set-up."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE", "ETCD_"))}
        env["KUBECONFIG"] = str(self.kubeconfig)
        # Ports come again: what kubectl remembers of another cluster at this address would be wrong.
        env["KUBECACHEDIR"] = str(self.work_dir / "kubectl-cache")
        env["KUBERC"] = "off"
        env.setdefault("GOGC", "400")  # a sixth less processor time, for memory that a test machine has
        for kind in ("CACHE", "CONFIG", "DATA"):
            env[f"HELM_{kind}_HOME"] = str(self.work_dir / "helm" / kind.lower())
        return env

    @property
    def client(self) -> ApiClient:
        """The admin's connection, for the thread that made the control plane."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    def new_client(self) -> ApiClient:
        """One more connection, for another thread."""
        return ApiClient(self.url, token=self.admin_token, ca_file=self.ca_file)

    def version(self) -> tuple[int, int]:
        """Major and minor version of the API server; on a connection of its own, so for any thread."""
        client = self.new_client()
        told = client.get("/version")
        client.close()
        return int(told["major"]), int(told["minor"].rstrip("+"))

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the servers that run, by name."""
        servers = [self._etcd, self._apiserver, *([self._controllers] if self._controllers else [])]
        return {server.name: server.pid for server in servers if server.pid is not None}

    def start(self) -> None:
        """Start all servers and return when they are ready."""
        self._etcd.start(self._etcd_healthy, START_SECONDS, self.environment)
        self.start_apiserver()
        if self._controllers is not None:
            # The default service account is the first thing that the controllers make.
            path = "/api/v1/namespaces/default/serviceaccounts/default"
            self._controllers.start(lambda: self._answers(path), START_SECONDS, self.environment)

    def stop(self) -> None:
        """Stop all servers at once; their data is not needed any more."""
        if self._client is not None:
            self._client.close()
        for server in (self._controllers, self._apiserver, self._etcd):
            if server is not None:
                server.stop(kill=True)

    @contextmanager
    def restored_to_now(self) -> Iterator[None]:
        """When the block ends, everything is as it is now: etcd's data is put back, as from a backup of the disk."""
        data, copy = self.work_dir / "etcd", self.work_dir / "etcd-backup"
        self._stop_store()
        shutil.copytree(data, copy)
        self._start_store()
        yield
        self._stop_store()
        shutil.rmtree(data)
        copy.rename(data)
        self._start_store()

    def _stop_store(self) -> None:
        self.stop_apiserver(kill=True)
        self._etcd.stop()

    def _start_store(self) -> None:
        self._etcd.start(self._etcd_healthy, START_SECONDS, self.environment)
        self.start_apiserver()

    def start_apiserver(self) -> None:
        """Start the API server on its port and data; return when it is ready."""
        self.apiserver_starts += 1
        # The default namespace comes a moment after the server says that it is ready.
        ready = "/readyz", "/api/v1/namespaces/default"
        self._apiserver.start(lambda: all(map(self._answers, ready)), START_SECONDS, self.environment)

    def stop_apiserver(self, *, kill: bool = False) -> None:
        """Stop the API server, politely or as a crash would: connections are refused until it is started."""
        # Open watches hold a polite stop up for as long as it is allowed to last.
        self._apiserver.stop(kill=kill, seconds=POLITE_STOP_SECONDS)

    def restart_apiserver(self, *, kill: bool = False) -> None:
        """Stop and start the API server on the same port and data."""
        self.stop_apiserver(kill=kill)
        self.start_apiserver()

    def port_was_taken(self) -> bool:
        """Whether a start failed because another process took the port meanwhile."""
        return any(s.log.exists() and TAKEN_PORT in s.since_start() for s in (self._etcd, self._apiserver))

    def _etcd_healthy(self) -> bool:
        return get_status(http.client.HTTPConnection("127.0.0.1", self._etcd_port, timeout=2), "/health") == 200

    def _answers(self, path: str) -> bool:
        if not self.ca_file.exists() and not self._take_certificate():
            return False
        context = ssl.create_default_context(cafile=str(self.ca_file))
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=5, context=context)
        return get_status(connection, path, self.admin_token) == 200

    def _take_certificate(self) -> bool:
        # kube-apiserver makes its certificate and an authority for it at its first start, and writes the
        # certificate before the key: with the key there the certificate is complete.
        serving = self.work_dir / "serving"
        if not (serving / "apiserver.key").exists():
            return False
        authority = credentials.last_certificate((serving / "apiserver.crt").read_text())
        self.ca_file.write_text(authority)
        self._write_kubeconfig(self.kubeconfig, "admin", self.admin_token, "default")
        return True

    def _write_kubeconfig(self, path: Path, user: str, token: str, namespace: str) -> Path:
        ca = self.ca_file.read_text()
        return credentials.write_kubeconfig(path, url=self.url, ca=ca, user=user, token=token, namespace=namespace)

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
        check: bool = True,
        kubeconfig: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the admin, or with another kubeconfig; a failure carries what kubectl said."""
        return self._run(self.binaries.kubectl, args, input, check, kubeconfig)

    def run_helm(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
        check: bool = True,
        kubeconfig: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run helm in the same way."""
        if self.helm is None:
            raise UnavailableError(f"cannot run helm: there is none in {self.binaries.directory}")
        return self._run(self.helm, args, input, check, kubeconfig)

    def _run(
        self, program: Path, args: tuple[str, ...], stdin: str | None, check: bool, kubeconfig: Path | None
    ) -> subprocess.CompletedProcess[str]:
        env = self.environment | ({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})
        try:
            result = subprocess.run(
                [str(program), *args],
                input=stdin or "",
                env=env,
                capture_output=True,
                text=True,
                check=False,
                timeout=COMMAND_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            said = f"no end within {COMMAND_SECONDS:g} s"
            raise ControlPlaneError(f"cannot run {program.name} {' '.join(args)}: {said}") from error
        if check and result.returncode != 0:
            said = (result.stderr or result.stdout).strip()
            raise ControlPlaneError(f"cannot run {program.name} {' '.join(args)}: {said}")
        return result

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """Write a kubeconfig with a fresh token of an existing service account: its RBAC is real."""
        asked_of = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        with closing(self.new_client()) as client:  # in whatever thread this is
            asked = client.call("POST", asked_of, {"spec": {"expirationSeconds": TOKEN_SECONDS}}).ok()
        token = asked["status"]["token"]
        path = self.work_dir / "kubeconfigs" / f"{namespace}.{service_account}.kubeconfig"
        return self._write_kubeconfig(path, service_account, token, namespace)


@contextmanager
def control_plane(
    *, controller_manager: bool = True, binaries: Binaries | None = None, node_address: str = ""
) -> Iterator[ControlPlane]:
    """Run a control plane of its own: etcd, kube-apiserver and, unless refused, the controllers. `node_address`:
    where the pods of a node reach it, see tests/support/node."""
    found = binaries or find_binaries()
    for attempt in range(1, START_ATTEMPTS + 1):
        work_dir = Path(tempfile.mkdtemp(prefix="controlplane-"))
        # The watcher removes the folder in every case; CONTROLPLANE_KEEP=1 leaves it, to read the logs.
        with closing(Reaper(None if os.environ.get(KEEP_VARIABLE) else work_dir)) as reaper:
            plane = ControlPlane(found, work_dir, reaper, controllers=controller_manager, node_address=node_address)
            try:
                plane.start()
            except ControlPlaneError:
                plane.stop()
                if attempt < START_ATTEMPTS and plane.port_was_taken():
                    continue
                raise
            try:
                yield plane
            finally:
                plane.stop()
            return
