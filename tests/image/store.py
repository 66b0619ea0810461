"""A storage for images in a folder of its own, which goes with everything in it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # in the base, which is Debian's
BASE = "localhost/base"


@dataclass(frozen=True)
class Image:
    """What a runtime knows of an image, and its files."""

    config: dict[str, Any]
    layers: list[str]
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self.config["Env"])


class Store:
    """`build` makes images with `make image`, as a user does, without a daemon and without a network of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        settings = folder / "storage.conf"
        settings.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n')
        temporary = folder / "tmp"
        temporary.mkdir()
        mine = {
            "CONTAINERS_STORAGE_CONF": str(settings),
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(temporary),
        }
        # Else a make that runs these tests would have its say in the make that is run here.
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        self.environment = clean | mine

    def take_in(self, tarball: Path) -> None:
        """The base, from its files."""
        container = self._buildah("from", "scratch")
        self._buildah("add", "--quiet", container, str(tarball), "/")
        self._buildah("commit", "--quiet", "--rm", container, BASE)

    def build(self, source: Path, name: str, **environment: str) -> Image:
        arguments = [f"IMAGE={name}", f"BASE={BASE}", "ENGINE=buildah", f"FLAGS={self.flags()}"]
        self._run(["make", "-C", str(source), "image", *arguments], environment)
        return self._look(name)

    def flags(self) -> str:
        """What a build on this machine needs to fetch packages."""
        lent = "".join(f" --volume={here}:{there}:ro" for there, here in self._borrowed().items())
        return f"--network=host --layers=false --quiet{lent}"

    def push_base(self, name: str) -> str:
        """The base to a registry without TLS, under this name; the digest it has there."""
        told = self._folder / "base.digest"
        self._buildah("push", "--quiet", "--tls-verify=false", f"--digestfile={told}", BASE, f"docker://{name}")
        return told.read_text()

    def pull(self, name: str) -> Image:
        """An image of a registry without TLS."""
        self._buildah("pull", "--quiet", "--tls-verify=false", name)
        return self._look(name)

    def build_simulator(self, source: Path, operator: str, name: str, **environment: str) -> Image:
        """On top of the operator's image of this name, with `make simulator`."""
        arguments = [f"IMAGE={operator}", f"SIMULATOR={name}", "ENGINE=buildah", "FLAGS=--layers=false --quiet"]
        self._run(["make", "-C", str(source), "simulator", *arguments], environment)
        return self._look(name)

    def build_worker(self, folder: Path, archive: str, name: str, base: str = BASE) -> Image:
        """That of the engine, from its Dockerfile in `folder`, and this archive beside it."""
        given = [f"--build-arg=BASE={base}", f"--build-arg=DISTRIBUTION={archive}", "--build-arg=VERSION=1.2.2"]
        self._buildah("build", "--layers=false", "--quiet", *given, f"--tag={name}", str(folder))
        return self._look(name)

    def add(self, files: dict[Path, str], name: str) -> None:
        """The base with these programs, each at its place."""
        container = self._buildah("from", BASE)
        for file, place in files.items():
            self._buildah("add", "--quiet", "--chmod=0755", container, str(file), place)
        self._buildah("commit", "--quiet", "--rm", container, name)

    def write_archive(self, name: str, target: Path) -> None:
        """The image of this name, for a container runtime to import."""
        self._buildah("push", "--quiet", name, f"docker-archive:{target}:{name}")

    def _borrowed(self) -> dict[str, Path]:
        """What this machine needs to fetch packages, and the image must not keep."""
        found = ssl.get_default_verify_paths().cafile or CERTIFICATES
        settings = self._folder / "pip.conf"
        known = subprocess.run(
            ["python3", "-m", "pip", "config", "list"], capture_output=True, text=True, env=self.environment
        )
        lines = [line.partition("=") for line in known.stdout.splitlines()]
        wanted = {name.rpartition(".")[2]: text.strip("'\"").replace("\\n", " ") for name, _, text in lines}
        kept = {name: wanted[name] for name in ("index-url", "extra-index-url", "trusted-host") if name in wanted}
        content = [f"{name} = {text}" for name, text in ({"cert": CERTIFICATES} | kept).items()]
        settings.write_text("\n".join(["[global]", *content, ""]))
        borrowed = {"/etc/pip.conf": settings}
        return borrowed | ({CERTIFICATES: Path(found).resolve()} if Path(found).is_file() else {})

    def _look(self, name: str) -> Image:
        told = json.loads(self._buildah("inspect", "--type", "image", name))["OCIv1"]
        root = self._buildah("mount", self._buildah("from", name))
        return Image(told["config"], told["rootfs"]["diff_ids"], Path(root))

    def _buildah(self, *arguments: str) -> str:
        return self._run(["buildah", *arguments], {})

    def _run(self, command: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(command, env=self.environment | environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout.strip()


@contextmanager
def temporary_store() -> Iterator[Store]:
    """Not in the folders that pytest keeps: they would hold a gigabyte."""
    with tempfile.TemporaryDirectory(prefix="images-") as folder:
        yield Store(Path(folder))
