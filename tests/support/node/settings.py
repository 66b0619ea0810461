"""The files that containerd, the CNI plugins, kubelet and kube-proxy read."""

from __future__ import annotations

import json
from pathlib import Path

from .needs import CNI

PODS = "10.88.0.0/24"
SANDBOX = "localhost/busybox:1"
STATIC_PODS = "static-pods"
"""In the machine's folder: what the kubelet runs without being told by a cluster."""
RUN = "/run/containerd"
"""Gone when the node goes down, as what is in /run is."""

CONTAINERD = """\
version = 2
root = "{folder}/containerd"
state = "{run}"
disabled_plugins = [{disabled}]

[grpc]
  address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  disable_apparmor = true
  # Else no pod could start where this process itself may not lower its score, as in a container.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""
SNAPSHOTTERS = ("btrfs", "zfs", "devmapper", "aufs")


def write_containerd(folder: Path, socket: Path) -> Path:
    disabled = ", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in SNAPSHOTTERS)
    text = CONTAINERD.format(folder=folder, run=RUN, socket=socket, sandbox=SANDBOX, cni=CNI, disabled=disabled)
    return _written(folder / "containerd.toml", text)


def write_network(folder: Path) -> Path:
    """One bridge, whose pods reach the node and one another."""
    network = {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "hairpinMode": True,
                "ipMasq": False,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
    return _written(folder / "cni" / "10-pods.conflist", json.dumps(network))


def write_kubelet(folder: Path, socket: Path) -> Path:
    """Its JSON is YAML too. Nothing is evicted for want of room: the disk is that of the machine of the tests."""
    none = {"memory.available": "1Mi", "nodefs.available": "0%", "imagefs.available": "0%", "nodefs.inodesFree": "0%"}
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "containerRuntimeEndpoint": f"unix://{socket}",
        "resolvConf": "",
        "staticPodPath": str(folder / STATIC_PODS),
        "clusterDNS": ["10.0.0.10"],
        "evictionHard": none,
        "imageGCHighThresholdPercent": 100,
        "nodeStatusUpdateFrequency": "4s",
    }
    return _written(folder / "kubelet.json", json.dumps(config))


def write_proxy(folder: Path, kubeconfig: Path, name: str) -> Path:
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": PODS,
        "hostnameOverride": name,
        # Of the whole machine, all of them.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
    }
    return _written(folder / "proxy.json", json.dumps(config))


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
