"""The node for migrations by VTS in a run, the workers on it, and the people who use them.

All of it goes straight to the API server and the cloud, past everything that strikes the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from tests.support.worker import Node, Play, moved
from tests.support.workershell import Ended
from tools.bench.cloud import Cloud
from tools.bench.kube import ROOT, Body, Kube, KubeProblem
from tools.chaos.moves import PLURAL, RETRIED, ROWS, Course, Move, Run, is_over, wrong_with
from tools.chaos.verdict import CANCEL, RETRY

from zilliz_local.cloud import PROJECT

IMAGE = "registry.example.com/vts@sha256:" + "a" * 64
MERGE = "application/merge-patch+json"
BATCH, PODS, SECRETS = (
    "/apis/batch/v1/namespaces/default/jobs",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/secrets",
)
TURN_SECONDS, WORK_SECONDS = 0.3, 2.0
NO_IMAGE = (3.0, 9.0)
"""From when to when, in seconds, the image does not come to the node."""
PATIENCE_SECONDS = 12.0
"""So long a user waits for a pod that does not start, and cancels then."""
SCHEMA: Body = {
    "autoId": False,
    "fields": [
        {"fieldName": "id", "dataType": "Int64", "isPrimary": True},
        {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": "8"}},
    ],
}
BAD_ENDS = {Course.EVICTED: 143, Course.OUT_OF_MEMORY: 137}


class Moving:
    """`runs`: each engine that began. `done`: what people did, and what befell the pods."""

    def __init__(self, kube: Kube, cloud: Cloud, moves: tuple[Move, ...], folder: Path) -> None:
        self.runs: list[Run] = []
        self.done: Counter[str] = Counter()
        self._kube, self._cloud, self._moves = kube, cloud, moves
        self._objects: dict[str, Body] = {}
        self._since: dict[str, float] = {}
        self._made: set[str] = set()
        self._taken: set[str] = set()
        self._node = Node(self._ask, "default", folder=folder)
        self._node.play = Play(moves=self._work)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        fields = {"cuSize": 2, "projectId": PROJECT, "status": "RUNNING", "collections": {"default": []}}
        for cluster in sorted({move.cluster for move in self._moves}):
            name = cluster.removeprefix("in01-")
            await self._cloud.ask("PUT", f"/_sim/clusters/{cluster}", {"clusterName": name} | fields)
        self._turns = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._turns
        self._node.close()
        await self._http.close()

    @property
    def waiting(self) -> int:
        """How many are not over."""
        return sum(not is_over(move, self._objects.get(move.name), move.name in self._taken) for move in self._moves)

    async def wrong(self, ledger: list[Body]) -> list[str]:
        """What the promises broke, when all is over."""
        pods = (await self._kube.ask("GET", PODS))["items"]
        at_work = {one["metadata"]["name"] for one in pods if one["status"].get("phase") == "Running"}
        found = []
        for move in self._moves:
            jobs = {run.job for run in self.runs if run.destination == move.destination}
            running = any(pod.startswith(tuple(jobs)) for pod in at_work) if jobs else False
            found += wrong_with(move, self._objects.get(move.name), self.runs, ledger, running)
        return found

    async def turn(self, now: float) -> None:
        """People make their objects, and do what their courses say."""
        self._node.play = Play(moves=self._work, obstacle="image" if NO_IMAGE[0] <= now < NO_IMAGE[1] else "")
        for move in self._moves:
            if move.at > now:
                continue
            with contextlib.suppress(KubeProblem, aiohttp.ClientError, OSError):  # it is done with the next turn
                if move.name not in self._made:
                    await self._make(move)
                self._objects[move.name] = await self._kube.get(PLURAL, move.name)
                await self._take_course(move, now)

    async def _make(self, move: Move) -> None:
        try:
            await self._kube.create(move.manifest)
        except KubeProblem as problem:
            if "HTTP 409" not in str(problem):
                raise
        self._made.add(move.name)

    async def _take_course(self, move: Move, now: float) -> None:
        status = self._objects[move.name].get("status") or {}
        if move.course is Course.LEFT or move.name in self._taken:
            await self._give_up(move, status, now)
            return
        if move.course in RETRIED:
            if status.get("state") == "Failed":
                await self._annotate(move, RETRY)
            return
        job = await self._job(move)
        if job is None or now < self._since.setdefault(move.name, now) + move.then:
            return
        match move.course:
            case Course.CANCELLED:
                await self._annotate(move, CANCEL)
            case Course.JOB_DELETED:
                await self._kube.ask(
                    "DELETE", f"{BATCH}/{job['metadata']['name']}", {"propagationPolicy": "Foreground"}
                )
                self._take(move)
            case _:
                volumes = job["spec"]["template"]["spec"]["volumes"]
                (secret,) = [one["secret"]["secretName"] for one in volumes if "secret" in one]
                await self._kube.ask("DELETE", f"{SECRETS}/{secret}")
                self._take(move)
                self._since[move.name] = now

    async def _give_up(self, move: Move, status: Body, now: float) -> None:
        """A pod without its Secret never starts, and its user cancels what waits for it."""
        waits = status.get("reason") == "WorkerNotStarted" and not status.get("cancel")
        if move.course is Course.SECRET_DELETED and waits and now > self._since[move.name] + PATIENCE_SECONDS:
            await self._annotate(move, CANCEL)

    def _take(self, move: Move) -> None:
        self._taken.add(move.name)
        self.done[f"VTS: {move.course}"] += 1

    async def _annotate(self, move: Move, what: str) -> None:
        path = f"{ROOT}/namespaces/default/{PLURAL}/{move.name}"
        await self._kube.ask("PATCH", path, {"metadata": {"annotations": {what: "asked"}}}, MERGE)
        self._take(move)

    async def _job(self, move: Move) -> Body | None:
        """Its Job, once that was started."""
        uid = self._objects[move.name]["metadata"]["uid"]
        for job in (await self._kube.ask("GET", BATCH))["items"]:
            if uid in (job["metadata"].get("labels") or {}).values() and not job["spec"].get("suspend"):
                return dict(job)
        return None

    # -- the node and the engine

    async def _look(self) -> None:
        while self._moves:
            await self._node.look()
            await asyncio.sleep(TURN_SECONDS)

    async def _ask(self, method: str, path: str, body: Any, kind: str) -> tuple[int, Body]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind}
        async with self._http.request(method, self._kube.url + path, data=data, headers=headers) as answer:
            return answer.status, json.loads(await answer.read() or b"{}")

    async def _work(self, config: Body) -> Ended:
        """The engine makes the collection, marked as its config says, and inserts the rows, one half at a time."""
        (sink,) = config["sink"]
        (name,) = sink["collection_rename"].values()
        move = next(one for one in self._moves if one.destination == name)
        description = sink["collection_description"][name]
        before = sum(run.destination == name for run in self.runs)
        self.runs.append(Run(description, name))
        place = len(self.runs) - 1
        made = {"collectionName": name, "description": description, "schema": SCHEMA}
        await self._write(move, "collections/create", made, "create")
        await self._insert(move, 0, ROWS // 2)
        await asyncio.sleep(WORK_SECONDS)
        if move.course in BAD_ENDS and not before:
            code = BAD_ENDS[move.course]
            told = {"state": "NONE", "exit": code, "terminated": int(code == 143)}
            return Ended(code, json.dumps(told | {"read": None, "written": None, "code": ""}), log="", kept="")
        await self._insert(move, ROWS // 2, ROWS)
        self.runs[place] = Run(description, name, whole=True)
        return moved(ROWS, ROWS)

    async def _insert(self, move: Move, first: int, end: int) -> None:
        rows = [{"id": number, "vector": [0.0] * 8} for number in range(first, end)]
        await self._write(move, "entities/insert", {"collectionName": move.destination, "data": rows}, "write")

    async def _write(self, move: Move, what: str, body: Body, kind: str) -> None:
        """Once, also where the cloud restarts: what the ledger shows was done."""
        request = {"path": f"/_data/{move.cluster}/v2/vectordb/{what}", "body": body, "client": "console"}
        known = await self._effects(move, kind)
        while await self._effects(move, kind) == known:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self._cloud.ask("POST", "/_sim/rival", request)

    async def _effects(self, move: Move, kind: str) -> int:
        ledger = (await self._cloud.ask("GET", "/_sim/ledger"))["entries"]
        targets = [one.get("target") or {} for one in ledger if (one["event"], one["kind"]) == ("effect", kind)]
        return sum(target.get("collection") == move.destination for target in targets)
