"""The first process in a node's namespaces: it makes them a machine, and waits for orphans until its input ends.

Run as a script, by `outside.py`: inside.py FOLDER NODE-NAME ADDRESS GATEWAY. What kubelet and containerd have in
fixed places is put into FOLDER; what they set for the whole machine goes into files there. When it ends, the kernel
ends all others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

FIXED = ("/var/lib/kubelet", "/var/log/pods", "/var/log/containers", "/var/lib/cni", "/opt/cni", "/etc/cni")
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
OF_THE_MACHINE = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Settings of the kernel that the kubelet changes and no namespace holds (read in source: setupKernelTunables)."""


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def mount(kind: str, where: Path, options: str = "") -> None:
    where.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", kind, *(("-o", options) if options else ()), kind, str(where))


def mount_cgroups() -> None:
    """Anew, so that the group of the namespace is the root of what is seen."""
    run("umount", "--lazy", "/sys")
    mount("sysfs", Path("/sys"))
    groups = Path("/sys/fs/cgroup")
    mount("tmpfs", groups)
    for controller in CONTROLLERS:
        mount("cgroup", groups / controller, controller)
    mount("cgroup", groups / "systemd", "none,name=systemd")


def put_into(folder: Path) -> None:
    for place in FIXED:
        Path(place).mkdir(parents=True, exist_ok=True)
        ours = folder / place.lstrip("/")
        ours.mkdir(parents=True, exist_ok=True)
        run("mount", "--bind", str(ours), place)
    for name in OF_THE_MACHINE:
        setting, file = Path("/proc/sys", name), folder / "sysctl" / name
        if setting.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(setting.read_text())
            run("mount", "--bind", str(file), str(setting))
    mount("tmpfs", Path("/run"))


def make_network(address: str, gateway: str) -> None:
    """The loopback with the node's address, and a default route to nowhere, which kubelet and API server look for."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{address}/32", "dev", "lo")
    run("ip", "link", "add", "uplink", "type", "bridge")
    run("ip", "address", "add", f"{gateway.rpartition('.')[0]}.1/24", "dev", "uplink")
    run("ip", "link", "set", "uplink", "up")
    run("ip", "route", "add", "default", "via", gateway, "dev", "uplink")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(folder: str, name: str, address: str, gateway: str) -> None:
    socket.sethostname(name)
    mount_cgroups()
    put_into(Path(folder))
    run("mount", "--make-rshared", "/")
    make_network(address, gateway)
    signal.signal(signal.SIGCHLD, reap)
    reap()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
