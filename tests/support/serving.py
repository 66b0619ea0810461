"""What benches and chaos are played against, as processes: an API server or its stand-in, and the simulated cloud.

Each is watched over by a reaper: none outlives this process, however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.controlplane import control_plane
from tests.support.controlplane.supervise import Reaper, Server
from tests.support.published import install_crds

from zilliz_local.cloud import KEY

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Plane:
    """Where the API server is."""

    url: str
    token: str
    ca_file: Path | None
    environment: dict[str, str]
    restart: Callable[[], None] | None = None
    """Kills the API server and starts it again with its data; the stand-in keeps its data in memory and has none."""
    restored: Callable[[], AbstractContextManager[None]] | None = None
    """When its block ends, all data is as it was when it began."""


@contextmanager
def real_plane(*, controllers: bool = False) -> Iterator[Plane]:
    """`controllers`: whether somebody ends namespaces and deletes what lost its owner; without them whatever the API
    server counts is the operator's, or ours."""
    with control_plane(controller_manager=controllers) as cluster:
        install_crds(cluster)
        yield Plane(
            cluster.url,
            cluster.admin_token,
            cluster.ca_file,
            cluster.environment,
            partial(cluster.restart_apiserver, kill=True),
            cluster.restored_to_now,
        )


@contextmanager
def stand_in(folder: Path, reaper: Reaper) -> Iterator[Plane]:
    file, kubeconfig = folder / "kube-url", folder / "kubeconfig"
    arguments = ["--crds", str(ROOT / "crds"), "--url-file", str(file), "--kubeconfig", str(kubeconfig)]
    with _serving("zilliz_local.kube", arguments, file, folder, reaper) as url:
        yield Plane(url, "", None, _clean() | {"KUBECONFIG": str(kubeconfig)})


@contextmanager
def simulator(folder: Path, reaper: Reaper, *flags: str) -> Iterator[str]:
    file = folder / "cloud-url"
    with _serving("zilliz_local.cloud", ["--key", KEY, "--url-file", str(file), *flags], file, folder, reaper) as url:
        yield url


@contextmanager
def _serving(module: str, arguments: list[str], file: Path, folder: Path, reaper: Reaper) -> Iterator[str]:
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    server = Server(module, command, folder, reaper)
    server.start(file.exists, START_SECONDS, _clean() | {"PYTHONPATH": str(SOURCE)})
    try:
        yield file.read_text().strip()
    finally:
        server.stop(seconds=5)


def _clean() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("KUBE")}
