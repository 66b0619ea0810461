"""The stage of a measurement: an API server with our CRDs, the simulated cloud, a connection. Operators come and go

Every server is a process of its own, watched over by a reaper: none outlives this process, however it ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.cloud import KEY, Cloud
from tests.bench.kube import Body, Kube, KubeProblem
from tests.bench.machine import Use, use_of
from tests.bench.problem import LateError, Problem
from tests.e2e.controlplane import control_plane
from tests.e2e.controlplane.supervise import Reaper, Server
from tests.e2e.published import install_crds

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.resources import RESOURCES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"
START_SECONDS = 30.0
LABEL = {"jobs.zilliz.com/credentials": "true"}
ALARMS = (" ERROR ", "Traceback (most recent call last)", "should not happen")


@dataclass(frozen=True)
class Plane:
    """Where the API server is."""

    url: str
    token: str
    ca_file: Path | None
    environment: dict[str, str]


class Operator:
    """`zilliz-jobs operator` with the settings that it ships with. One log for each life."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def pid(self) -> int:
        pid = self._server.pid
        if pid is None:
            raise Problem(f"the operator has ended by itself:\n{self._server.tail()}")
        return pid

    def use(self) -> Use:
        return use_of(self.pid)

    def says(self, words: str) -> bool:
        return words in self._server.since_start()

    def alarms(self) -> dict[str, Any]:
        """How many lines of its log no healthy operator writes, and the first of them."""
        found = [line for line in self._server.since_start().splitlines() if any(word in line for word in ALARMS)]
        return {"count": len(found), "first": [line[:300] for line in found[:5]]}


class Stage:
    def __init__(self, plane: Plane, kube: Kube, cloud: Cloud, folder: Path, reaper: Reaper) -> None:
        self.plane, self.kube, self.cloud = plane, kube, cloud
        self.kubernetes = ""
        """The version of the API server."""
        self._folder, self._reaper = folder, reaper
        self._lives = 0

    @contextmanager
    def operator(self) -> Iterator[Operator]:
        """A life of the operator; returns at once, while it still starts."""
        self._lives += 1
        command = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]
        server = Server(f"operator-{self._lives}", command, self._folder, self._reaper)
        settings = {"ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS": "true", "PYTHONPATH": str(SOURCE)}
        clean = {name: text for name, text in self.plane.environment.items() if not name.startswith("ZILLIZ_JOBS_")}
        server.start(lambda: True, START_SECONDS, clean | settings)
        try:
            yield Operator(server)
        except Exception as error:
            error.add_note(f"the end of the operator's log:\n{server.tail()}")
            raise
        finally:
            server.stop(kill=True)  # nothing that is measured depends on its last words

    async def connect(self) -> None:
        """The connection `default`, its key, and the credentials of a bucket."""
        await self.kube.create(secret("zilliz-api-key", apiKey=KEY))
        await self.kube.create(secret("bucket", accessKey="AK", secretKey="SK"))
        spec = {"endpoint": self.cloud.url, "credentialsSecretRef": {"name": "zilliz-api-key"}}
        await self.kube.create(manifest("ZillizConnection", "default", spec))


@asynccontextmanager
async def stage(*, real: bool = True) -> AsyncIterator[Stage]:
    """`real`: a kube-apiserver; else the stand-in, for a try of the bench itself."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        reaper = stack.enter_context(closing(Reaper(folder)))
        plane = stack.enter_context(_real_plane() if real else _stand_in(folder, reaper))
        url = stack.enter_context(_simulator(folder, reaper))
        kube = await stack.enter_async_context(Kube(plane.url, plane.token, str(plane.ca_file or "") or None))
        cloud = await stack.enter_async_context(Cloud(url))
        ready = Stage(plane, kube, cloud, folder, reaper)
        ready.kubernetes = await kube.version()
        for resource in RESOURCES:  # a server with new CRDs answers 429 to the first ones who ask
            await until(f"{resource.plural} are served", partial(_is_served, kube, resource.plural), seconds=60)
        await ready.connect()
        yield ready


async def _is_served(kube: Kube, plural: str) -> bool:
    try:
        await kube.everything(plural)
    except KubeProblem:
        return False
    return True


@contextmanager
def _real_plane() -> Iterator[Plane]:
    # Without controllers: whatever the API server counts is then the operator's, or ours.
    with control_plane(controller_manager=False) as cluster:
        install_crds(cluster)
        yield Plane(cluster.url, cluster.admin_token, cluster.ca_file, cluster.environment)


@contextmanager
def _stand_in(folder: Path, reaper: Reaper) -> Iterator[Plane]:
    file, kubeconfig = folder / "kube-url", folder / "kubeconfig"
    arguments = ["--crds", str(ROOT / "crds"), "--url-file", str(file), "--kubeconfig", str(kubeconfig)]
    with _serving("zilliz_local.kube", arguments, file, folder, reaper) as url:
        yield Plane(url, "", None, _clean() | {"KUBECONFIG": str(kubeconfig)})


@contextmanager
def _simulator(folder: Path, reaper: Reaper) -> Iterator[str]:
    file = folder / "cloud-url"
    with _serving("zilliz_local.cloud", ["--key", KEY, "--url-file", str(file)], file, folder, reaper) as url:
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


def manifest(kind: str, name: str, spec: Body, **more: Any) -> Body:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec, **more}


def secret(name: str, **data: str) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": LABEL}, "stringData": data}


async def until(what: str, holds: Any, *, seconds: float, every: float = 0.1) -> float:
    """Wait for it; the monotonic time at which it held."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        now = loop.time()
        if found:
            return now
        if now > deadline:
            raise LateError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(every)
