"""A real node for tests: kubelet, containerd and kube-proxy of this machine, in namespaces of their own.

For tests only, as the control plane beside it is: the kubelet asks nobody who he is.
"""

from tests.support.controlplane.binaries import UnavailableError

from .machine import Machine, machine
from .needs import require
from .node import Node, node

__all__ = ["Machine", "Node", "UnavailableError", "machine", "node", "require"]
