"""The ports to Kubernetes keep their promises, against the stand-in and against a real API server alike."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.skew import missing_fields
from zilliz_jobs.control.clock import machine_time
from zilliz_jobs.kube.client import JSON_PATCH, KubeClient
from zilliz_jobs.kube.errors import (
    Body,
    Conflict,
    HandleConflict,
    Invalid,
    KubeError,
    NotFound,
    StrictDecoding,
    Unavailable,
)
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.finalizers import Finalizers
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.openapi import fetch_schemas
from zilliz_jobs.kube.paths import path
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.kube.status import StatusWriter
from zilliz_local.kube import KubeApi

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py

TOKEN = "6f1c"
INTENT: Body = {
    "observedGeneration": 1,
    "state": "Pending",
    "submission": {"attempt": 1, "token": TOKEN, "evidence": "Sending", "baseline": {"backups": ["b1", "b2"]}},
    "conditions": [{"type": "Submitted", "status": "False", "reason": "Sending", "message": "one moment"}],
}
ANSWERED: Body = {
    "observedGeneration": 1,
    "state": "Pending",
    "jobId": "job-1",
    "submission": {"attempt": 1, "token": TOKEN, "evidence": "Answered", "handle": {"jobId": "job-1"}},
}
FINALIZER = "jobs.zilliz.com/cleanup"


@dataclass
class Cluster:
    """One API server with our CRDs, and a namespace in it for one test."""

    client: KubeClient
    namespace: str

    async def job(self, name: str = "nightly") -> Body:
        manifest = {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": "BackupJob",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"clusterId": "in01-1", "collections": ["a"]},
        }
        return await Objects(self.client).apply(manifest)

    async def now(self, body: Body) -> Body:
        return await Objects(self.client).get(BACKUP_JOB, self.namespace, body["metadata"]["name"])


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.controlplane)])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cluster]:
    if request.param == "real":
        plane = request.getfixturevalue("real_cluster")
        namespace = request.getfixturevalue("cluster_namespace")
        async with await KubeClient.connect(kubeconfig=plane.kubeconfig) as client:
            for resource in RESOURCES:
                await Objects(client).apply(crd(resource))
            await _until_served(client)
            yield Cluster(client, namespace)
    else:
        async with KubeApi(crds=[crd(resource) for resource in RESOURCES], token="t") as api:
            api.write_kubeconfig(tmp_path / "kubeconfig")
            async with await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig") as client:
                await Objects(client).apply(_named("v1", "Namespace", "team"))
                yield Cluster(client, "team")


async def _until_served(client: KubeClient) -> None:
    for _ in range(100):
        try:
            for resource in RESOURCES:
                [body async for body in Objects(client).list_all(resource)]
            return
        except NotFound:
            await asyncio.sleep(0.05)
    pytest.fail("the CRDs are not served")


def _named(api_version: str, kind: str, name: str, **more: Any) -> Body:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}} | more


# --- status ----------------------------------------------------------------------------------------------------


async def test_a_status_is_stored_as_written(cluster: Cluster) -> None:
    body = await cluster.job()
    assert body["status"] == {"observedGeneration": -1, "state": "Pending"}
    stored = await StatusWriter(cluster.client).write(BACKUP_JOB, body, INTENT)
    assert stored["status"] == INTENT
    assert await cluster.now(body) == stored
    fewer = {key: value for key, value in INTENT.items() if key != "conditions"}
    assert (await StatusWriter(cluster.client).write(BACKUP_JOB, stored, fewer))["status"] == fewer


async def test_a_status_that_did_not_change_is_not_written(cluster: Cluster) -> None:
    stored = await StatusWriter(cluster.client).write(BACKUP_JOB, await cluster.job(), INTENT)
    again = await StatusWriter(cluster.client).write(BACKUP_JOB, stored, copy.deepcopy(INTENT))
    assert again["metadata"]["resourceVersion"] == (await cluster.now(stored))["metadata"]["resourceVersion"]


async def test_an_intent_is_not_written_over_what_another_process_wrote(cluster: Cluster) -> None:
    """Else two processes would each submit the job."""
    writer = StatusWriter(cluster.client)
    body = await cluster.job()
    theirs = await writer.write(BACKUP_JOB, body, INTENT)
    mine = {**INTENT, "submission": {**INTENT["submission"], "token": "other"}}
    with pytest.raises(Conflict):
        await writer.write(BACKUP_JOB, body, mine)
    assert (await cluster.now(body))["status"] == theirs["status"]


async def test_an_intent_is_not_written_to_a_successor_of_the_same_name(cluster: Cluster) -> None:
    body = await cluster.job()
    await Objects(cluster.client).delete(BACKUP_JOB, body)
    await cluster.job()
    with pytest.raises(Conflict):
        await StatusWriter(cluster.client).write(BACKUP_JOB, body, INTENT)


async def test_a_status_of_an_object_that_is_gone(cluster: Cluster) -> None:
    body = await cluster.job()
    await Objects(cluster.client).delete(BACKUP_JOB, body)
    with pytest.raises(NotFound):
        await StatusWriter(cluster.client).write(BACKUP_JOB, body, INTENT)
    with pytest.raises(NotFound):
        await StatusWriter(cluster.client).write_handle(BACKUP_JOB, body, ANSWERED, TOKEN)


async def test_a_field_that_the_crd_lacks_is_an_error_and_nothing_is_stored(cluster: Cluster) -> None:
    """A record that is pruned in silence is a submission that nobody finds again."""
    writer = StatusWriter(cluster.client)
    body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    with pytest.raises(StrictDecoding, match=r'unknown field "status\.newer"'):
        await writer.write(BACKUP_JOB, body, {**INTENT, "newer": 1})
    with pytest.raises(StrictDecoding, match=r'unknown field "status\.newer"'):
        await writer.write_handle(BACKUP_JOB, body, {**ANSWERED, "newer": 1}, TOKEN)
    assert (await cluster.now(body))["status"] == INTENT


async def test_a_value_of_the_wrong_type_is_an_error(cluster: Cluster) -> None:
    writer = StatusWriter(cluster.client)
    body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    for write in (
        writer.write(BACKUP_JOB, body, {**INTENT, "state": 5}),
        writer.write_handle(BACKUP_JOB, body, {**ANSWERED, "state": 5}, TOKEN),
    ):
        with pytest.raises(Invalid) as caught:
            await write
        assert type(caught.value) is Invalid
        assert "status.state" in str(caught.value)


# --- the handle ------------------------------------------------------------------------------------------------


async def test_a_handle_is_stored_although_the_object_changed_meanwhile(cluster: Cluster) -> None:
    writer = StatusWriter(cluster.client)
    body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    await Objects(cluster.client).annotate(BACKUP_JOB, cluster.namespace, "nightly", {"team": "a"})
    edited = {"metadata": {}, "status": {"message": "by hand", "conditions": None}}
    where = path("jobs.zilliz.com/v1alpha1", "backupjobs", cluster.namespace, "nightly", "status")
    await cluster.client.request("PATCH", where, body=edited, content_type="application/merge-patch+json")
    stored = await writer.write_handle(BACKUP_JOB, body, ANSWERED, TOKEN)
    assert stored["status"] == {**ANSWERED, "message": "by hand"}
    assert stored["metadata"]["annotations"] == {"team": "a"}


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"token": "other", "evidence": "Sending"}, id="of another submission"),
        pytest.param({"token": TOKEN, "evidence": "Answered"}, id="that has its handle already"),
        pytest.param(None, id="that was taken away"),
    ],
)
async def test_a_handle_is_not_stored_into_a_record(cluster: Cluster, record: Body | None) -> None:
    writer = StatusWriter(cluster.client)
    body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    other = {**INTENT, "submission": record} if record else {"observedGeneration": 1}
    await writer.write(BACKUP_JOB, body, other)
    with pytest.raises(HandleConflict) as caught:
        await writer.write_handle(BACKUP_JOB, body, ANSWERED, TOKEN)
    assert caught.value.body["status"] == other
    assert (await cluster.now(body))["status"] == other


@pytest.mark.parametrize("later", [{"holder": "another", "sends": 2}, {"sends": 2}], ids=["another's", "our own"])
async def test_what_became_of_a_send_is_not_taken_for_that_of_a_later_one(cluster: Cluster, later: Body) -> None:
    """A process that slept wakes up and says "not sent", while its successor's request of the same token is under
    way: the object would be submitted once more."""
    writer = StatusWriter(cluster.client)
    record = INTENT["submission"] | {"holder": "one", "sends": 1}
    body = await writer.write(BACKUP_JOB, await cluster.job(), {**INTENT, "submission": record})
    await writer.write(BACKUP_JOB, body, {**INTENT, "submission": record | later})
    not_sent = {key: value for key, value in INTENT.items() if key != "submission"}
    with pytest.raises(HandleConflict) as caught:
        await writer.write_handle(BACKUP_JOB, body, not_sent, TOKEN)
    assert caught.value.body["status"]["submission"] == record | later
    assert (await cluster.now(body))["status"]["submission"] == record | later


async def test_a_handle_is_not_stored_into_a_successor_of_the_same_name(cluster: Cluster) -> None:
    writer = StatusWriter(cluster.client)
    body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    await Objects(cluster.client).delete(BACKUP_JOB, body)
    await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
    with pytest.raises(HandleConflict):
        await writer.write_handle(BACKUP_JOB, body, ANSWERED, TOKEN)


# --- finalizers, deletion --------------------------------------------------------------------------------------


async def test_a_finalizer_comes_and_goes_beside_those_of_others(cluster: Cluster) -> None:
    finalizers = Finalizers(cluster.client)
    await cluster.job()
    theirs = {"metadata": {"finalizers": ["example.com/theirs"]}}
    body = await Objects(cluster.client).patch(BACKUP_JOB, cluster.namespace, "nightly", theirs)
    added = await finalizers.add(BACKUP_JOB, body, FINALIZER)
    assert added is not None
    assert added["metadata"]["finalizers"] == ["example.com/theirs", FINALIZER]
    assert await finalizers.add(BACKUP_JOB, added, FINALIZER) is added
    with pytest.raises(Conflict):
        await finalizers.remove(
            BACKUP_JOB, {**body, "metadata": {**body["metadata"], "finalizers": [FINALIZER]}}, FINALIZER
        )
    removed = await finalizers.remove(BACKUP_JOB, added, FINALIZER)
    assert removed is not None
    assert removed["metadata"]["finalizers"] == ["example.com/theirs"]
    assert await finalizers.remove(BACKUP_JOB, removed, FINALIZER) is removed


async def test_a_deletion_waits_for_the_finalizer(cluster: Cluster) -> None:
    finalizers, objects = Finalizers(cluster.client), Objects(cluster.client)
    body = await finalizers.add(BACKUP_JOB, await cluster.job(), FINALIZER)
    assert body is not None
    await objects.delete(BACKUP_JOB, body)
    deleting = await cluster.now(body)
    assert deleting["metadata"]["deletionTimestamp"]
    with pytest.raises(Conflict):
        await finalizers.add(BACKUP_JOB, deleting, "jobs.zilliz.com/late")
    with pytest.raises(Conflict):  # nor by what was read before
        await finalizers.add(BACKUP_JOB, body, "jobs.zilliz.com/late")
    last = await finalizers.remove(BACKUP_JOB, deleting, FINALIZER)
    assert last is not None
    assert "finalizers" not in last["metadata"]
    with pytest.raises(NotFound):
        await cluster.now(body)
    assert await finalizers.remove(BACKUP_JOB, deleting, FINALIZER) is None
    await objects.delete(BACKUP_JOB, deleting)


async def test_an_object_that_changed_is_not_deleted(cluster: Cluster) -> None:
    """A retry that is asked for in the last moment must not be lost to the TTL."""
    objects = Objects(cluster.client)
    body = await cluster.job()
    retry = {"jobs.zilliz.com/retry-requested": "1"}
    newer = await objects.annotate(BACKUP_JOB, cluster.namespace, "nightly", retry)
    with pytest.raises(Conflict):
        await objects.delete(BACKUP_JOB, body)
    await objects.delete(BACKUP_JOB, newer)
    newest = await cluster.job()
    version = newest["metadata"]["resourceVersion"]
    with pytest.raises(Conflict):
        await objects.delete(BACKUP_JOB, {**newer, "metadata": {**newer["metadata"], "resourceVersion": version}})


# --- reading, manifests ----------------------------------------------------------------------------------------


async def test_a_list_comes_in_chunks_and_whole(cluster: Cluster) -> None:
    for number in range(5):
        await cluster.job(f"job-{number}")
    objects = Objects(cluster.client)
    listed = [body async for body in objects.list_all(BACKUP_JOB, cluster.namespace, limit=2)]
    assert [body["metadata"]["name"] for body in listed] == [f"job-{number}" for number in range(5)]
    assert {(body["kind"], body["apiVersion"]) for body in listed} == {("BackupJob", "jobs.zilliz.com/v1alpha1")}
    everywhere = [body async for body in objects.list_all(BACKUP_JOB)]
    assert {body["metadata"]["uid"] for body in listed} <= {body["metadata"]["uid"] for body in everywhere}


async def test_any_manifest_can_be_applied_twice_and_removed_twice(cluster: Cluster) -> None:
    objects = Objects(cluster.client)
    secret = _named("v1", "Secret", "key", stringData={"apiKey": "hush"})
    secret["metadata"]["namespace"] = cluster.namespace
    for manifest in (secret, _named("v1", "Namespace", f"{cluster.namespace}-2"), crd(BACKUP_JOB)):
        first = await objects.apply(manifest)
        manifest = copy.deepcopy(manifest)
        manifest["metadata"]["labels"] = {"a": "b"}
        second = await objects.apply(manifest)
        assert first["metadata"]["uid"] == second["metadata"]["uid"]
        assert (await objects.fetch(manifest))["metadata"]["labels"]["a"] == "b"
    for _ in range(2):
        await objects.remove(secret)
    with pytest.raises(NotFound):
        await objects.fetch(secret)


async def test_a_kind_that_the_server_does_not_have_is_named(cluster: Cluster) -> None:
    with pytest.raises(KubeError, match="cannot find kind Unheard in v1"):
        await Objects(cluster.client).apply(_named("v1", "Unheard", "x"))
    with pytest.raises(NotFound):
        await Objects(cluster.client).apply(_named("no.such.group/v1", "X", "x"))


async def test_a_secret_is_read(cluster: Cluster) -> None:
    manifest = _named("v1", "Secret", "key", stringData={"apiKey": "hush\n"})
    manifest["metadata"] |= {"namespace": cluster.namespace, "labels": {"jobs.zilliz.com/credentials": "true"}}
    await Objects(cluster.client).apply(manifest)
    secret = await Secrets(cluster.client).read(cluster.namespace, "key")
    assert secret.text("apiKey") == "hush"
    assert secret.labels == {"jobs.zilliz.com/credentials": "true"}
    assert secret.uid
    with pytest.raises(NotFound):
        await Secrets(cluster.client).read(cluster.namespace, "other")


async def test_the_installed_crds_lack_nothing(cluster: Cluster) -> None:
    expected = {resource.kind: crd(resource) for resource in RESOURCES}
    async with asyncio.timeout(10):
        while expected.keys() - (schemas := await fetch_schemas(cluster.client)).keys():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    lacking = {kind: missing_fields(expected[kind], schema) for kind, schema in schemas.items()}
    assert lacking == {kind: [] for kind in expected}


async def test_an_event_is_posted_once_by_all_processes(cluster: Cluster) -> None:
    body = await cluster.job()
    for instance in ("pod-1", "pod-2"):
        poster = EventPoster(cluster.client, instance=instance, now=machine_time)
        poster.post(body, "Warning", "TwoHandles", "x" * 5000)
        await poster.flush(10)
        assert poster.dropped == 0
    listed = await cluster.client.get(path("v1", "events", cluster.namespace))
    ours = [event for event in listed["items"] if event["involvedObject"]["uid"] == body["metadata"]["uid"]]
    (event,) = ours
    assert (event["type"], event["reason"], len(event["message"])) == ("Warning", "TwoHandles", 1024)


# --- answers that get lost (the stand-in alone can lose them) ---------------------------------------------------


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[KubeApi]:
    async with KubeApi(crds=[crd(resource) for resource in RESOURCES]) as api:
        api.write_kubeconfig(tmp_path / "kubeconfig")
        yield api


Write = Callable[[StatusWriter, Body], Awaitable[Body]]


@pytest.mark.parametrize(
    ("write", "stored"),
    [
        pytest.param(lambda w, b: w.write(BACKUP_JOB, b, {"jobId": "x"}), "x", id="a status"),
        pytest.param(lambda w, b: w.write_handle(BACKUP_JOB, b, ANSWERED, TOKEN), "job-1", id="a handle"),
    ],
)
async def test_a_write_whose_answer_is_lost_is_unknown_to_the_caller(
    api: KubeApi, tmp_path: Path, write: Write, stored: str
) -> None:
    async with await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig") as client:
        cluster, writer = Cluster(client, "default"), StatusWriter(client)
        body = await writer.write(BACKUP_JOB, await cluster.job(), INTENT)
        api.faults.drop_after(method="PATCH", path="*/status")
        with pytest.raises(Unavailable):
            await write(writer, body)
        assert (await cluster.now(body))["status"]["jobId"] == stored
        with pytest.raises(Conflict):
            await write(writer, body)


async def test_a_failed_test_of_a_json_patch_is_a_refusal(cluster: Cluster) -> None:
    await cluster.job()
    where = path("jobs.zilliz.com/v1alpha1", "backupjobs", cluster.namespace, "nightly")
    ops = [{"op": "test", "path": "/spec/clusterId", "value": "another"}]
    with pytest.raises(Invalid):
        await cluster.client.request("PATCH", where, body=ops, content_type=JSON_PATCH)
