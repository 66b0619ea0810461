"""The stand-in of Kubernetes without sockets is the one with sockets: most tests of the engine rest on it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.doorwire import door_client
from tests.support.engine_rig import Rig

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.kube.client import JSON, JSON_PATCH, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Body, KubeError
from zilliz_local.kube import KubeApi

JOBS = "/apis/jobs.zilliz.com/v1alpha1/namespaces/default/backupjobs"
ONE, OLD = f"{JOBS}/one", {"metadata": {"labels": {"a": "old"}}}
APPLY = "application/apply-patch+yaml"
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
TIMES = {"creationTimestamp", "uid", "resourceVersion", "deletionTimestamp"}


def job(name: str = "one", **more: Any) -> Body:
    meta = {"name": name, "namespace": "default"} | more.pop("metadata", {})
    body = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "BackupJob", "metadata": meta}
    return body | {"spec": {"clusterId": "in01"}} | more


@dataclass(frozen=True)
class Ask:
    """One request, and what is set before it."""

    method: str
    path: str
    body: object | None = None
    content_type: str = JSON
    query: dict[str, str] | None = None
    before: Callable[[KubeApi], object] = lambda _kube: None
    timeout: float = 5.0


def answered_with(code: int, kube: KubeApi) -> None:
    kube.faults.answer(code)


ASKED: dict[str, Ask] = {
    "a list": Ask("GET", JOBS),
    "a list in chunks": Ask("GET", JOBS, query={"limit": "1"}),
    "a list of some": Ask("GET", JOBS, query={"labelSelector": "a=b", "fieldSelector": "metadata.name=one"}),
    "a selector that is none": Ask("GET", JOBS, query={"labelSelector": "a in b"}),
    "a list of a namespace that is not there": Ask("GET", JOBS.replace("default", "nowhere")),
    "one": Ask("GET", ONE),
    "one that is not there": Ask("GET", f"{JOBS}/none"),
    "a name with a space": Ask("GET", f"{JOBS}/a%20b"),
    "a kind that is not served": Ask("GET", JOBS.replace("backupjobs", "oddjobs")),
    "a version that is too new": Ask("GET", JOBS, query={"resourceVersion": "99999999"}),
    "what is served": Ask("GET", "/apis/jobs.zilliz.com/v1alpha1"),
    "the schemas": Ask("GET", "/openapi/v3"),
    "the version": Ask("GET", "/version"),
    "a page that is not there": Ask("GET", "/nothing/here"),
    "a new one": Ask("POST", JOBS, job("new")),
    "a new one that is known": Ask("POST", JOBS, job()),
    "a new one without what must be": Ask("POST", JOBS, job("new", spec={})),
    "a new one with a field that nobody knows": Ask("POST", JOBS, job("new", spec={"clusterId": "in01", "odd": 1})),
    "the same where unknown fields are refused": Ask(
        "POST", JOBS, job("new", spec={"clusterId": "in01", "odd": 1}), query={"fieldValidation": "Strict"}
    ),
    "a new one as a trial": Ask("POST", JOBS, job("new"), query={"dryRun": "All"}),
    "a new one with a warning": Ask("POST", JOBS, job("new", metadata={"finalizers": ["mine"]})),
    "one that is too large": Ask("POST", JOBS, job("new", metadata={"annotations": {"a": "x" * 4_000_000}})),
    "an update": Ask("PUT", ONE, job(spec={"clusterId": "in01", "suspend": True})),
    "an update of an older version": Ask("PUT", ONE, job(metadata={"resourceVersion": "1"})),
    "an update without a name": Ask("PUT", JOBS, job()),
    "a merge patch": Ask("PATCH", ONE, OLD, MERGE_PATCH),
    "a merge patch of an older version": Ask("PATCH", ONE, {"metadata": {"resourceVersion": "1"}}, MERGE_PATCH),
    "a JSON patch": Ask(
        "PATCH", ONE, [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}], JSON_PATCH
    ),
    "a JSON patch whose test fails": Ask(
        "PATCH", ONE, [{"op": "test", "path": "/metadata/uid", "value": "x"}], JSON_PATCH
    ),
    "a status": Ask("PATCH", f"{ONE}/status", {"status": {"state": "Pending"}}, MERGE_PATCH),
    "a status that may not be": Ask("PATCH", f"{ONE}/status", {"status": {"conditions": "none"}}, MERGE_PATCH),
    "an apply, which is not served": Ask("PATCH", ONE, {}, APPLY),
    "a deletion": Ask("DELETE", ONE),
    "a deletion of another one of the name": Ask("DELETE", ONE, {"preconditions": {"uid": "another"}}),
    "a deletion of all": Ask("DELETE", JOBS),
    "a Secret": Ask("GET", "/api/v1/namespaces/default/secrets/none"),
    "an event": Ask(
        "POST",
        "/api/v1/namespaces/default/events",
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}},
    ),
    "a method that is none": Ask("OPTIONS", ONE),
    "faults that are told": Ask("GET", "/_kube/faults"),
    **{
        f"a fault: {code}": Ask("PATCH", ONE, OLD, MERGE_PATCH, before=partial(answered_with, code))
        for code in (400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504)
    },
    "a fault with a pause": Ask(
        "GET", ONE, before=lambda kube: kube.faults.answer(429, retry_after=7, message="busy")
    ),
    "a fault of lists only": Ask("GET", JOBS, before=lambda kube: kube.faults.answer(500, method="LIST")),
    "cut before": Ask("PATCH", ONE, OLD, MERGE_PATCH, before=lambda kube: kube.faults.drop_before()),
    "cut after": Ask("PATCH", ONE, OLD, MERGE_PATCH, before=lambda kube: kube.faults.drop_after()),
    "late": Ask("GET", ONE, before=lambda kube: kube.faults.delay(0.05)),
    "too late": Ask("PATCH", ONE, OLD, MERGE_PATCH, before=lambda kube: kube.faults.delay(30), timeout=0.2),
}  # fmt: skip


@dataclass
class Side:
    """A server of its own, and a client."""

    kube: KubeApi
    client: KubeClient
    dates: list[str]

    async def told(self, asked: Ask) -> str:
        """All that a client learns of a request, and what it left behind, as JSON."""
        self.kube.create(job())
        self.kube.create(job("two"))
        asked.before(self.kube)
        try:
            answer = await self.client.request(
                asked.method,
                asked.path,
                query=asked.query,
                body=asked.body,
                content_type=asked.content_type,
                timeout=asked.timeout,
            )
            told: dict[str, Any] = {"answer": answer}
        except KubeError as error:
            told = {
                "error": type(error).__name__,
                "status": error.status,
                "says": str(error) if error.status else "no answer",
                "pause": getattr(error, "retry_after", None),
            }
        left = self.kube.objects("backupjobs.jobs.zilliz.com")
        told |= {"left": left, "counted": self.kube.stats.report()["requests"], "dated": len(self.dates)}
        return UID.sub("...", json.dumps(_timeless(told), indent=1, sort_keys=True))


def _timeless(value: Any) -> Any:
    """Without what differs from one object to the next."""
    if isinstance(value, dict):
        return {name: "..." if name in TIMES else _timeless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return value


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[tuple[Side, Side]]:
    """By sockets, and without."""
    crds = [crd(resource) for resource in RESOURCES]
    async with KubeApi(crds) as outer:
        outer.write_kubeconfig(tmp_path / "kubeconfig")
        inner = KubeApi(crds)
        clients = await KubeClient.connect(kubeconfig=tmp_path / "kubeconfig"), door_client(inner)
        made = []
        for kube, client in zip((outer, inner), clients, strict=True):
            side = Side(kube, client, [])
            client.on_answer = lambda date, _took, side=side: side.dates.append(date)
            made.append(side)
        yield made[0], made[1]
        for client in clients:
            await client.close()


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_the_same_request_has_the_same_answer_and_the_same_effect(sides: tuple[Side, Side], asked: Ask) -> None:
    """Else the engine would be tested against a server that nobody has."""
    outer, inner = [await side.told(asked) for side in sides]
    assert inner == outer
    assert all(date.endswith(" GMT") for side in sides for date in side.dates)


async def test_a_deletion_is_told_with_the_last_state_of_the_object(world: Rig) -> None:
    """As a real watch does: what was stored a moment before it must not be missed."""
    world.deaf = True
    engine = await world.start()
    heard: list[Body] = []
    engine.on_delete = heard.append  # type: ignore[method-assign]
    world.backup("one", suspend=True)
    world.tell(engine)
    await world.patch("backupjobs", "one", {"status": {"jobId": "job-late"}}, "/status")
    await world.delete("backupjobs", "one")
    world.deaf = False
    await world.until(lambda: heard, "the deletion is told")
    assert [body["status"]["jobId"] for body in heard] == ["job-late"]


async def test_requests_that_wait_do_not_hold_up_others() -> None:
    """A slow list must not stop the status writes of a test, as it does not over sockets."""
    kube = KubeApi([crd(resource) for resource in RESOURCES])
    kube.create(job())
    kube.faults.delay(0.5, method="LIST")
    async with door_client(kube) as client:
        slow = asyncio.create_task(client.get(JOBS))
        await asyncio.sleep(0)
        await client.get(ONE)
        assert not slow.done()
        assert len((await slow)["items"]) == 1
