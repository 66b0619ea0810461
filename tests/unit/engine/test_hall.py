"""The small API of `hall` answers and keeps what the stand-in of Kubernetes does, for all that the engine asks of it.

If this fails, tests of the engine prove something that no cluster does.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.doorwire import door_client
from tests.unit.engine.fakes import backup
from tests.unit.engine.hall import Api, Body, place

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.crd import crd
from zilliz_jobs.kube.client import JSON, JSON_PATCH, MERGE_PATCH
from zilliz_jobs.kube.errors import KubeError
from zilliz_local.kube import KubeApi

pytestmark = pytest.mark.looptime

ONE, NONE = place("one"), place("none")
STATUS = f"{ONE}/status"
KIND = ONE.rpartition("/")[0]
ALL = "/apis/jobs.zilliz.com/v1alpha1/backupjobs"
EVENTS = "/api/v1/namespaces/ns/events"
EVENT = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "ns"}}
HELD = ("jobs.zilliz.com/cleanup",)
NOW, OLD = {"resourceVersion": "the one that it has"}, {"resourceVersion": "1"}


@dataclass(frozen=True)
class Ask:
    method: str
    path: str
    body: Any = None
    content_type: str = JSON
    finalizers: tuple[str, ...] = ()
    times: int = 1


def merge(path: str, finalizers: tuple[str, ...] = (), **body: Any) -> Ask:
    return Ask("PATCH", path, body, MERGE_PATCH, finalizers)


def steps(*patch: Body) -> Ask:
    return Ask("PATCH", STATUS, list(patch), JSON_PATCH)


ASKED = {
    "a list": Ask("GET", KIND),
    "a list of all namespaces": Ask("GET", ALL),
    "one": Ask("GET", ONE),
    "one that is not there": Ask("GET", NONE),
    "a status": merge(STATUS, metadata=NOW, status={"state": "Pending"}),
    "a status without a field": merge(STATUS, status={"state": None, "jobId": "j"}),
    "a status of an older version": merge(STATUS, metadata=OLD, status={"jobId": "j"}),
    "a status of another object of the name": merge(STATUS, metadata={"uid": "u"}, status={"jobId": "j"}),
    "a status of one that is not there": merge(f"{NONE}/status", status={}),
    "a status does not change the spec": merge(STATUS, spec={"suspend": True}, status={"jobId": "j"}),
    "a JSON patch": steps({"op": "add", "path": "/status/jobId", "value": "j"}),
    "a JSON patch whose test fails": steps({"op": "test", "path": "/status/state", "value": "j"}),
    "a JSON patch whose test holds": steps({"op": "test", "path": "/status/state", "value": "InProgress"}),
    "a finalizer": merge(ONE, metadata={"finalizers": [*HELD]} | NOW),
    "a finalizer by an older version": merge(ONE, metadata={"finalizers": [*HELD]} | OLD),
    "a finalizer of another object of the name": merge(ONE, metadata={"finalizers": [*HELD], "uid": "another"}),
    "a finalizer that is taken off": merge(ONE, HELD, metadata={"finalizers": []}),
    "a deletion": Ask("DELETE", ONE),
    "a deletion that waits for a finalizer": Ask("DELETE", ONE, finalizers=HELD),
    "a deletion of another object of the name": Ask("DELETE", ONE, {"preconditions": {"uid": "another"}}),
    "a deletion of one that is not there": Ask("DELETE", NONE),
    "an event": Ask("POST", EVENTS, EVENT),
    "an event that is known": Ask("POST", EVENTS, EVENT, times=2),
}


async def told(client: Any, asked: Ask, live: Body) -> Body:
    """What is answered, as far as the engine looks."""
    body = copy.deepcopy(asked.body)
    if isinstance(body, dict) and NOW.items() <= body.get("metadata", {}).items():
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    answer: Body = {}
    try:
        for _ in range(asked.times):
            answer = await client.request(asked.method, asked.path, body=body, content_type=asked.content_type)
    except KubeError as error:
        return {"error": type(error).__name__}
    if "items" in answer:
        return {"items": [seen(one) for one in answer["items"]]}
    return {} if asked.method == "DELETE" else seen(answer)


def seen(body: Body | None) -> Body:
    if body is None:
        return {}
    meta = body["metadata"]
    kept = {"name": meta["name"], "finalizers": meta.get("finalizers") or [], "dies": "deletionTimestamp" in meta}
    return {"meta": kept, "spec": body.get("spec"), "status": body.get("status")}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_it_answers_and_keeps_what_the_stand_in_does(asked: Ask) -> None:
    api, kube = Api(), KubeApi([crd(BACKUP_JOB)])
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})
    kube.create(backup() | {"metadata": {"name": "one", "namespace": "ns", "finalizers": [*asked.finalizers]}})
    async with door_client(kube) as client:
        status = {"status": {"state": "InProgress"}}
        live = await client.request("PATCH", STATUS, body=status, content_type=MERGE_PATCH)
        api.objects[ONE] = copy.deepcopy(live)
        theirs = await told(client, asked, live)
    assert await told(api, asked, live) == theirs
    assert seen(api.objects.get(ONE)) == seen(kube.object(BACKUP_JOB.crd_name, "ns", "one"))
