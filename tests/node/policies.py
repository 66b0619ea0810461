"""What enforces NetworkPolicies in a node: kube-network-policies, and the rules that bring it the packets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.controlplane.supervise import Reaper, Server
from tests.support.gobinary import GoProgram
from tests.support.node import Node
from tests.support.node.machine import ADDRESS, NAME

ENGINE = GoProgram(
    name="kube-network-policies",
    folder=Path(__file__).with_name("netpol"),
    package="sigs.k8s.io/kube-network-policies/cmd",
    files=("go.mod", "go.sum"),
    takes="two minutes",
)
QUEUE = 100
START_SECONDS = 60.0
ACCOUNT = Path("/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has its token, and this engine looks for it though it runs in no pod here."""
STARTS = f"""set -e
mkdir -p {ACCOUNT}
printf %s "$TOKEN" >{ACCOUNT}/token
cp "$AUTHORITY" {ACCOUNT}/ca.crt
unset TOKEN
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
table() {{ iptables -t mangle "$@"; }}
table -A POSTROUTING -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
table -A POSTROUTING -o lo -j ACCEPT
table -A POSTROUTING -m owner --uid-owner 0 -j ACCEPT
table -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
for protocol in tcp udp; do
  table -A POSTROUTING -p $protocol -j NFQUEUE --queue-num {QUEUE}
  table -A INPUT -i cni0 -p $protocol -j NFQUEUE --queue-num {QUEUE}
done
exec "$@"
"""
"""Its own rules are for nftables with a queue, which many kernels are built without. What root of the node sends is
left alone, as everywhere: the probes of the kubelet. Packets between pods pass a bridge only, and are seen here by
the setting; what pods send to the node itself, as to the API server, comes in by INPUT."""


@contextmanager
def enforced(node: Node) -> Iterator[Server]:
    """Policies hold in the node while the block lasts. Raises UnavailableError where the engine cannot be built."""
    with node.machine.outside():
        program = ENGINE.binary()
    plane = node.plane
    with closing(Reaper(None)) as reaper:
        engine = Server(
            "kube-network-policies",
            node.machine.inside(
                *("sh", "-c", STARTS, "sh", str(program)),
                *("--disable-nri", f"--hostname-override={NAME}", f"--nfqueue-id={QUEUE}"),
                *("--netfilter-bug-1766-fix=false", "--metrics-bind-address=127.0.0.1:9080", "-v=2"),
            ),
            node.machine.folder,
            reaper,
        )
        host, _, port = plane.url.rpartition("//")[2].rpartition(":")
        assert host == ADDRESS
        environment = os.environ | {
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
            "TOKEN": plane.admin_token,
            "AUTHORITY": str(plane.ca_file),
        }
        engine.start(lambda: _answers(node), START_SECONDS, environment)
        try:
            yield engine
        finally:
            for chain in ("POSTROUTING", "INPUT"):
                node.machine.run("iptables", "-t", "mangle", "-F", chain)
            engine.stop(kill=True)


def _answers(node: Node) -> bool:
    """Whether somebody reads the queue: else what is sent into it is lost."""
    queue = node.machine.run("cat", "/proc/net/netfilter/nfnetlink_queue", check=False).stdout
    return queue.split()[:1] == [str(QUEUE)]
