"""One release, made by `make release` in a copy of this tree, and published to a registry of this machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from tests.artefacts.programs import CRANE, REGISTRY
from tests.artefacts.registry import registry
from tests.artefacts.told import SENTENCE
from tests.image.base import UnavailableError as NoImageError
from tests.image.base import base_tarball
from tests.image.store import Store, temporary_store
from tests.support.controlplane.binaries import UnavailableError

ROOT = Path(__file__).parents[2]
TIME = "1767225600"
PLATFORM = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}.get(platform.machine(), "")


@dataclass(frozen=True)
class Tools:
    registry: Path
    crane: Path
    helm: Path


@dataclass(frozen=True)
class Release:
    """`dist`: what was made by `make`. `image`, `chart`: where they were pushed, by digest."""

    tools: Tools
    store: Store
    make: list[str]
    dist: Path
    image: str
    chart: str

    def run(self, program: Path, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [program, *words], env=self.store.environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, (
            f"{program.name} {words}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        )
        return done


def missing(cause: Exception) -> NoReturn:
    """Go is in every workflow: a program that cannot be built there is a fault."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{SENTENCE}, and CI is set: {cause}", pytrace=False)
    pytest.skip(f"{SENTENCE}: {cause}")


@pytest.fixture(scope="session")
def tools(helm_binary: Path) -> Tools:
    try:
        return Tools(REGISTRY.binary(), CRANE.binary(), helm_binary)
    except UnavailableError as error:
        missing(error)


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    try:
        tarball = base_tarball()
    except NoImageError as error:
        pytest.skip(f"{SENTENCE}: {error}")
    with temporary_store() as store:
        store.take_in(tarball)
        yield store


@pytest.fixture(scope="session")
def release(tools: Tools, store: Store) -> Iterator[Release]:
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        with registry(tools.registry, folder) as host:
            tree = copied(folder / "tree")
            given = store.environment | {"SOURCE_DATE_EPOCH": TIME}
            digest = store.push_base(f"{host}/python:3.13")
            settings = {
                "VENV": sys.prefix,
                "ENGINE": "buildah",
                "HELM": str(tools.helm),
                "REGISTRY": f"{host}/team",
                "BASE": f"{host}/python@{digest}",
                "PLATFORMS": PLATFORM,
                "FLAGS": f"{store.flags()} --tls-verify=false",
                "PUSH": "--tls-verify=false",
                "HELM_PUSH": "--plain-http",
            }
            words = [f"{name}={text}" for name, text in settings.items()]
            # The environment of these tests as it is: nothing is set up anew.
            command = ["make", "-C", str(tree), "-o", f"{sys.prefix}/.dev", *words]
            for targets in (["release"], ["push"]):
                done = subprocess.run([*command, *targets], env=given, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{targets}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
            image, chart = ((tree / "dist" / f"{one}.ref").read_text().strip() for one in ("image", "chart"))
            yield Release(tools, store, command, tree / "dist", image, chart)


def copied(tree: Path) -> Path:
    """The files of this tree, so that its dist/ stays as it is."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name, follow_symlinks=False)
    return tree
