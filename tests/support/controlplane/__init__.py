"""A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager, no node.

For tests only: the tokens and the etcd behind it are unprotected on the loopback of this machine.
"""

from .binaries import Binaries, UnavailableError, find_binaries
from .client import Answer, ApiClient
from .server import ControlPlane, control_plane
from .supervise import ControlPlaneError

__all__ = [
    "Answer",
    "ApiClient",
    "Binaries",
    "ControlPlane",
    "ControlPlaneError",
    "UnavailableError",
    "control_plane",
    "find_binaries",
]
