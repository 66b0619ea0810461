"""The operator's parts without its tasks: nothing happens but what is called. Its inside is known here only.

The stand-ins for Kubernetes and for the cloud run in a thread of their own, so what they take is not counted. Time in
the cloud stands still until it is advanced.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.cloud import LoopThread
from tests.support.serving import ROOT
from tools.bench.cloud import CLUSTER, FILE, KEY
from tools.bench.kube import Kube
from tools.bench.problem import LateError, Problem

from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.redaction import hidden
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.engine.runtime import Engine
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.paths import path
from zilliz_jobs.polling.pollplan import ListState, PollState, due_reads, due_sweeps
from zilliz_jobs.polling.tracked import TrackedJob
from zilliz_jobs.settings import Settings
from zilliz_jobs.telemetry.concealed import CONCEALED
from zilliz_local.cloud import CloudSimulator
from zilliz_local.cloud.clock import Clock
from zilliz_local.cloud.crowd import ImportCrowd, put_imports
from zilliz_local.kube import KubeApi

Body = dict[str, Any]
NAMESPACE = "default"
COLLECTION = "films"
IMPORTS = ListId(Source.IMPORTS, CLUSTER)
CONNECTION = Key("ZillizConnection", NAMESPACE, "default")
CENTER = Key("JobCenter", NAMESPACE, "page")
RARELY = Rules(poll_min=3600.0, poll_max=3600.0)  # the operator reads nothing by itself
WAIT_SECONDS = 30.0
_VERBS = {"create": "POST", "update": "PUT"}


class Inside:
    """See the module; made by `inside`."""

    def __init__(self, thread: LoopThread, cloud: CloudSimulator, kube: KubeApi, client: KubeClient) -> None:
        self._thread, self._cloud, self._kube, self._client = thread, cloud, kube, client
        settings = Settings(allow_http_endpoints=True, progress_interval=0.0)
        self._engine = Engine(settings, client, rules=RARELY)

    async def start(self) -> None:
        self._secret("zilliz", apiKey=KEY)
        self._secret("bucket", accessKey="AK", secretKey="SK")
        spec = {"endpoint": self._cloud.url, "credentialsSecretRef": {"name": "zilliz"}}
        connection = await self.create("ZillizConnection", "default", spec)
        await self._engine.crds.check()
        self.hear(connection)
        await self._engine.accounts.reconcile(CONNECTION)

    async def close(self) -> None:
        await self._engine.stop()

    def _secret(self, name: str, **values: str) -> None:
        meta = {"name": name, "namespace": NAMESPACE, "labels": {"jobs.zilliz.com/credentials": "true"}}
        data = {entry: base64.b64encode(value.encode()).decode() for entry, value in values.items()}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}
        self._thread.run(lambda: self._kube.create(body))

    # -- what is around it

    @property
    def cloud_url(self) -> str:
        return self._cloud.url

    def calls(self) -> Counter[str]:
        """Requests that the two servers have had so far: `cloud import.list`, `kube PATCH importjobs/status`."""
        cloud = self._thread.run(lambda: dict(self._cloud.stats.by_route))
        kube = self._thread.run(self._kube.stats.report)["requests"]
        found = Counter({f"cloud {route}": count for route, count in cloud.items()})
        for verb, resources in kube.items():
            for resource, count in resources.items():
                plural = resource.replace(".jobs.zilliz.com", "")
                found[f"kube {_VERBS.get(verb, verb).upper()} {plural}"] += count
        return found

    def put_jobs(self, count: int, *, pending_seconds: float) -> list[str]:
        """The ids of so many new imports, which wait and then run for an hour."""
        crowd = ImportCrowd(
            cluster_id=CLUSTER,
            collection=COLLECTION,
            url=FILE,
            count=count,
            pending_seconds=pending_seconds,
            run_seconds=3600,
        )
        found: list[str] = self._thread.run(lambda: [job.job_id for job in put_imports(self._cloud.world, crowd)])
        return found

    def next_job(self, *, run_seconds: float) -> None:
        """How long the next import that is submitted runs."""
        self._thread.run(lambda: self._cloud.next_job("IMPORT", pending_seconds=10, run_seconds=run_seconds))

    def forget_jobs(self, ids: Iterable[str]) -> None:
        self._thread.run(lambda: [self._cloud.forget(job_id) for job_id in ids])

    def advance(self, seconds: float) -> None:
        """Let time go by in the cloud."""
        self._thread.run(lambda: self._cloud.advance(seconds))

    async def create(self, kind: str, name: str, spec: Body, status: Body | None = None) -> Body:
        """An object, as stored."""
        meta = {"name": name, "namespace": NAMESPACE}
        body = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
        made: Body = self._thread.run(lambda: copy.deepcopy(self._kube.create(body)))
        return made if status is None else await self.patch(made, {"status": status}, "status")

    async def patch(self, body: Body, change: Body, subresource: str | None = None) -> Body:
        """A person, or another program, changes the object; it as stored then."""
        media = "application/merge-patch+json"
        return await self._client.request("PATCH", _path(body, subresource), body=change, content_type=media)

    async def delete(self, name: str) -> None:
        """A person deletes the ImportJob, and a watch tells of it."""
        body = self.stored(name)
        await self._client.request("DELETE", _path(body))
        self._engine.on_delete(body)

    async def plain_client(self) -> Kube:
        """The least that a client of the API server can be; to be closed."""
        known = await self._client.credentials()
        return Kube(known.server, known.token or "", known.ca_path)

    def stored(self, name: str, plural: str = "importjobs") -> Body:
        """An object as the API server has it."""
        kind = f"{plural}.jobs.zilliz.com"
        text: str = self._thread.run(lambda: json.dumps(self._kube.object(kind, NAMESPACE, name)))
        found: Body | None = json.loads(text)
        if found is None:
            raise Problem(f"cannot measure: {plural} {name} is not there")
        return found

    # -- what it does

    def hear(self, body: Body) -> None:
        """A watch tells of the object."""
        self._engine.on_upsert(body)

    async def reconcile(self, name: str) -> None:
        """One pass over the ImportJob, with its events."""
        await self._engine.jobs.reconcile(_key(name))
        await self._engine.events.flush(WAIT_SECONDS)

    async def reconcile_center(self) -> None:
        """One pass over the JobCenter: its lists are read and compared with its rows."""
        await self._engine.jobcenter.centers.reconcile(CENTER)

    async def read_list(self) -> int:
        """Read the whole list of imports once; how many rows it had."""
        return len((await self._engine.jobs.poller.whole(self._account(), IMPORTS)).rows)

    def follow_anew(self, names: Iterable[str]) -> None:
        """As if no row of these jobs had been seen yet; none is read by a call of its own."""
        for name in names:
            self._engine.jobs.poller.unfollow(_key(name))
        for name in names:
            self._follow(_key(name), 3600.0)

    def _follow(self, key: Key, look: float) -> None:
        subject, account = self._engine.jobs.subject(key), self._account()
        if subject is None:
            raise Problem(f"cannot measure: {key} is not followed")
        self._engine.jobs.poller.follow(key, subject, account, look)

    def _account(self) -> Account:
        account = self._engine.connections.usable(CONNECTION)
        if account is None:
            raise Problem("cannot measure: the connection is not usable")
        return account

    async def read_jobs(self, names: Iterable[str]) -> None:
        """Read the jobs of these objects, each by a call of its own, and wait until all were seen."""
        clock = asyncio.get_running_loop().time
        began, waiting = clock(), [self._read_soon(_key(name)) for name in names]
        while waiting := [entry for entry in waiting if entry.look.read_at < began]:
            if clock() > began + WAIT_SECONDS:
                raise LateError(f"cannot measure: {len(waiting)} jobs were not read in {WAIT_SECONDS:g} s")
            await asyncio.sleep(0.02)

    def _read_soon(self, key: Key) -> TrackedJob:
        """As if its list did not tell its state any more."""
        key_poller = self._engine.jobs.poller._at[key]
        entry = key_poller.index.followed[key]
        entry.look.blind = True
        key_poller.recorded(entry, entry.look.interval, asyncio.get_running_loop().time())
        return entry

    def has_news(self, name: str) -> bool:
        """Whether something was seen of the job that no pass has recorded yet."""
        entry = self._engine.cache.get(_key(name))
        return entry is not None and entry.news is not None

    def is_settled(self, name: str) -> bool:
        """Whether nothing is left to do for the object."""
        entry = self._engine.cache.get(_key(name))
        return entry is not None and not entry.is_unfinished


def conceal(secrets: Iterable[str]) -> None:
    """From now on these are searched for in every text for an object of the namespace."""
    CONCEALED.conceal(*secrets, namespace=NAMESPACE)


def search(body: Body) -> Body:
    """The status of the object without secrets, as it is searched before each write."""
    return hidden(body, body["status"])


class Planning:
    """So many followed jobs on one list that tells their state and progress, none of which is due."""

    def __init__(self, count: int) -> None:
        keys = [Key("ImportJob", NAMESPACE, f"import-{index:05d}") for index in range(count)]
        demand = count / 30.0
        self._lists = {IMPORTS: ListState(IMPORTS, set(keys), demand, pages=max(1, count // 100), passed_at=100.0)}
        self._looks = [
            PollState(
                key, "import.describe", 0.0, 30.0, 130.0, IMPORTS, read_at=0.0, listed_at=100.0, tells_progress=True
            )
            for key in keys
        ]

    def plan(self) -> int:
        """What to read next; how many reads are due."""
        due_sweeps(self._lists.values(), 101.0, least=2.0)
        reads = due_reads(self._looks, self._lists, 101.0, pace=18.9, horizon=0.5, in_flight={}, progress_from={})
        return len(reads.jobs)


def _path(body: Body, subresource: str | None = None) -> str:
    return path(body["apiVersion"], f"{body['kind'].lower()}s", NAMESPACE, body["metadata"]["name"], subresource)


def _key(name: str) -> Key:
    return Key("ImportJob", NAMESPACE, name)


@asynccontextmanager
async def inside() -> AsyncIterator[Inside]:
    """The operator's parts between stand-ins of their own."""
    thread = LoopThread()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            kube, cloud = KubeApi([ROOT / "crds"]), CloudSimulator(clock=Clock(0.0))
            thread.run(kube.start)
            thread.run(cloud.start)
            kube.write_kubeconfig(Path(folder) / "kubeconfig")
            client = await KubeClient.connect(kubeconfig=Path(folder) / "kubeconfig")
            made = Inside(thread, cloud, kube, client)
            try:
                await made.start()
                yield made
            finally:
                await made.close()
                await client.close()
                thread.run(cloud.stop)
                thread.run(kube.stop)
    finally:
        thread.close()
