"""A JobCenter between a Kubernetes API and a cloud. Looks at the page are made by the test, one after another."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.engine_rig import FILM, NAMESPACE, Body, Rig, rig

from zilliz_jobs.control.objects import Key
from zilliz_local.cloud import KEY, MOVIES, PROJECT, CloudSimulator, Duration, ManualClock

CONSOLE = {"enabled": True}
BROKEN = "s3://demo-data/broken/films.parquet"
IMPORTS = "/v2/vectordb/jobs/import/create"


@dataclass
class Page:
    rig: Rig
    name: str = "page"
    namespace: str = NAMESPACE

    @property
    def key(self) -> Key:
        return Key("JobCenter", self.namespace, self.name)

    def create(self, **spec: Any) -> None:
        given = {"projectId": PROJECT, "intervalSeconds": 3600} | spec
        wanted = {name: value for name, value in given.items() if value is not None}
        created(self.rig, "JobCenter", self.name, self.namespace, **wanted)

    async def begin(self, **spec: Any) -> None:
        """Made, and looked at for the first time."""
        self.create(**spec)
        await self.rig.until(lambda: self.status.get("reason"), "the first look")

    async def look(self) -> Body:
        """One more look at the page; the JobCenter's status after it."""
        engine = self.rig.engine
        assert engine is not None
        self.rig.tell(engine)
        await engine.jobcenter.centers.reconcile(self.key)
        self.rig.tell(engine)
        return self.status

    @property
    def status(self) -> Body:
        body = self.rig.kube.object("jobcenters.jobs.zilliz.com", self.namespace, self.name) or {}
        found: Body = body.get("status") or {}
        return found

    @property
    def rows(self) -> dict[str, Body]:
        """The rows of the page by what the lists know the job by."""
        found = self.rig.kube.objects("projectjobs.jobs.zilliz.com")
        return {row["spec"]["jobId"]: row for row in found if _page_of(row) == (self.namespace, self.name)}

    def row(self, job_id: str) -> Body:
        """The status of one row; empty where there is none."""
        found: Body = self.rows.get(job_id, {}).get("status") or {}
        return found

    async def annotate(self, job_id: str, verb: str, token: str) -> None:
        name = self.rows[job_id]["metadata"]["name"]
        change = {"metadata": {"annotations": {f"jobs.zilliz.com/{verb}-requested": token}}}
        where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{self.namespace}/projectjobs/{name}"
        client = await self.rig.client()
        await client.request("PATCH", where, body=change, content_type="application/merge-patch+json")

    async def until_row(self, job_id: str, what: str, **fields: Any) -> Body:
        """Wait until the row's request (`what`) has these fields."""

        def holds() -> bool:
            told = self.row(job_id).get(what) or {}
            return all(told.get(name) == value for name, value in fields.items())

        await self.rig.until(holds, f"{what} of {job_id}: {fields}, not {self.row(job_id).get(what)}")
        found: Body = self.row(job_id)[what]
        return found


def _page_of(row: Body) -> tuple[str, str]:
    return row["metadata"]["namespace"], row["spec"]["jobCenterRef"]["name"]


def started(world: Rig, url: str = FILM, cluster: str = MOVIES, collection: str = "films") -> str:
    """The id of an import that another client starts."""
    body: dict[str, object] = {"clusterId": cluster, "collectionName": collection, "objectUrls": [[url]]}
    return str(_data(world.cloud.act_as("console", "POST", IMPORTS, body))["jobId"])


def backed_up(world: Rig, cluster: str = MOVIES, *, by: str = "backupId") -> str:
    """The id of a backup that another client starts, or of its job."""
    answer = world.cloud.act_as(
        "console", "POST", f"/v2/clusters/{cluster}/backups/create", {"backupType": "CLUSTER"}
    )
    return str(_data(answer)[by])


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = answer["data"]
    return data


@asynccontextmanager
async def center_world(tmp_path: Path) -> AsyncIterator[Rig]:
    """Time in the cloud stands still until it is advanced."""
    async with rig(tmp_path, CloudSimulator(clock=ManualClock())) as made:
        made.secret()
        made.cloud.pace(
            backup=Duration(pending_seconds=2, run_seconds=60), import_=Duration(pending_seconds=2, run_seconds=60)
        )
        yield made


def created(world: Rig, kind: str, name: str, namespace: str = NAMESPACE, **spec: Any) -> None:
    meta = {"name": name, "namespace": namespace}
    world.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec})


def settled_in(world: Rig, namespace: str) -> None:
    """Another namespace with a connection of the same key."""
    world.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    meta = {"name": "zilliz", "namespace": namespace, "labels": {"jobs.zilliz.com/credentials": "true"}}
    data = {"apiKey": base64.b64encode(KEY.encode()).decode()}
    world.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    spec = {"endpoint": world.cloud.url, "credentialsSecretRef": {"name": "zilliz"}, "consoleApi": CONSOLE}
    created(world, "ZillizConnection", "default", namespace, **spec)


async def killed(world: Rig) -> None:
    """The operator's process ends as kill -9 ends it: nothing in flight is finished or recorded."""
    engine = world.engine
    assert engine is not None
    tasks = [*engine._tasks, *engine.actions.in_flight.tasks, *([world._watch] if world._watch else [])]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await engine.connections.close()
    world.engine = world._watch = None
