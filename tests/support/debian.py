"""Programs and libraries of Debian that a test or a tool wants and nobody has installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.controlplane.binaries import UnavailableError, cache_root


def unpacked(*packages: str, into: str) -> dict[str, Path]:
    """The program of each package that is called as the package is, by that name. They lie in the folder `into` of
    the cache, unpacked: installed they would start as services. Raises UnavailableError where they cannot be had."""
    folder = _folder(into)
    found = {name: folder / "usr" / "bin" / name for name in packages}
    if not all(path.is_file() for path in found.values()):
        _unpack(packages, folder)
    return found


def library(package: str, name: str, into: str) -> Path:
    """The file of that name in the package, in the same way."""
    folder = _folder(into)
    found = [*folder.rglob(name)]
    if not found:
        _unpack((package,), folder)
        found = [*folder.rglob(name)]
    return found[0]


def _folder(name: str) -> Path:
    return cache_root(os.environ).parent / name


def _unpack(packages: Sequence[str], folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise UnavailableError(f"there is no apt-get; unpack Debian's {', '.join(packages)} to {folder}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        fetched = subprocess.run(
            ["apt-get", "download", *packages], cwd=temporary, capture_output=True, text=True, check=False
        )
        if fetched.returncode != 0:
            raise UnavailableError(f"cannot fetch {', '.join(packages)}: {fetched.stderr.strip()[-500:]}")
        for package in Path(temporary).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
