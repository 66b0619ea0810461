"""What a machine must have to hold a node, and the programs that are built for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane.binaries import Report, UnavailableError, build_once, cache_entry, is_complete
from tests.support.controlplane.gobuild import NODE

CNI = Path("/usr/lib/cni")
"""Where Debian puts the plugins."""
BUSYBOX = Path("/bin/busybox")
TOOLS = ("containerd", "ctr", "runc", "nft", "iptables", "conntrack", "ip", "unshare", "nsenter", "mount")
PACKAGES = "containerd runc containernetworking-plugins nftables iptables conntrack busybox-static"
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")
GROUPS = Path("/sys/fs/cgroup")
NAMESPACES = ("--mount", "--net", "--pid", "--cgroup", "--uts", "--ipc")


@dataclass(frozen=True)
class NodeBinaries:
    kubelet: Path
    kube_proxy: Path
    kube_scheduler: Path


def require() -> None:
    """Raise UnavailableError, with what to do, where no node can run."""
    if os.geteuid() != 0:
        raise UnavailableError("only root may make a node's namespaces and cgroups")
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    lacking += [str(path) for path in (CNI / "bridge", CNI / "host-local", BUSYBOX) if not path.exists()]
    if lacking:
        raise UnavailableError(f"there is no {' and no '.join(lacking)} here (Debian: apt-get install {PACKAGES})")
    absent = [name for name in CONTROLLERS if not (GROUPS / name / "cgroup.procs").exists()]
    if absent:
        raise UnavailableError(
            f"there is no cgroup of version 1 for {', '.join(absent)} in {GROUPS}, and version 2 is not supported"
        )
    if subprocess.run(["unshare", *NAMESPACES, "--fork", "true"], capture_output=True, check=False).returncode != 0:
        raise UnavailableError("root may not make namespaces here; give the container CAP_SYS_ADMIN")
    if not os.access(GROUPS / "memory", os.W_OK) or _is_read_only(GROUPS / "memory"):
        raise UnavailableError(f"the cgroups in {GROUPS} cannot be written; give the container its own")


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def find_binaries(report: Report | None = None) -> NodeBinaries:
    """Those of the cache, built unless they are there: seven minutes from nothing. Raises UnavailableError."""
    entry = cache_entry(os.environ, NODE)
    if not is_complete(entry, NODE):
        build_once(entry, report or (lambda line: None), os.environ, NODE)
    return NodeBinaries(entry / "kubelet", entry / "kube-proxy", entry / "kube-scheduler")
