"""A base made of Debian packages, where none can be pulled: Python, pip, certificates; kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.controlplane.binaries import cache_root

SUITE = "trixie"
PACKAGES = "python3,python3-pip,ca-certificates"
RECIPE = [
    "--quiet",
    "--variant=minbase",
    f"--include={PACKAGES}",
    *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")),
    SUITE,
]
TOOLS = ("buildah", "mmdebstrap", "make", "unshare", "setpriv", "chroot")


class UnavailableError(RuntimeError):
    """No image can be built on this machine."""


def require_tools() -> None:
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        cure = "Debian: apt-get install buildah mmdebstrap"
        raise UnavailableError(f"there is no {' and no '.join(missing)} here ({cure})")
    if os.geteuid() != 0:
        raise UnavailableError("only root may build and start it without a container daemon")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        raise UnavailableError("root may not mount anything here; give the container CAP_SYS_ADMIN")


def base_tarball() -> Path:
    """The file system of the base; half a minute the first time. Raises UnavailableError where it cannot be made."""
    require_tools()
    digest = hashlib.sha256("\n".join([platform.machine(), *RECIPE]).encode()).hexdigest()[:16]
    known = cache_root(os.environ).parent / "image" / f"{digest}.tar"
    if not known.is_file():
        known.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=known.parent) as folder:
            made = Path(folder) / "base.tar"
            done = subprocess.run(["mmdebstrap", *RECIPE, str(made)], capture_output=True, text=True)
            if done.returncode != 0:
                raise UnavailableError(f"cannot make a base with mmdebstrap: {done.stderr.strip()[-500:]}")
            made.rename(known)
    return known
