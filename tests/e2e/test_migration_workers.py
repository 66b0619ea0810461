"""The Jobs of migrations by VTS on a real API server, with its garbage collector: what is made is accepted, what is
deleted takes its pod with it, and what a node does is judged rightly. No operator has a part in it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.controlplane import ControlPlane
from tests.support.worker import Node, Play, by_client
from tests.unit.kinds.vts.specs import LOGIN, SINK, postgres

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.core.observation import Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.vts.config import render
from zilliz_jobs.kinds.migrations.vts.manifests import Owner, belongs_to, config_secret, is_owned_by, worker_job
from zilliz_jobs.kinds.migrations.vts.workerstate import judge
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import AlreadyExists, Body, Conflict, NotFound
from zilliz_jobs.kube.workers import Workers

pytestmark = pytest.mark.controlplane

IMAGE = "registry.example.com/vts@sha256:" + "a" * 64
PATIENCE = 30.0
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
LONG = {"PLAY_SECONDS": "60"}
API = f"/apis/{API_VERSION}"
OBJECT: Body = {
    "apiVersion": API_VERSION,
    "kind": "MigrationJob",
    "metadata": {"name": "from-postgres"},
    "spec": postgres().wire(),
}


class Stage:
    """One run of the engine in a namespace of its own that only takes restricted pods."""

    def __init__(self, workers: Workers, node: Node, namespace: str) -> None:
        self.workers, self.node = workers, node
        self.owner, self.token = Owner(namespace, OBJECT["metadata"]["name"], ""), uuid.uuid4().hex
        self.job: Body = {}

    async def begin(self, kube: KubeClient) -> None:
        """The object that owns the Job until its start."""
        made = await kube.request("POST", f"{API}/namespaces/{self.owner.namespace}/migrationjobs", body=OBJECT)
        self.owner = replace(self.owner, uid=made["metadata"]["uid"])

    async def make(self, *, secret: bool = True, start: bool = True) -> Body:
        self.job = await self.workers.create_job(worker_job(self.owner, self.token, 0, image=IMAGE))
        if secret:
            text = render(postgres(), 0, LOGIN, SINK, self.token)
            await self.workers.create_secret(config_secret(self.job, text))
        return await self.workers.start(self.job) if start else self.job

    async def seen(self, *, cancelled: bool = False) -> Seen:
        """As it is after one more round of the node."""
        await self.node.look()
        sight = await self.workers.look(self.owner.namespace, self.job["metadata"]["name"])
        found = judge(sight.job, list(sight.pods), list(sight.events), cancelled=cancelled)
        assert isinstance(found, Seen), found
        return found

    async def until(self, done: Callable[[Seen], bool], *, cancelled: bool = False) -> Seen:
        async with asyncio.timeout(PATIENCE):
            while True:
                if done(seen := await self.seen(cancelled=cancelled)):
                    return seen
                await asyncio.sleep(0.1)

    async def gone(self, look: Callable[[], Awaitable[object]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while await look():
                await self.node.look()
                await asyncio.sleep(0.1)


@pytest.fixture
async def stage(cluster: ControlPlane, tmp_path: Path) -> AsyncIterator[Stage]:
    namespace = f"vts-{uuid.uuid4().hex[:8]}"
    client = cluster.new_client()
    client.create_namespace(namespace, RESTRICTED)
    node = Node(by_client(client), namespace, folder=tmp_path)
    async with await KubeClient.connect(kubeconfig=cluster.kubeconfig) as kube:
        made = Stage(Workers(kube), node, namespace)
        await made.begin(kube)
        await _has_account(kube, namespace)
        yield made
    node.close()
    client.delete_namespace(namespace)
    client.close()


async def _has_account(kube: KubeClient, namespace: str) -> None:
    """No pod is admitted before the namespace has its default service account."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Exception):
                await kube.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
                return
            await asyncio.sleep(0.1)


async def test_a_run_from_its_job_to_its_end(stage: Stage) -> None:
    await stage.make()
    seen = await stage.until(lambda seen: seen.state is State.SUCCESSFUL)
    assert seen.message == "5000 rows read, 5000 written"
    (ended,) = stage.node.ended.values()
    assert "CANARY" not in ended.log + ended.message


async def test_suspended_it_has_no_pod_and_a_second_one_of_its_name_is_refused(stage: Stage) -> None:
    made = await stage.make(start=False)
    assert (await stage.seen()).cloud_status == "Suspended"
    with pytest.raises(AlreadyExists):
        await stage.workers.create_job(worker_job(stage.owner, stage.token, 0, image=IMAGE))
    found = await stage.workers.get(stage.owner.namespace, made["metadata"]["name"])
    assert found is not None
    assert belongs_to(found, stage.owner, stage.token, 0)
    secret = await stage.workers.get_secret(stage.owner.namespace, made["metadata"]["name"])
    assert is_owned_by(secret, found)


async def test_a_start_and_a_deletion_are_of_exactly_this_job(stage: Stage) -> None:
    made = await stage.make(start=False)
    other = {**made, "metadata": {**made["metadata"], "uid": str(uuid.uuid4())}}
    with pytest.raises(Conflict):
        await stage.workers.start(other)
    with pytest.raises(Conflict):
        await stage.workers.delete(other)
    assert (await stage.seen()).cloud_status == "Suspended"


async def test_until_its_start_the_job_goes_with_the_object(stage: Stage) -> None:
    made = await stage.make(start=False)
    await _delete_object(stage)
    await stage.gone(lambda: stage.workers.get(stage.owner.namespace, made["metadata"]["name"]))
    await stage.gone(lambda: _secret(stage))


async def test_a_run_that_has_begun_outlives_the_object(stage: Stage) -> None:
    stage.node.play = Play(LONG)
    made = await stage.make()
    await stage.until(lambda seen: seen.state is State.IN_PROGRESS)
    assert "ownerReferences" not in made["metadata"]
    before = await stage.workers.create_job(worker_job(stage.owner, uuid.uuid4().hex, 0, image=IMAGE))
    await _delete_object(stage)
    # The collector has been at work by when what the object still owned is gone.
    await stage.gone(lambda: stage.workers.get(stage.owner.namespace, before["metadata"]["name"]))
    assert (await stage.seen()).state is State.IN_PROGRESS


async def test_a_deletion_ends_the_engine_before_the_job_is_gone_and_takes_the_secret_along(stage: Stage) -> None:
    stage.node.play = Play(LONG)
    await stage.make()
    await stage.until(lambda seen: seen.state is State.IN_PROGRESS)
    await stage.workers.delete(stage.job)
    assert (await stage.seen(cancelled=True)).cloud_status == "Canceling"
    assert (await stage.until(lambda seen: seen.state is State.CANCELED, cancelled=True)).reason is Reason.CANCELED
    (ended,) = stage.node.ended.values()
    assert ended.exit_code == 143
    await stage.workers.delete(stage.job)  # once more changes nothing
    await stage.gone(lambda: _secret(stage))


async def test_the_default_deletion_leaves_the_pod_alone_which_is_why_it_is_never_used(stage: Stage) -> None:
    stage.node.play = Play(LONG)
    await stage.make()
    await stage.until(lambda seen: seen.state is State.IN_PROGRESS)
    name = stage.job["metadata"]["name"]
    await stage.workers._client.request("DELETE", f"/apis/batch/v1/namespaces/{stage.owner.namespace}/jobs/{name}")
    await stage.gone(lambda: stage.workers.get(stage.owner.namespace, name))
    listed = await stage.workers._client.get(f"/api/v1/namespaces/{stage.owner.namespace}/pods")
    assert [pod["status"]["phase"] for pod in listed["items"]] == ["Running"]


async def test_without_its_secret_the_pod_waits_and_says_so(stage: Stage) -> None:
    await stage.make(secret=False)
    seen = await stage.until(lambda seen: seen.reason is Reason.WORKER_NOT_STARTED)
    assert "FailedMount" in seen.message


@pytest.mark.parametrize(("obstacle", "words"), [("image", "ImagePullBackOff"), ("no node", "Unschedulable")])
async def test_what_keeps_the_pod_from_starting_is_told(stage: Stage, obstacle: str, words: str) -> None:
    stage.node.play = Play(obstacle=obstacle)
    await stage.make()
    seen = await stage.until(lambda seen: seen.reason is Reason.WORKER_NOT_STARTED)
    assert words in seen.message


async def test_what_admission_says_to_its_pod_stands_in_events_only_and_is_told(stage: Stage) -> None:
    stage.node.quota = "exceeded quota: few, requested: pods=1"
    await stage.make()
    seen = await stage.until(lambda seen: seen.reason is Reason.WORKER_NOT_STARTED)
    assert "exceeded quota: few" in seen.message


async def _delete_object(stage: Stage) -> None:
    path = f"{API}/namespaces/{stage.owner.namespace}/migrationjobs/{stage.owner.name}"
    await stage.workers._client.request("DELETE", path)


async def _secret(stage: Stage) -> object:
    try:
        return await stage.workers.get_secret(stage.owner.namespace, stage.job["metadata"]["name"])
    except NotFound:
        return None


ENDS = {
    "no table": Reason.SOURCE_NOT_FOUND,
    "failed": Reason.MIGRATION_FAILED,
    "out of memory": Reason.OUT_OF_MEMORY,
    "lost rows": Reason.MIGRATION_FAILED,
}


@pytest.mark.parametrize("play", ENDS)
async def test_a_failure_is_told_by_its_kind(stage: Stage, play: str) -> None:
    stage.node.play = Play({"PLAY": play})
    await stage.make()
    assert (await stage.until(lambda seen: seen.state is State.FAILED)).reason is ENDS[play]


async def test_an_eviction_is_an_interruption(stage: Stage) -> None:
    stage.node.play = Play(LONG)
    await stage.make()
    await stage.until(lambda seen: seen.state is State.IN_PROGRESS)
    await stage.node.interrupt()
    assert (await stage.until(lambda seen: seen.state is State.FAILED)).reason is Reason.WORKER_INTERRUPTED
