"""The stage of a measurement: an API server with our CRDs, the simulated cloud, a connection. Operators come and go

Every server is a process of its own, watched over by a reaper: none outlives this process, however it ends.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.controlplane.supervise import Reaper, Server
from tests.support.serving import SOURCE, START_SECONDS, Plane, real_plane, simulator, stand_in
from tools.bench.cloud import KEY, Cloud
from tools.bench.kube import Body, Kube, KubeProblem
from tools.bench.machine import Use, use_of
from tools.bench.problem import LateError, Problem

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.resources import RESOURCES

LABEL = {"jobs.zilliz.com/credentials": "true"}
ALARMS = (" ERROR ", "Traceback (most recent call last)", "should not happen")


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
    def operator(self, **more: str) -> Iterator[Operator]:
        """A life of the operator; returns at once, while it still starts. `more`: of its environment."""
        self._lives += 1
        command = [sys.executable, "-m", "zilliz_jobs.cli.app", "operator"]
        server = Server(f"operator-{self._lives}", command, self._folder, self._reaper)
        settings = {"ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS": "true", "PYTHONPATH": str(SOURCE)}
        clean = {name: text for name, text in self.plane.environment.items() if not name.startswith("ZILLIZ_JOBS_")}
        server.start(lambda: True, START_SECONDS, clean | settings | more)
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
async def stage(*, real: bool = True, keys: Sequence[str] = ()) -> AsyncIterator[Stage]:
    """`real`: a kube-apiserver; else the stand-in, for a try of the bench itself. `keys`: of the cloud, besides the
    bench's own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        reaper = stack.enter_context(closing(Reaper(folder)))
        plane = stack.enter_context(real_plane() if real else stand_in(folder, reaper))
        url = stack.enter_context(simulator(folder, reaper, *(f"--key={key}" for key in keys)))
        kube = await stack.enter_async_context(Kube(plane.url, plane.token, str(plane.ca_file or "") or None))
        cloud = await stack.enter_async_context(Cloud(url))
        ready = Stage(plane, kube, cloud, folder, reaper)
        ready.kubernetes = await kube.version()
        await all_served(kube)
        await ready.connect()
        yield ready


async def all_served(kube: Kube) -> None:
    """A server with new CRDs answers 429 to the first ones who ask."""
    for resource in RESOURCES:
        await until(f"{resource.plural} are served", partial(_is_served, kube, resource.plural), seconds=60)


async def _is_served(kube: Kube, plural: str) -> bool:
    try:
        await kube.everything(plural)
    except KubeProblem:
        return False
    return True


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
