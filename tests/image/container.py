"""The image, started as a kubelet would start it under the restricted standard: its user, no capabilities, and not
a file that can be written. The network is that of the host, so that it reaches the stand-ins."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.image.store import Image
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn

FILES = "/mnt"
# The mounts end with the process, as they are in a mount namespace of its own.
START = f"""set -e
root=$1; files=$2; user=$3; chroot=$4; shift 4
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$files" "$root{FILES}"
mount -o remount,bind,ro "$root{FILES}"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs "$chroot" --userspec="$user" --groups= "$root" "$@"
"""


def started(image: Image, files: Path, arguments: list[str] | None = None, user: str | None = None) -> list[str]:
    """The command that starts it; without arguments, with those of the image. `files` are seen at FILES."""
    paths = {tool: str(shutil.which(tool)) for tool in ("unshare", "sh", "chroot")}
    inside = [*image.config["Entrypoint"], *(image.config["Cmd"] if arguments is None else arguments)]
    within = [str(image.root), str(files), user or image.config["User"], paths["chroot"]]
    return [paths["unshare"], "--mount", "--", paths["sh"], "-c", START, "sh", *within, *inside]


def ran(
    image: Image, files: Path, *arguments: str, user: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    command = started(image, files, list(arguments), user)
    return subprocess.run(command, env=image.environment | more, capture_output=True, text=True, timeout=60)


class ImageProcess(OperatorProcess):
    """The image with its own arguments: the operator."""

    def __init__(self, image: Image, plane: StandIn, log: Path, files: Path, user: str | None = None) -> None:
        super().__init__(plane, log)
        shutil.copyfile(plane.kubeconfig, files / "kubeconfig")
        (files / "kubeconfig").chmod(0o644)
        own = {name: text for name, text in self._environment.items() if name.startswith("ZILLIZ_JOBS_")}
        self._environment = image.environment | own | {"KUBECONFIG": f"{FILES}/kubeconfig"}
        self._command = started(image, files, user=user)

    def start(self) -> None:
        """As it is; the programs of other tests are forked from a process of this tree."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
