"""What is asked of Kubernetes about the Jobs of workers. What a server does with it is proven on a real one."""

from __future__ import annotations

from typing import Any, cast

import pytest

from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Conflict, Invalid, NotFound, NotServed
from zilliz_jobs.kube.workers import Workers, WorkerSight

Body = dict[str, Any]
JOB: Body = {"metadata": {"name": "zmg-1", "namespace": "shop", "uid": "job-1"}}
JOBS, PODS, EVENTS = (
    "/apis/batch/v1/namespaces/shop/jobs",
    "/api/v1/namespaces/shop/pods",
    "/api/v1/namespaces/shop/events",
)


def pod(name: str, owner: str, phase: str) -> Body:
    return {"metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": [{"uid": owner}]}} | {
        "status": {"phase": phase}
    }


class Server:
    """Answers by path; remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {f"{JOBS}/zmg-1": JOB, PODS: {"items": []}, EVENTS: {"items": []}} | answers
        self.asked: list[tuple[str, str, Body]] = []

    async def get(self, path: str, query: Body | None = None) -> Body:
        return await self.request("GET", path, query=query)

    async def request(self, method: str, path: str, *, query: Body | None = None, body: Any = None, **_: Any) -> Body:
        self.asked.append((method, path, body or query or {}))
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        found: Body = answer
        return found


def workers(server: Server) -> Workers:
    return Workers(cast("KubeClient", server))


async def test_every_deletion_is_of_exactly_this_job_and_takes_its_pod_along_first() -> None:
    server = Server()
    await workers(server).delete(JOB)
    ((method, path, options),) = server.asked
    assert (method, path) == ("DELETE", f"{JOBS}/zmg-1")
    assert options["propagationPolicy"] == "Foreground"
    assert options["preconditions"] == {"uid": "job-1"}


async def test_a_start_is_of_exactly_this_job_which_nothing_owns_any_more() -> None:
    server = Server()
    await workers(server).start(JOB)
    ((_, _, change),) = server.asked
    assert change == {"metadata": {"uid": "job-1", "ownerReferences": None}, "spec": {"suspend": False}}


@pytest.mark.parametrize(
    ("said", "conflict"),
    [
        ('Job.batch "zmg-1" is invalid: metadata.uid: Invalid value: "u": field is immutable', True),
        ('Job.batch "zmg-1" is invalid: spec.suspend: Required value', False),
    ],
)
async def test_a_start_of_another_job_is_a_conflict_though_the_server_calls_it_invalid(
    said: str, conflict: bool
) -> None:
    server = Server(**{f"{JOBS}/zmg-1": Invalid(said, status=422)})
    with pytest.raises(Conflict if conflict else Invalid):
        await workers(server).start(JOB)


@pytest.mark.parametrize(("error", "absent"), [(NotFound("gone"), True), (NotServed("no such kind"), False)])
async def test_only_a_job_that_is_not_there_is_absent(error: NotFound, absent: bool) -> None:
    server = Server(**{f"{JOBS}/zmg-1": error})
    if absent:
        assert await workers(server).look("shop", "zmg-1") == WorkerSight(None)
        await workers(server).delete(JOB)
    else:
        with pytest.raises(NotServed):
            await workers(server).get("shop", "zmg-1")
        with pytest.raises(NotServed):
            await workers(server).delete(JOB)


async def test_events_are_read_only_where_no_pod_has_started() -> None:
    warned = {"type": "Warning", "message": "exceeded quota"}
    waiting = Server(**{PODS: {"items": [pod("a", "job-1", "Pending")]}, EVENTS: {"items": [warned]}})
    assert (await workers(waiting).look("shop", "zmg-1")).events == (warned, warned)  # of the Job, and of the pod
    running = Server(**{PODS: {"items": [pod("a", "job-1", "Running")]}, EVENTS: {"items": [warned]}})
    assert (await workers(running).look("shop", "zmg-1")).events == ()
    assert EVENTS not in {path for _, path, _ in running.asked}


async def test_a_pod_of_another_job_of_the_name_is_none_of_its() -> None:
    server = Server(**{PODS: {"items": [pod("old", "job-0", "Running"), pod("new", "job-1", "Pending")]}})
    assert [one["metadata"]["name"] for one in await workers(server).pods(JOB)] == ["new"]
