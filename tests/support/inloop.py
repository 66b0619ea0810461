"""A user, a cloud and an operator in this process, in virtual time, for walks that are no coroutines: all they do
runs the loop for as long as it takes."""

from __future__ import annotations

import asyncio
import http
import json
import secrets
import urllib.parse
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.center_rig import killed
from tests.support.cloud import CANARY, SPEED, Cloud, movies
from tests.support.controlplane.client import Answer
from tests.support.engine_rig import NAMESPACE, Rig, rig
from tests.support.user import PATIENCE, PAUSE, User

from zilliz_jobs.core.snapshot import Rules
from zilliz_local.cloud import CloudSimulator
from zilliz_local.kube import KubeApi

Run = Callable[[Coroutine[Any, Any, Any]], Any]
RULES = Rules(poll_min=0.2, poll_max=1.0, missing_grace=3, backoff_max=1.0)


class LoopCloud(Cloud):
    """As `Cloud`, but with no thread of its own."""

    def __init__(self) -> None:
        self.key = f"{CANARY}-{secrets.token_hex(8)}"
        self.cluster = f"in01-{secrets.token_hex(7)}"
        self._sim = CloudSimulator(keys=(self.key,), seed=None, speed=SPEED)
        self._sim.world.put_cluster(self.cluster, movies())
        self.url = self._sim.url

    @property
    def simulator(self) -> CloudSimulator:
        return self._sim

    def ask(self, question: Callable[[CloudSimulator], Any]) -> Any:
        return question(self._sim)


class LoopClient:
    """As much of `ApiClient` as a user needs."""

    def __init__(self, run: Run, kube: KubeApi) -> None:
        self._run, self._kube = run, kube

    def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **query: str
    ) -> Answer:
        where = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        raw = b"" if body is None else json.dumps(body).encode()
        reply = self._run(self._kube.door.request(method, where, {"Content-Type": kind}, raw))
        return Answer(f"{method} {path}", reply.status, json.loads(reply.body))

    def get(self, path: str, **query: str) -> Any:
        """The document, or {} for a 404."""
        answer = self.call("GET", path, **query)
        return {} if answer.status == http.HTTPStatus.NOT_FOUND else answer.ok()


class LoopOperator:
    """The engine, which can be killed as a process can."""

    def __init__(self, run: Run, world: Rig) -> None:
        self._run, self._world = run, world

    def start(self) -> None:
        self._run(self._world.start(RULES, progress_interval=0.5, retry_cap=1.0))

    def kill(self) -> None:
        self._run(killed(self._world))

    def log_tail(self) -> str:
        return "in the output of the test"


class LoopUser(User):
    operator: Any

    def __init__(self, run: Run, world: Rig) -> None:
        self.namespace, self.operator = NAMESPACE, LoopOperator(run, world)
        self.kube, self._run = world.kube, run
        self._client: Any = LoopClient(run, world.kube)

    def until(self, what: str, happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        for _ in range(int(seconds / PAUSE)):
            if found := happened():
                return found
            self._run(asyncio.sleep(PAUSE))
        raise AssertionError(f"not within {seconds:g} s: {what}\n{self.story()}")


@contextmanager
def loop_user(cloud: LoopCloud, folder: Path) -> Iterator[LoopUser]:
    """A user of an operator that works."""
    with asyncio.Runner() as runner:
        made = rig(folder, cloud.simulator)
        user = LoopUser(runner.run, runner.run(_entered(made)))
        try:
            user.operator.start()
            yield user
        finally:
            runner.run(_left(made))


async def _entered(made: Any) -> Rig:
    found: Rig = await made.__aenter__()
    return found


async def _left(made: Any) -> None:
    await made.__aexit__(None, None, None)
