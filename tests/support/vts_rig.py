"""A migration by VTS in the rig: the operator, the small Kubernetes with a node for workers, the small cloud. The
worker moves rows into the cloud in this process, exactly as its config says."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.center_rig import killed
from tests.support.engine_rig import NAMESPACE, Rig
from tests.support.seatunnel import ENDED, URL, SeaTunnelCluster
from tests.support.worker import OUT_OF_MEMORY, TOLD_TO_END, Node, Play, by_door, moved
from tests.support.workershell import Ended

from zilliz_local.cloud import SHOP
from zilliz_local.cloud.contents import Collection

Body = dict[str, Any]
JOBS = "migrationjobs"
IMAGE = "registry.example.com/vts@sha256:" + "a" * 64
ROWS = 1000
LOGIN = {"username": "reader", "password": "pw-CANARY"}
SECRET = {"credentialsSecretRef": {"name": "source"}}
POSTGRES = {"postgresql": {"uri": "postgresql://pg.example.com:5432", "database": "app", **SECRET}}
QDRANT = {"qdrant": {"uri": "https://qdrant.example.com:6334", **SECRET}}
SCHEMA: dict[str, object] = {
    "autoId": False,
    "fields": [
        {"fieldName": "id", "dataType": "Int64", "isPrimary": True},
        {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": "8"}},
    ],
}


class Mover:
    """What a worker does: makes each collection that is not there, and inserts the rows of the source, again if it is
    told to again. `rows`: of each collection in the source; `loses`: how many of them it never writes in silence."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.rows, self.loses, self.runs = rig, ROWS, 0, 0
        self.gate = asyncio.Event()
        """While it is not set, the worker has made its collections and half of the rows, and goes no further."""
        self.gate.set()

    async def __call__(self, config: Body) -> Ended:
        self.runs += 1
        (sink,) = config["sink"]
        cluster = self.rig.cloud.world.clusters[SHOP]
        names = list(sink["collection_rename"].values())
        for name in names:
            place = sink["database"], name
            if cluster.collection(*place) is None:
                text = sink["collection_description"][name]
                cluster.put_collection(*place, Collection(text, dict(SCHEMA), loaded=False))
            self._of(*place).rows += self.rows // 2
        await self.gate.wait()
        for name in names:
            self._of(sink["database"], name).rows += self.rows - self.rows // 2 - self.loses
        return moved(self.rows * len(names), self.rows * len(names))

    async def evicted(self, config: Body) -> Ended:
        """The same, but its pod is told to end half way."""
        self.gate.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self(config), 0.1)
        self.gate.set()
        return TOLD_TO_END

    async def out_of_memory(self, config: Body) -> Ended:
        """The same, but java ends for want of memory half way."""
        await self.evicted(config)
        return OUT_OF_MEMORY

    def _of(self, database: str, name: str) -> Collection:
        found = self.rig.cloud.world.clusters[SHOP].collection(database, name)
        assert found is not None
        return found


class VtsRig:
    """`mover`: the worker of all pods; `node`: on which they are."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.mover = rig, Mover(rig)
        self.node = Node(by_door(rig.kube.door), NAMESPACE, folder=folder)
        self.node.play = Play(moves=self.mover)
        self._at_work: dict[int, asyncio.Task[Ended]] = {}

    async def start(self, **more: Any) -> None:
        """The operator begins, with the engine."""
        await self.rig.start(**{"vts_image": IMAGE} | more)

    async def start_on_cluster(self, **more: Any) -> None:
        """The operator begins, with a cluster of SeaTunnel and without an image for workers."""
        self.rig.seatunnel = self.rig.seatunnel or SeaTunnelCluster()
        await self.rig.start(**{"vts_cluster": URL} | more)

    @property
    def cluster(self) -> SeaTunnelCluster:
        assert self.rig.seatunnel is not None
        return self.rig.seatunnel

    def create(self, name: str = "one", source: Body | None = None, **more: Any) -> None:
        spec = {
            "engine": "VTS",
            "source": source or POSTGRES,
            "target": {"clusterId": SHOP},
            "collections": [{"source": "books"}],
        }
        self.rig.kube.create(
            {
                "apiVersion": "jobs.zilliz.com/v1alpha1",
                "kind": "MigrationJob",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": spec | more,
            }
        )

    async def annotate(self, what: str, value: str, name: str = "one") -> None:
        change = {"metadata": {"annotations": {f"jobs.zilliz.com/{what}": value}}}
        await self.rig.patch(JOBS, name, change)

    async def until(self, state: str, name: str = "one", seconds: float = 30.0) -> Body:
        return await self.rig.until_state(JOBS, name, state, seconds)

    def status(self, name: str = "one") -> Body:
        return self.rig.status(JOBS, name)

    def jobs(self) -> list[Body]:
        return self.rig.kube.objects("jobs.batch")

    def secrets(self) -> list[Body]:
        """Those of workers."""
        return [one for one in self.rig.kube.objects("secrets") if one["metadata"]["name"].startswith("zmg-")]

    def collection(self, name: str = "books", database: str = "default") -> Collection | None:
        return self.rig.cloud.world.clusters[SHOP].collection(database, name)

    def steps(self, name: str = "one") -> list[str]:
        return [row["name"] for row in self.status(name).get("steps") or []]

    async def kill(self) -> None:
        """The operator's process ends as kill -9 ends it, and looks at nothing any more."""
        assert self.rig.engine is not None
        await self.rig.engine.jobs.poller.close()
        await killed(self.rig)

    async def delete_job(self) -> None:
        """Somebody deletes the worker's Job, and its pod with it."""
        for one in self.jobs():
            options = {"propagationPolicy": "Foreground"}
            path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{one['metadata']['name']}"
            await (await self.rig.client()).request("DELETE", path, body=options)

    def hold(self) -> None:
        """Workers that begin from now on stop half way."""
        self.mover.gate.clear()

    async def look(self) -> None:
        """The node and the cloud work until they are stopped."""
        while True:
            await self.node.look()
            if self.rig.seatunnel is not None:
                self._work(self.rig.seatunnel)
            self.rig.cloud.advance(1)
            await asyncio.sleep(0.25)

    def _work(self, cluster: SeaTunnelCluster) -> None:
        """One round of the cluster of SeaTunnel."""
        for number, job in cluster.jobs.items():
            if job.status in ENDED:
                continue
            if number not in self._at_work:
                self._at_work[number] = asyncio.create_task(self.mover(job.config))
            task = self._at_work[number]
            if job.status == "CANCELING":
                task.cancel()
                job.status = "CANCELED"
            elif task.done():
                told = json.loads(task.result().message)
                job.status, job.read, job.written = told["state"], told["read"], told["written"]


@asynccontextmanager
async def vts_rig(rig: Rig, folder: Path) -> AsyncIterator[VtsRig]:
    data = {
        key: base64.b64encode(value.encode()).decode() for key, value in (LOGIN | {"apiKey": "src-CANARY"}).items()
    }
    labels = {"jobs.zilliz.com/credentials": "true"}
    meta = {"name": "source", "namespace": NAMESPACE, "labels": labels}
    rig.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    made = VtsRig(rig, folder)
    turns = asyncio.create_task(made.look())
    try:
        yield made
    finally:
        turns.cancel()
        with suppress(asyncio.CancelledError):
            await turns
        made.node.close()
