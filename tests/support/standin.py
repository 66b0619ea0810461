"""The stand-in for Kubernetes in the place of a control plane: the same user, the same operator process, no CEL."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.cloud import LoopThread
from tests.support.controlplane import ApiClient, ControlPlaneError

from zilliz_local.kube import KubeApi

CRDS = Path(__file__).parents[2] / "crds"


class StandIn:
    """As much of `ControlPlane` as a user and an operator need."""

    admin_token = ""
    apiserver_starts = 1

    def __init__(self, kube: KubeApi, work_dir: Path, kubectl: Path) -> None:
        self.kube, self.url, self.ca_file = kube, kube.url, None
        self._work_dir, self._kubectl = work_dir, kubectl
        self.kubeconfig = work_dir / "kubeconfig"
        kube.write_kubeconfig(self.kubeconfig)
        self.client = self.new_client()

    def new_client(self) -> ApiClient:
        return ApiClient(self.url)

    @property
    def environment(self) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("KUBE")}
        cache = str(self._work_dir / "kubectl-cache")
        return env | {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": cache, "KUBERC": "off"}

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl; a failure carries what it said."""
        done = subprocess.run(
            [str(self._kubectl), *args], input=input or "", env=self.environment, capture_output=True, text=True
        )
        if check and done.returncode != 0:
            raise ControlPlaneError(f"cannot run kubectl {' '.join(args)}: {(done.stderr or done.stdout).strip()}")
        return done


@contextmanager
def stand_in(thread: LoopThread, kubectl: Path) -> Iterator[StandIn]:
    """A stand-in with our CRDs, served from the thread's loop."""
    kube = KubeApi([CRDS])
    with tempfile.TemporaryDirectory(prefix="stand-in-") as work_dir:
        thread.run(kube.start)
        try:
            plane = StandIn(kube, Path(work_dir), kubectl)
            yield plane
            plane.client.close()
        finally:
            thread.run(kube.stop)
