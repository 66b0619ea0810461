"""A cluster of one node: the control plane with a scheduler, and kubelet, kube-proxy and containerd in a machine."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.support.controlplane import Binaries, ControlPlane, control_plane
from tests.support.controlplane.binaries import Report
from tests.support.controlplane.supervise import ControlPlaneError, Reaper, Server, get_status

from . import settings
from .archive import write_archive
from .machine import ADDRESS, NAME, Machine, machine
from .needs import BUSYBOX, NodeBinaries, find_binaries

START_SECONDS = 120.0
CLEAR = r"""
kept='^/(run/netns|run/containerd|var/lib/kubelet/pods)/'
for where in $(cut -d' ' -f2 /proc/mounts | grep -E "$kept" | sort -r); do
  umount --lazy "$where"
done
rm -rf /run/netns /run/containerd
"""
"""What the end of a machine takes: networks of pods, and all that was kept in memory."""


class Node:
    """`plane` is the cluster, `machine` where its pods run. Use it from a thread that is in the machine's network.
    Without a plane it is a kubelet alone, which runs static pods."""

    def __init__(self, plane: ControlPlane | None, place: Machine, binaries: NodeBinaries, reaper: Reaper) -> None:
        if plane is not None:
            self.plane = plane
        self._environment = plane.environment if plane else dict(os.environ)
        self.machine = place
        folder = place.folder
        kubeconfig = [f"--kubeconfig={plane.kubeconfig}"] if plane else []
        (folder / settings.STATIC_PODS).mkdir()
        self._socket = folder / "containerd.sock"
        settings.write_network(folder)
        toml = settings.write_containerd(folder, self._socket)
        kubelet = [
            f"--config={settings.write_kubelet(folder, self._socket)}",
            *kubeconfig,
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
            f"--cert-dir={folder / 'kubelet-certificates'}",
        ]
        scheduler = [*kubeconfig, "--leader-elect=false", "--secure-port=0"]

        def server(name: str, command: list[str]) -> Server:
            return Server(name, command, folder, reaper)

        self._scheduler = server("kube-scheduler", [str(binaries.kube_scheduler), *scheduler])
        self._containerd = server("containerd", place.inside("containerd", "--config", str(toml)))
        self._kubelet = server("kubelet", place.inside(str(binaries.kubelet), *kubelet))
        self._proxy: Server | None = None
        if plane:
            proxy = f"--config={settings.write_proxy(folder, plane.kubeconfig, NAME)}"
            self._proxy = server("kube-proxy", place.inside(str(binaries.kube_proxy), proxy))

    # -- its life

    def start(self) -> None:
        """Return when the node is Ready, and pods can be made in the namespace `default`."""
        if self._proxy:
            self._scheduler.start(lambda: True, START_SECONDS, self._environment)
        self._containerd.start(self._containerd_answers, START_SECONDS, os.environ)
        self._import_sandbox()
        self.start_kubelet()

    def start_kubelet(self) -> None:
        if self._proxy:
            self._proxy.start(lambda: True, START_SECONDS, self._environment)
        self._kubelet.start(self._is_ready if self._proxy else self._is_healthy, START_SECONDS, self._environment)

    def go_down(self) -> None:
        """As by a power cut: no process of the node is left, of pods neither, and nothing of what was in memory. The
        control plane stays."""
        self.machine.run("sh", "-c", "kill -9 -1", check=False)
        self._stop(self._kubelet, self._proxy, self._containerd)
        self.machine.run("sh", "-c", CLEAR)

    def come_up(self) -> None:
        """After `go_down`; return when the node is Ready."""
        self._containerd.start(self._containerd_answers, START_SECONDS, os.environ)
        self.start_kubelet()

    def stop(self) -> None:
        self._stop(self._kubelet, self._proxy, self._containerd, self._scheduler)

    @staticmethod
    def _stop(*servers: Server | None) -> None:
        for server in servers:
            if server:
                server.stop(kill=True)

    def _containerd_answers(self) -> bool:
        return self._ctr("version", check=False).returncode == 0

    def _is_ready(self) -> bool:
        found = self.plane.client.get(f"/api/v1/nodes/{NAME}")
        conditions = (found.get("status") or {}).get("conditions") or []
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        tainted = bool((found.get("spec") or {}).get("taints"))
        return ready and not tainted and self._is_healthy()

    def _is_healthy(self) -> bool:
        return get_status(http.client.HTTPConnection("127.0.0.1", 10248), "/healthz") == 200

    # -- images and pods

    def _import_sandbox(self) -> None:
        archive = self.machine.folder / "busybox.tar"
        write_archive(archive, settings.SANDBOX, BUSYBOX, [str(BUSYBOX), "sleep", "infinity"])
        self.import_image(archive)

    def import_image(self, archive: Path) -> None:
        """Of the archive, an OCI or a docker one, with the name that it has there."""
        self._ctr("images", "import", str(archive))

    def import_pinned(self, archive: Path, name: str, repository: str) -> str:
        """The same for the image `name`; the digest by which it can then be named in `repository`, too."""
        self.import_image(archive)
        listed = self._ctr("images", "list", f"name=={name}").stdout.splitlines()[1].split()
        (digest,) = (word for word in listed if word.startswith("sha256:"))
        self._ctr("images", "tag", name, f"{repository}@{digest}")
        return digest

    def _ctr(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise ControlPlaneError(f"cannot run {' '.join(command)}: {done.stderr.strip()}")
        return done

    def processes(self, pod_uid: str, program: str) -> list[int]:
        """The processes of a pod whose command line has `program` in it, as this machine counts them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"pod{pod_uid}" in (folder / "cgroup").read_text() and program in _command_line(folder):
                    found.append(int(folder.name))
        return found

    def signal(self, pod_uid: str, program: str, what: signal.Signals) -> None:
        """To each of these processes; there must be one."""
        found = self.processes(pod_uid, program)
        assert found, f"no process of the pod {pod_uid} runs {program}"
        for pid in found:
            os.kill(pid, what)

    def tails(self, names: Sequence[str] = ("kubelet", "containerd", "kube-proxy")) -> str:
        """The ends of the logs, for the message of a failure."""
        return "\n".join(
            f"--- {name}\n{chr(10).join((self.machine.folder / f'{name}.log').read_text().splitlines()[-15:])}"
            for name in names
        )


def _command_line(folder: Path) -> str:
    return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


@contextmanager
def node(folder: Path, planes: Binaries, report: Report | None = None) -> Iterator[Node]:
    """A cluster of one node in `folder`, which this thread is in the network of while the block lasts. Raises
    UnavailableError where the machine cannot hold one."""
    with ExitStack() as ends:
        place = ends.enter_context(machine(folder))
        ends.enter_context(place.network())
        plane = ends.enter_context(control_plane(binaries=planes, node_address=ADDRESS))
        reaper = ends.enter_context(closing(Reaper(None)))
        made = Node(plane, place, find_binaries(report), reaper)
        ends.callback(made.stop)
        made.start()
        yield made
