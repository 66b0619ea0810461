"""The Engine between a Kubernetes API and a cloud, both small and in this process, reached without sockets. The
watches are what the first tells of each change. Nothing waits for the machine, so a test may use virtual time."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.cloudwire import CloudWire
from tests.support.doorwire import door_client
from tests.support.loopclock import loop_clock, measured_by_the_loop, virtual_time
from tests.support.seatunnel import SeaTunnelCluster

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cloud.seatunnel import SeaTunnel
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.engine.runtime import Engine
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.settings import Settings
from zilliz_local.cloud import KEY, MOVIES, CloudSimulator
from zilliz_local.kube import KubeApi
from zilliz_local.kube.store import Subscription

Body = dict[str, Any]
NAMESPACE = "default"
FILM = "s3://demo-data/films/part-1.parquet"
QUICK = Rules(
    fence_seconds=1,
    poll_min=0.1,
    poll_max=0.3,
    look_interval=0.1,
    unknown_look_interval=0.2,
    backoff_base=0.1,
    backoff_max=0.3,
    recheck=0.3,
)
CALM = replace(QUICK, poll_min=1.0, poll_max=2.0, backoff_base=60.0, backoff_max=60.0, recheck=60.0)
"""For many objects; and nobody is woken by mere back-off, so that a turn which is lost stays lost."""

LATE_SECONDS = 0.01
"""A watch tells what happened up to so long ago, so that a writer mostly has its answer first."""

PATIENCE = 6
"""How many times slower than a quiet machine this one may be before a test says that something hangs."""


@dataclass
class Rig:
    kube: KubeApi
    cloud: CloudSimulator
    engine: Engine | None = None
    seatunnel: SeaTunnelCluster | None = None  # the cluster that the setting vts_cluster leads to
    deaf: bool = False  # the watch tells nothing
    kubeconfig: Path = Path("no server listens")
    _client: KubeClient | None = None
    _watch: asyncio.Task[None] | None = None
    _changes: Subscription | None = None
    _kinds_told: set[str] = field(default_factory=set)

    async def start(
        self,
        rules: Rules = QUICK,
        *,
        leadership: Leadership | None = None,
        clock: ServerClock | None = None,
        **settings: Any,
    ) -> Engine:
        """A process of the operator begins; it knows nothing."""
        wanted = {"workers": 8, "progress_interval": 5.0, "retry_cap": 0.2, "connection_check": 60.0} | settings
        client = await self.client()
        options = Settings(allow_http_endpoints=True, **wanted)
        self.engine = engine = Engine(options, client, leadership, rules=rules, clock=clock)
        engine.status_writer.turn_seconds = 0.0  # who waits says so at once
        measured_by_the_loop(engine)
        sessions = engine.connections._sessions
        sessions._make_session = partial(sessions._make_session, wire=CloudWire(self.cloud))
        if self.seatunnel is not None and options.vts_cluster:
            engine.connections.seatunnel = SeaTunnel(options.vts_cluster, wire=self.seatunnel)
        self._kinds_told = set()
        await engine.start()
        self._changes = self.kube.follow(resource.crd_name for resource in RESOURCES)
        self._watch = asyncio.create_task(self._watching(engine))
        return engine

    async def client(self) -> KubeClient:
        if self._client is None:
            self._client = door_client(self.kube)
        return self._client

    async def stop(self) -> None:
        """It ends in order."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._changes is not None:
            self.kube.store.leave(self._changes)
        if self.engine is not None:
            lost = self.engine.sweep.lost() if self.engine.alive and self.engine.leadership.works else []
            await self.engine.stop()
            assert not lost, f"nothing would have looked at these again: {lost}"
        if self._client is not None:
            await self._client.close()
        self.engine = self._client = self._watch = self._changes = None

    async def _watching(self, engine: Engine) -> None:
        assert self._changes is not None
        while True:
            await self._changes.wake.wait()
            if not self.deaf:
                self.tell(engine)
            await asyncio.sleep(LATE_SECONDS)

    def tell(self, engine: Engine) -> None:
        """What a watch would have told since the last time."""
        assert self._changes is not None
        for change in self._changes.drain():
            body = change.record.fresh()
            if engine.shard.filters(body["kind"]) and not engine.shard.selects(body):
                # A watch with a selector tells of an object that it does not show any more like of a deleted one.
                before = change.previous.fresh() if change.previous is not None else body
                if engine.shard.selects(before):
                    engine.on_delete(before)
                continue
            self._kinds_told.add(body["kind"])
            if change.type == "DELETED":
                engine.on_delete(body)
            else:
                engine.on_upsert(body)

    def told(self, kind: str) -> bool:
        """Whether the watch has told of an object of the kind."""
        return kind in self._kinds_told

    # -- people

    def secret(self, key: str = KEY, name: str = "zilliz", namespace: str = NAMESPACE) -> None:
        self.kube.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": name,
                    "namespace": NAMESPACE,
                    "labels": {"jobs.zilliz.com/credentials": "true"},
                },
                "data": {"apiKey": base64.b64encode(key.encode()).decode()},
            }
        )

    def connection(self, name: str = "default", **spec: Any) -> None:
        wanted = {
            "endpoint": self.cloud.url,
            "credentialsSecretRef": {"name": "zilliz"},
            "submissionSettleSeconds": 0,
        }
        self.kube.create(_ours("ZillizConnection", name, wanted | spec))

    def backup(self, name: str, **spec: Any) -> None:
        self.kube.create(_ours("BackupJob", name, {"clusterId": MOVIES} | spec))

    def imports(self, name: str, collection: str = "films", **spec: Any) -> None:
        wanted = {"clusterId": MOVIES, "collection": collection, "objectStorage": {"urls": [FILM]}}
        self.kube.create(_ours("ImportJob", name, wanted | spec))

    async def patch(self, plural: str, name: str, change: Body, sub: str = "") -> Body:
        client = await self.client()
        where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{NAMESPACE}/{plural}/{name}{sub}"
        return await client.request("PATCH", where, body=change, content_type="application/merge-patch+json")

    async def delete(self, plural: str, name: str) -> None:
        client = await self.client()
        where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{NAMESPACE}/{plural}/{name}"
        await client.request("DELETE", where)

    async def patch_secret(self, key: str, name: str = "zilliz", entry: str = "apiKey") -> None:
        client = await self.client()
        where = f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}"
        change = {"data": {entry: base64.b64encode(key.encode()).decode()}}
        await client.request("PATCH", where, body=change, content_type="application/merge-patch+json")

    async def delete_secret(self, name: str = "zilliz") -> None:
        client = await self.client()
        await client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}")

    # -- looking

    def everything(self) -> list[Body]:
        found = []
        for resource in RESOURCES:
            with suppress(LookupError):  # its CRD is not installed
                found += self.kube.objects(resource.crd_name)
        return found

    def get(self, plural: str, name: str) -> Body:
        """Not to be changed: it is the server's own."""
        return self.kube.object(f"{plural}.jobs.zilliz.com", NAMESPACE, name) or {}

    def status(self, plural: str, name: str) -> Body:
        found: Body = self.get(plural, name).get("status") or {}
        return found

    def events(self, reason: str = "") -> list[Body]:
        return [e for e in self.kube.objects("events") if reason in ("", e["reason"])]

    async def until(self, holds: Callable[[], Any], what: str = "", seconds: float = 10.0) -> None:
        """Wait for what takes at most so many seconds on a quiet machine; the message shows where the jobs stand if
        it never comes."""
        deadline = asyncio.get_running_loop().time() + seconds * PATIENCE
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{what or 'it'} did not come in {PATIENCE} x {seconds} s: {self._standing()}")
            await asyncio.sleep(0.01)

    def _standing(self) -> list[str]:
        """What the jobs say of themselves, the rarest first: the one that is late is seldom among the first dozen."""
        said: dict[tuple[Any, Any], list[str]] = {}
        for body in self.everything():
            status = body.get("status") or {}
            said.setdefault((status.get("state"), status.get("message")), []).append(body["metadata"]["name"])
        rarest = sorted(said.items(), key=lambda one: len(one[1]))
        return [f"{len(names)} x {words} ({', '.join(names[:5])})" for words, names in rarest[:12]]

    async def until_state(self, plural: str, name: str, state: str, seconds: float = 10.0) -> Body:
        await self.until(lambda: self.status(plural, name).get("state") == state, f"{name} {state}", seconds)
        return self.status(plural, name)


def condition(body: Body, kind: str) -> Body:
    rows = (body.get("status") or {}).get("conditions") or []
    return next((row for row in rows if row["type"] == kind), {})


@asynccontextmanager
async def rig(tmp_path: Path, cloud: CloudSimulator, *, virtual: bool = True) -> AsyncIterator[Rig]:
    """`cloud`: need not be started. `virtual`: time goes on as fast as it can, which is nothing for sockets."""
    with virtual_time() if virtual else nullcontext(), loop_clock() as now:
        kube = KubeApi(crds=[crd(resource) for resource in RESOURCES], now=now)
        cloud.clock.measure_by(asyncio.get_running_loop().time)
        cloud.behave(requests_per_second=0, submits_take_seconds=1)
        rig = Rig(kube, cloud)
        try:
            yield rig
        finally:
            await rig.stop()
            await cloud.stop()
            cloud.clock.measure_by(time.monotonic)  # what it shows afterwards is not from before


def _ours(kind: str, name: str, spec: Body) -> Body:
    return {
        "apiVersion": "jobs.zilliz.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }
