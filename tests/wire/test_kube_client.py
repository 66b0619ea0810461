"""The Kubernetes client over a real socket: what each answer, and each missing answer, becomes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from yarl import URL

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.control.clock import machine_time
from zilliz_jobs.kube import client as client_module
from zilliz_jobs.kube import events, watching
from zilliz_jobs.kube.client import MERGE_PATCH, KubeClient
from zilliz_jobs.kube.deployments import Deployments
from zilliz_jobs.kube.errors import Forbidden, Gone, NotFound, Unauthorised, Unavailable
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.openapi import fetch_schemas
from zilliz_jobs.kube.reviews import AccessReviews, Deed
from zilliz_jobs.kube.watching import Changed, Listed

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Script:
    """A server that gives one answer after the other; the last one for ever."""

    def __init__(self, url: str, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, str, str, str]] = []  # method, path and query, content type, authorization
        self.bodies: list[Any] = []
        self.came = asyncio.Condition()
        self.write_kubeconfig(url, "first")

    def write_kubeconfig(self, url: str, token: str) -> None:
        self.url = url
        config = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "c", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        self.requests.append(
            (request.method, request.path_qs, headers.get("Content-Type", ""), headers.get("Authorization", ""))
        )
        self.bodies.append(await request.json() if request.can_read_body else None)
        async with self.came:
            self.came.notify_all()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)

    async def reached(self, count: int) -> None:
        """Wait until that many requests have come."""
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: len(self.requests) >= count)

    def say(self, status: int = 200, body: object = None, **headers: str) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.json_response({} if body is None else body, status=status, headers=headers)

        self.answers.append(answer)

    def tell(self, *lines: object) -> None:
        """The answer to a watch, which ends at once."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(body=b"".join(json.dumps(line).encode() + b"\n" for line in lines))

        self.answers.append(answer)

    def cut(self) -> None:
        """Close the connection without an answer."""

        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        self.answers.append(answer)

    def hang(self, seconds: float) -> None:
        async def answer(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return web.json_response({})

        self.answers.append(answer)


@pytest.fixture
async def script(tmp_path: Path) -> AsyncIterator[Script]:
    app = web.Application()
    server = TestServer(app)
    script = Script("", tmp_path / "kubeconfig")
    app.router.add_route("*", "/{path:.*}", script.handle)
    await server.start_server()
    script.write_kubeconfig(str(server.make_url("")).rstrip("/"), "first")
    yield script
    await server.close()


@pytest.fixture
async def client(script: Script) -> AsyncIterator[KubeClient]:
    async with await KubeClient.connect(kubeconfig=script.kubeconfig) as client:
        yield client


async def test_a_request_says_who_asks_and_what(script: Script, client: KubeClient) -> None:
    script.say(200, {"kind": "X"})
    query = {"fieldManager": "a b&c"}
    assert await client.request("PATCH", "/api/x", query=query, body={"a": 1}, content_type=MERGE_PATCH) == {
        "kind": "X"
    }
    assert script.requests == [("PATCH", "/api/x?fieldManager=a+b%26c", MERGE_PATCH, "Bearer first")]
    assert script.bodies == [{"a": 1}]


async def test_the_message_of_the_server_reaches_the_user(script: Script, client: KubeClient) -> None:
    script.say(403, {"kind": "Status", "message": "secrets is forbidden: User x cannot get"})
    with pytest.raises(Forbidden, match="cannot GET /api/x: secrets is forbidden"):
        await client.get("/api/x", {"limit": "1"})


async def test_a_server_that_is_throttling_names_the_wait(script: Script, client: KubeClient) -> None:
    script.say(429, {}, **{"Retry-After": "3"})
    with pytest.raises(Unavailable) as caught:
        await client.get("/api/x")
    assert caught.value.retry_after == 3.0
    assert len(script.requests) == 1, "who knows the object decides on a repetition"


async def test_a_lost_answer_to_a_write_is_told_and_never_repeated(script: Script, client: KubeClient) -> None:
    script.cut()
    with pytest.raises(Unavailable):
        await client.request("PATCH", "/api/x", body={}, content_type=MERGE_PATCH)
    assert len(script.requests) == 1


async def test_a_hanging_server_does_not_hang_the_caller(script: Script, client: KubeClient) -> None:
    script.hang(0.5)
    with pytest.raises(Unavailable, match="cannot GET /api/x: "):
        await client.request("GET", "/api/x", timeout=0.05)


async def test_an_answer_that_is_no_object_counts_as_none(script: Script, client: KubeClient) -> None:
    script.say(200, ["x"])
    with pytest.raises(Unavailable, match="no JSON object"):
        await client.get("/api/x")


async def test_a_server_that_is_not_there(script: Script, client: KubeClient) -> None:
    script.write_kubeconfig(f"http://127.0.0.1:{unused_port()}", "x")
    async with await KubeClient.connect(kubeconfig=script.kubeconfig) as other:
        with pytest.raises(Unavailable):
            await other.get("/api/x")


async def test_an_expired_token_is_read_again(
    script: Script, client: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RELOAD_SECONDS", 0)
    script.say(401)
    script.say(200, {"ok": True})
    script.write_kubeconfig(script.url, "second")
    assert await client.request("POST", "/api/x", body={}) == {"ok": True}
    assert [request[3] for request in script.requests] == ["Bearer first", "Bearer second"]
    assert (await client.credentials()).token == "second"


async def test_credentials_that_stay_wrong_are_not_read_without_end(script: Script, client: KubeClient) -> None:
    script.say(401)
    with pytest.raises(Unauthorised):
        await client.get("/api/x")
    assert len(script.requests) == 1, "they were read a moment ago"


async def test_kopf_gets_fresh_credentials_when_its_own_expired(
    script: Script, client: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RELOAD_SECONDS", 0)
    script.write_kubeconfig(script.url, "second")
    assert (await client.credentials()).token == "first"
    assert (await client.credentials(fresh=True)).token == "second"


async def test_a_list_that_expires_half_way_is_begun_anew(script: Script, client: KubeClient) -> None:
    def item(name: str) -> dict[str, Any]:
        return {"metadata": {"name": name, "managedFields": [{}]}}

    script.say(200, {"metadata": {"continue": "t=1"}, "items": [item("a")]})
    script.say(410, {"reason": "Expired"})
    script.say(200, {"metadata": {"continue": "t=2"}, "items": [item("a")]})
    script.say(200, {"metadata": {}, "items": [item("b")]})
    listed = [body async for body in Objects(client).list_all(BACKUP_JOB, "team", limit=1)]
    assert [body["metadata"] for body in listed] == [{"name": "a"}, {"name": "a"}, {"name": "b"}]
    where = "/apis/jobs.zilliz.com/v1alpha1/namespaces/team/backupjobs?limit=1"
    assert [request[1] for request in script.requests] == [
        where,
        f"{where}&continue=t%3D1",
        where,
        f"{where}&continue=t%3D2",
    ]


async def test_a_list_that_always_expires_ends(script: Script, client: KubeClient) -> None:
    script.say(410)
    with pytest.raises(Gone):
        [body async for body in Objects(client).list_all(BACKUP_JOB)]


async def test_a_namespace_that_is_not_there(script: Script, client: KubeClient) -> None:
    script.say(404, {"message": "not found"})
    with pytest.raises(NotFound):
        await Objects(client).get(BACKUP_JOB, "team", "x")


# --- What the commands for people watch ------------------------------------------------------------------------


def item(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": version, "managedFields": [{}]}}


async def test_a_watch_begins_with_all_pages_and_goes_on_where_the_last_one_ended(
    script: Script, client: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else jobs beyond the first page are never shown, and after a quiet hour the server has forgotten the place."""
    monkeypatch.setattr(watching, "FIRST_PAUSE_SECONDS", 0.0)
    script.say(200, {"metadata": {"continue": "t", "resourceVersion": "5"}, "items": [item("a", "1")]})
    script.say(200, {"metadata": {"resourceVersion": "5"}, "items": [item("b", "2")]})
    script.tell(
        {"type": "ADDED", "object": item("c", "6")}, ["no event"], {"type": "BOOKMARK", "object": item("", "9")}
    )
    script.tell({"type": "DELETED", "object": item("a", "10")})
    told = watching.watch(client, "/api/x", {"labelSelector": "l"})
    a, b, c = (
        {"metadata": {"name": name, "resourceVersion": at}} for name, at in (("a", "1"), ("b", "2"), ("c", "6"))
    )
    assert await anext(told) == Listed((a, b))
    assert await anext(told) == Changed(c)
    assert await anext(told) == Changed({"metadata": {"name": "a", "resourceVersion": "10"}}, gone=True)
    await told.aclose()  # type: ignore[attr-defined]
    asked = [URL(request[1]).query for request in script.requests]
    assert [one.get("continue") for one in asked[:2]] == [None, "t"]
    assert [one.get("resourceVersion") for one in asked[2:]] == ["5", "9"]
    assert {one["labelSelector"] for one in asked} == {"l"}


async def test_a_watch_that_breaks_off_gives_what_came_and_says_that_it_is_not_all(
    script: Script, client: KubeClient
) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'["no event"]\nnor this\n{"type": "ADDED"}\n{"type": "DELE')
        assert request.transport is not None
        request.transport.close()
        return response

    script.answers.append(half)
    lines = client.stream("/api/x", {"watch": "true"}, timeout=5)
    assert await anext(lines) == {"type": "ADDED"}
    with pytest.raises(Unavailable, match="cannot GET /api/x: "):
        await anext(lines)


# --- What is asked of the API server about others than jobs ----------------------------------------------------


async def test_who_may_do_what_is_asked_for_exactly_that(script: Script, client: KubeClient) -> None:
    """A right to read jobs is not one to write their status; whoever is told otherwise looks in the wrong place."""
    script.say(201, {"status": {"allowed": True}})
    script.say(201, {"status": {"allowed": False, "denied": True}})
    script.say(201, {})
    reviews = AccessReviews(client)
    status = Deed("patch", "jobs.zilliz.com", "importjobs/status", "team", "films")
    assert await reviews.may_i(status)
    assert not await reviews.may("system:serviceaccount:z:z", ["system:authenticated"], Deed("get", "", "secrets"))
    assert not await reviews.may_i(status), "no verdict is no right"
    where = "/apis/authorization.k8s.io/v1"
    assert [request[1] for request in script.requests] == [
        f"{where}/selfsubjectaccessreviews",
        f"{where}/subjectaccessreviews",
        f"{where}/selfsubjectaccessreviews",
    ]
    mine, other, _ = (body["spec"] for body in script.bodies)
    assert mine == {
        "resourceAttributes": {
            "verb": "patch",
            "group": "jobs.zilliz.com",
            "resource": "importjobs",
            "subresource": "status",
            "namespace": "team",
            "name": "films",
        }
    }
    assert other == {
        "user": "system:serviceaccount:z:z",
        "groups": ["system:authenticated"],
        "resourceAttributes": {"verb": "get", "resource": "secrets"},
    }
    assert [str(status), str(Deed("get", "", "secrets"))] == [
        "patch on importjobs/status.jobs.zilliz.com",
        "get on secrets",
    ]


async def test_an_operator_is_stopped_by_its_scale_and_those_left_are_counted(
    script: Script, client: KubeClient
) -> None:
    """Objects are freed when none is left: one that is not counted holds them again."""
    script.say(200, {"spec": {"replicas": 0}, "status": {"replicas": 2}})
    script.say(200, {"spec": {"replicas": 0}, "status": {}})
    script.say(404, {"details": {"name": "operator"}})
    deployments = Deployments(client)
    assert [await deployments.scale("home", "operator", 0) for _ in range(3)] == [2, 0, 0]
    where = "/apis/apps/v1/namespaces/home/deployments/operator/scale?fieldManager=zilliz-jobs"
    assert script.requests[0][:3] == ("PATCH", where, MERGE_PATCH)
    assert script.bodies[0] == {"spec": {"replicas": 0}}


async def test_crds_that_are_deleted_while_they_are_read_are_not_installed(
    script: Script, client: KubeClient
) -> None:
    """They are told as missing, not as a server that is out of reach."""
    key = "apis/jobs.zilliz.com/v1alpha1"
    script.say(200, {"paths": {key: {}}})
    script.say(404, {"message": "not found"})
    script.say(200, {"paths": {"apis/apps/v1": {}}})
    assert [await fetch_schemas(client), await fetch_schemas(client)] == [{}, {}]
    assert [request[1] for request in script.requests] == ["/openapi/v3", f"/openapi/v3/{key}", "/openapi/v3"]


# --- Events never get in the way -------------------------------------------------------------------------------

BODY = {
    "apiVersion": "jobs.zilliz.com/v1alpha1",
    "kind": "BackupJob",
    "metadata": {"name": "a", "namespace": "team", "uid": "u"},
}


@pytest.fixture
def poster(client: KubeClient, monkeypatch: pytest.MonkeyPatch) -> EventPoster:
    monkeypatch.setattr(events, "FIRST_PAUSE_SECONDS", 0.001)
    return EventPoster(client, instance="pod-1", now=machine_time)


@pytest.fixture
def full_at_two(client: KubeClient, monkeypatch: pytest.MonkeyPatch) -> EventPoster:
    """A poster that keeps two events of a type."""
    monkeypatch.setattr(events, "MAX_QUEUED", 2)
    return EventPoster(client, instance="pod-1", now=machine_time)


async def test_an_event_of_an_earlier_process_is_no_failure(
    script: Script, poster: EventPoster, caplog: pytest.LogCaptureFixture
) -> None:
    script.say(409, {"reason": "AlreadyExists"})
    poster.post(BODY, "Normal", "Submitted", "the job was submitted")
    await poster.flush(5)
    assert (poster.dropped, caplog.records) == (0, [])


async def test_an_event_is_sent_again_after_an_outage(script: Script, poster: EventPoster) -> None:
    script.cut()
    script.say(503)
    script.say(201)
    poster.post(BODY, "Normal", "Submitted", "the job was submitted")
    await poster.flush(5)
    assert poster.dropped == 0
    assert len({body["metadata"]["name"] for body in script.bodies}) == 1


async def test_refused_events_go_to_the_log_and_the_refusal_is_told_once(
    script: Script, poster: EventPoster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=events.__name__)
    script.say(403, {"message": "no right to create events"})
    for attempt in ("1", "2"):
        poster.post(BODY, "Warning", "Overdue", f"attempt {attempt} is late")
    poster.post(BODY, "Warning", "Overdue", "the log has this one", logged=True)
    await poster.flush(5)
    assert poster.dropped == 3
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert ["no right" in text for text in warnings] == [True, False, False]
    assert warnings[1:] == ["Overdue: attempt 1 is late", "Overdue: attempt 2 is late"]
    script.answers.clear()
    script.say(201)
    poster.post(BODY, "Warning", "Overdue", "attempt 3 is late")
    await poster.flush(5)
    assert "events can be posted again" in caplog.text


async def test_a_namespace_that_ends_is_no_trouble_with_events(
    script: Script, poster: EventPoster, caplog: pytest.LogCaptureFixture
) -> None:
    """Else each namespace that somebody deletes looks like a right that is missing."""
    caplog.set_level("WARNING", logger=events.__name__)
    causes = [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]
    script.say(403, {"message": "namespace team is being terminated", "details": {"causes": causes}})
    poster.post(BODY, "Normal", "Submitted", "the job was submitted")
    await poster.flush(5)
    script.say(404, {"message": "namespaces team not found"})
    poster.post(BODY, "Warning", "Overdue", "it is late")
    await poster.flush(5)
    assert [record.getMessage() for record in caplog.records] == ["Overdue: it is late"]


async def test_a_flood_of_events_takes_no_memory_without_end(
    script: Script, poster: EventPoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(events.MAX_QUEUED + 5):
        poster.post(BODY, "Normal", "Submitted", str(number))
    assert poster.dropped == 5
    script.hang(0.2)
    await poster.flush(0.01)
    assert poster.dropped == events.MAX_QUEUED + 5, "an end of the process does not wait for events"


async def test_a_flood_costs_no_event_but_the_oldest(script: Script, full_at_two: EventPoster) -> None:
    """The one that is being sent leaves the queue by the flood: the next one is not taken for it."""
    script.hang(0.1)
    script.say(201)
    for number in range(4):
        full_at_two.post(BODY, "Normal", "Submitted", str(number))
        if number == 1:
            flushing = asyncio.create_task(full_at_two.flush(5))
            await script.reached(1)
    await flushing
    assert [body["message"] for body in script.bodies] == ["0", "2", "3"]


async def test_a_warning_goes_before_what_is_no_trouble_and_no_flood_costs_it(
    script: Script, full_at_two: EventPoster
) -> None:
    script.say(201)
    full_at_two.post(BODY, "Warning", "JobFailed", "no column id")
    for number in range(4):
        full_at_two.post(BODY, "Normal", "Successful", str(number))
    full_at_two.post(BODY, "Warning", "Overdue", "late")
    await full_at_two.flush(5)
    assert [body["message"] for body in script.bodies] == ["no column id", "late", "2", "3"]
    assert full_at_two.dropped == 2


async def test_the_poster_works_in_the_background(script: Script, poster: EventPoster) -> None:
    script.say(201)
    running = asyncio.create_task(poster.run())
    for number in range(3):
        poster.post(BODY, "Normal", "Submitted", str(number))
        await script.reached(number + 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert poster.dropped == 0
