"""A person with a role of the cluster in one namespace, who types `kubectl zilliz`: kubectl itself finds the program
on the PATH, as it does on the machine of anybody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane import ControlPlane
from tests.support.terminal import Terminal

PATIENCE = 30.0
COMMAND_SECONDS = 120
HTTP_ALLOWED = {"ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS": "true"}
"""As the operators of these tests have it: their clouds speak no TLS."""
INSTALLED = Path(sys.executable).parent
"""Where the commands of this environment are, `kubectl-zilliz` among them."""


def environment(plane: ControlPlane, kubeconfig: Path) -> dict[str, str]:
    """With a PATH on which kubectl finds the command."""
    path = os.pathsep.join([str(INSTALLED), os.environ.get("PATH", "")])
    return plane.environment | {"KUBECONFIG": str(kubeconfig), "PATH": path} | HTTP_ALLOWED


def kubectl(plane: ControlPlane, kubeconfig: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(plane.binaries.kubectl), *words],
        env=environment(plane, kubeconfig),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )


def zilliz(plane: ControlPlane, kubeconfig: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return kubectl(plane, kubeconfig, "zilliz", *words)


@dataclass(frozen=True)
class Person:
    """`role`: "" for somebody without any."""

    plane: ControlPlane
    namespace: str
    role: str
    kubeconfig: Path

    @classmethod
    def arrive(cls, plane: ControlPlane, namespace: str, role: str = "") -> Person:
        account = f"person-{role or 'without-rights'}"
        plane.kubectl("-n", namespace, "create", "serviceaccount", account)
        if role:
            subject = f"--serviceaccount={namespace}:{account}"
            plane.kubectl("-n", namespace, "create", "rolebinding", account, f"--clusterrole={role}", subject)
        person = cls(plane, namespace, role, plane.kubeconfig_for(namespace, account))
        person._until_the_role_is_filled()
        return person

    def types(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`kubectl WORDS`, to its end."""
        return kubectl(self.plane, self.kubeconfig, *words)

    def at_a_terminal(self, *words: str, width: int, height: int = 30) -> Terminal:
        """`kubectl WORDS` on a terminal of this size."""
        typed = [str(self.plane.binaries.kubectl), *words]
        return Terminal(typed, environment(self.plane, self.kubeconfig), width=width, height=height)

    def zilliz(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.types("zilliz", *words)

    def _until_the_role_is_filled(self) -> None:
        """A role of the cluster is put together by a controller, from the chart's roles too."""
        deadline = time.monotonic() + PATIENCE
        ask = ("auth", "can-i", "list", "importjobs.jobs.zilliz.com")
        while self.role and self.types(*ask).stdout.strip() != "yes":
            assert time.monotonic() < deadline, f"the role {self.role} has no rights on jobs"
            time.sleep(0.2)
