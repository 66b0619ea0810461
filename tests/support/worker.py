"""A node for the workers of migrations: what the Job controller and a kubelet do, for the Jobs of one namespace.

There is no node in the tests. This one makes the pod of a Job that is not suspended, mounts its Secret as a folder,
runs the real run script with a stand-in for java (`workershell`), passes a deletion on as SIGTERM, and writes the
status of pod and Job. Who removes what a deleted Job owns is the API server's garbage collector.

It asks by `ask`, so that the same node serves a real API server (`by_client`) and the small one in this process
(`by_door`). `look` is one round; nothing happens between two.
"""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.controlplane.client import MERGE, ApiClient
from tests.support.workershell import Ended, WorkerShell

Body = dict[str, Any]
Ask = Callable[[str, str, Any, str], Awaitable[tuple[int, Body]]]
"""Method, path with its query, body or None, content type: status and document."""

JSON = "application/json"
CONTAINER, NODE = "vts", "node-of-the-test"
MEMORY_MIB = 2048


def by_client(client: ApiClient) -> Ask:
    """Through a connection to a real API server; each request is waited for."""

    async def ask(method: str, path: str, body: Any, kind: str) -> tuple[int, Body]:
        where, _, query = path.partition("?")
        answer = client.call(
            method, where, body, kind=kind, **dict(part.split("=", 1) for part in query.split("&") if part)
        )
        return answer.status, answer.body

    return ask


def by_door(door: Any) -> Ask:
    """To the small Kubernetes in this process: `KubeApi.door`."""

    async def ask(method: str, path: str, body: Any, kind: str) -> tuple[int, Body]:
        raw = b"" if body is None else json.dumps(body).encode()
        reply = await door.request(method, path, {"Content-Type": kind}, raw)
        return reply.status, json.loads(reply.body)

    return ask


@dataclass(frozen=True)
class Play:
    """How the next pods go. `environment`: of the stand-in for java (see `standin_java`). `obstacle`: what keeps the
    pod from starting, one of `OBSTACLES`; "" for nothing. `moves`: in place of the process, what moves the rows of a
    config in this process, and how that ended (`moved`, say)."""

    environment: Mapping[str, str] = field(default_factory=dict)
    obstacle: str = ""
    moves: Callable[[Body], Awaitable[Ended]] | None = None


def moved(read: int, written: int) -> Ended:
    """The end of a worker that moved rows."""
    told = {"state": "FINISHED", "exit": 0, "terminated": 0, "read": read, "written": written, "code": ""}
    return Ended(int(read != written), json.dumps(told), log="", kept="")


TOLD_TO_END = Ended(
    143, '{"state": "NONE", "exit": 143, "terminated": 1, "read": null, "written": null, "code": ""}', log="", kept=""
)
"""The end of a worker whose pod was deleted."""

OUT_OF_MEMORY = Ended(
    3, '{"state": "NONE", "exit": 3, "terminated": 0, "read": null, "written": null, "code": ""}', log="", kept=""
)
"""The end of a worker whose engine had too little memory."""

OBSTACLES: dict[str, Body] = {
    "image": {
        "containerStatuses": [
            {
                "name": CONTAINER,
                "image": "",
                "imageID": "",
                "ready": False,
                "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
            }
        ]
    },
    "no node": {
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/1 nodes are available: 1 Insufficient memory.",
            }
        ]
    },
}


class Node:
    """`controller`: make the pods of the Jobs and write the Jobs' status; False where the API server does that."""

    def __init__(self, ask: Ask, namespace: str, *, controller: bool = True, folder: Path | None = None) -> None:
        self._ask, self._namespace, self._controller = ask, namespace, controller
        self._folder = folder or Path(tempfile.mkdtemp(prefix="node-"))
        self.play = Play()
        """For all pods that begin from now on."""
        self.quota = ""
        """What an admission says to each new pod; "" lets them in."""
        self.ended: dict[str, Ended] = {}
        """What each pod's container left behind, by the pod's name."""
        self._shells: dict[str, WorkerShell] = {}
        self._moving: dict[str, asyncio.Future[Ended]] = {}
        self._made: set[str] = set()
        self._told: set[str] = set()

    def close(self) -> None:
        """Kill what still runs."""
        for moving in self._moving.values():
            moving.cancel()
        for shell in self._shells.values():
            shell.close()

    async def look(self) -> None:
        """One round over the namespace: Jobs, then pods, then Jobs again."""
        if self._controller:
            for job in await self._list("batch/v1", "jobs"):
                await self._make_pod(job)
        for pod in await self._list("v1", "pods"):
            await self._run(pod)
        if self._controller:
            for job in await self._list("batch/v1", "jobs"):
                await self._tell_job(job)

    async def interrupt(self, reason: str = "EvictionByEvictionAPI", message: str = "evicted by a test") -> None:
        """End all pods as an eviction does."""
        for pod in await self._list("v1", "pods"):
            disrupted = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
            await self._patch_pod(pod, {"conditions": [disrupted]})
            await self._delete("pods", pod["metadata"]["name"])

    def kill(self, pod: str) -> None:
        """SIGKILL to the container, as the system does for want of memory."""
        self._shells[pod].process.kill()

    # -- the Job controller

    async def _make_pod(self, job: Body) -> None:
        meta, spec = job["metadata"], job["spec"]
        if spec.get("suspend") or meta.get("deletionTimestamp") or meta["uid"] in self._made or _is_over(job):
            return
        if self.quota:
            await self._post_event(job, "Job", "FailedCreate", f"Error creating: pods is forbidden: {self.quota}")
            return
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
        template = spec["template"]
        labels = {
            **(template["metadata"].get("labels") or {}),
            "job-name": meta["name"],
            "batch.kubernetes.io/job-name": meta["name"],
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{meta['name']}-{len(self._made):05d}",
                "namespace": self._namespace,
                "labels": labels,
                "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
            },
            "spec": {**template["spec"], **({} if self.play.obstacle == "no node" else {"nodeName": NODE})},
        }
        await self._must("POST", self._path("v1", "pods"), pod)
        self._made.add(meta["uid"])
        await self._patch_job(job, {"startTime": _now(), "active": 1})

    async def _tell_job(self, job: Body) -> None:
        meta = job["metadata"]
        if _is_over(job) or meta["uid"] not in self._made or meta.get("deletionTimestamp"):
            return
        pods = [pod for pod in await self._list("v1", "pods") if _owner(pod) == meta["uid"]]
        phases = {pod["status"].get("phase") for pod in pods}
        if "Succeeded" in phases:
            await self._end_job(job, "SuccessCriteriaMet", "Complete", {"completionTime": _now(), "succeeded": 1})
        elif "Failed" in phases or not pods:
            disrupted = any(_has(pod, "DisruptionTarget") for pod in pods)
            reason = "PodFailurePolicy" if disrupted else "BackoffLimitExceeded"
            await self._end_job(job, "FailureTarget", "Failed", {"failed": 1}, reason)

    async def _end_job(self, job: Body, first: str, last: str, counts: Body, reason: str = "") -> None:
        shared = {"status": "True", "lastTransitionTime": _now()} | ({"reason": reason} if reason else {})
        conditions = [{"type": kind, **shared} for kind in (first, last)]
        status = {"conditions": conditions, "uncountedTerminatedPods": {}, "active": 0, **counts}
        await self._patch_job(job, status)

    # -- the kubelet

    async def _run(self, pod: Body) -> None:
        name, meta = pod["metadata"]["name"], pod["metadata"]
        phase = pod["status"].get("phase") or "Pending"
        shell = self._shells.get(name)
        moving = self._moving.get(name)
        if meta.get("deletionTimestamp") and shell is not None:
            shell.terminate()
        if moving is not None and name not in self.ended:
            if meta.get("deletionTimestamp") and not moving.done():
                moving.cancel()
                await self._end(pod, TOLD_TO_END)
            elif moving.done():
                await self._end(pod, moving.result())
        elif phase == "Pending" and moving is None and shell is None and not meta.get("deletionTimestamp"):
            await self._begin(pod)
        elif shell is not None and name not in self.ended and (ended := shell.poll()):
            await self._end(pod, ended)
        if meta.get("deletionTimestamp") and ((shell is None and moving is None) or name in self.ended):
            await self._delete("pods", name, grace=0)

    async def _begin(self, pod: Body) -> None:
        if self.play.obstacle:
            await self._patch_pod(pod, {"phase": "Pending", **OBSTACLES[self.play.obstacle]})
            return
        volumes = pod["spec"].get("volumes") or []
        (wanted,) = [one["secret"]["secretName"] for one in volumes if "secret" in one]
        status, secret = await self._ask("GET", self._path("v1", "secrets", wanted), None, JSON)
        if status == 404:
            scheduled = {"type": "PodScheduled", "status": "True"}
            await self._patch_pod(pod, {"phase": "Pending", "conditions": [scheduled]})
            await self._post_event(
                pod, "Pod", "FailedMount", f'MountVolume.SetUp failed: secret "{wanted}" not found'
            )
            return
        files = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
        name = pod["metadata"]["name"]
        running = {"running": {"startedAt": _now()}}
        await self._patch_pod(
            pod, {"phase": "Running", "startTime": _now(), "containerStatuses": [_container(running)]}
        )
        if self.play.moves is not None:
            self._moving[name] = asyncio.ensure_future(self.play.moves(json.loads(files["job.json"])))
            return
        self._shells[name] = WorkerShell(
            self._folder / name, files, standin=True, VTS_MEMORY_MIB=str(MEMORY_MIB), **self.play.environment
        )

    async def _end(self, pod: Body, ended: Ended) -> None:
        name = pod["metadata"]["name"]
        self.ended[name] = ended
        told = {
            "exitCode": ended.exit_code,
            "reason": "Completed" if ended.exit_code == 0 else "Error",
            "message": ended.message,
            "startedAt": pod["status"].get("startTime") or _now(),
            "finishedAt": _now(),
        }
        phase = "Succeeded" if ended.exit_code == 0 else "Failed"
        await self._patch_pod(pod, {"phase": phase, "containerStatuses": [_container({"terminated": told})]})

    # -- requests

    def _path(self, version: str, plural: str, name: str = "") -> str:
        group = f"/apis/{version}" if "/" in version else f"/api/{version}"
        return f"{group}/namespaces/{self._namespace}/{plural}" + (f"/{name}" if name else "")

    async def _list(self, version: str, plural: str) -> list[Body]:
        found = (await self._must("GET", self._path(version, plural), None)).get("items") or []
        return [one for one in found if "jobs.zilliz.com/submission" in (one["metadata"].get("labels") or {})]

    async def _must(self, method: str, path: str, body: Any, kind: str = JSON) -> Body:
        status, answer = await self._ask(method, path, body, kind)
        assert status < 400, f"{method} {path}: {status} {answer}"
        return answer

    async def _patch_job(self, job: Body, status: Body) -> None:
        await self._patch("batch/v1", "jobs", job, status)

    async def _patch_pod(self, pod: Body, status: Body) -> None:
        await self._patch("v1", "pods", pod, status)

    async def _patch(self, version: str, plural: str, body: Body, status: Body) -> None:
        """Of an object that is gone meanwhile nothing is told any more."""
        path = f"{self._path(version, plural, body['metadata']['name'])}/status"
        code, answer = await self._ask("PATCH", path, {"status": status}, MERGE)
        assert code < 400 or code == 404, f"PATCH {path}: {code} {answer}"

    async def _delete(self, plural: str, name: str, grace: int | None = None) -> None:
        options = {"apiVersion": "v1", "kind": "DeleteOptions"} | (
            {} if grace is None else {"gracePeriodSeconds": grace}
        )
        code, answer = await self._ask("DELETE", self._path("v1", plural, name), options, JSON)
        assert code < 400 or code == 404, f"DELETE {name}: {code} {answer}"

    async def _post_event(self, body: Body, kind: str, reason: str, message: str) -> None:
        meta = body["metadata"]
        if (key := f"{meta['name']}.{reason}".lower()) in self._told:
            return
        self._told.add(key)
        about = {"kind": kind, "namespace": self._namespace, "name": meta["name"], "uid": meta["uid"]}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": key, "namespace": self._namespace},
            "involvedObject": about,
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": _now(),
        }
        await self._must("POST", self._path("v1", "events"), event)


def _container(state: Body) -> Body:
    ready = "running" in state
    return {"name": CONTAINER, "image": "vts", "imageID": "", "ready": ready, "restartCount": 0, "state": state}


def _owner(pod: Body) -> str:
    return next((str(one["uid"]) for one in pod["metadata"].get("ownerReferences") or []), "")


def _is_over(job: Body) -> bool:
    return _has(job, "Complete") or _has(job, "Failed")


def _has(body: Body, kind: str) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
