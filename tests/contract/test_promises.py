"""Each promise of the table is kept by both servers, and both clients hear of it.

If one fails on the stand-in alone, what works in the quick start fails in a cluster. If it fails for the client of
the operator, that takes one answer for another: a refusal for a lost answer, or an object for one that is gone.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client import Client
from tests.contract.promises import ONE, PAGE, VERSION, Ask, Promise
from tests.contract.table import PROMISES, page

import zilliz_jobs.kube.errors as kube_errors
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError


@asynccontextmanager
async def operators_client(server: Client, folder: Path, kubeconfig: Path | None) -> AsyncIterator[KubeClient]:
    """The operator's client of the same server."""
    if kubeconfig is None:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(server.kubeconfig()))
    async with await KubeClient.connect(kubeconfig=kubeconfig) as client:
        yield client


@pytest.fixture
async def kube_client(request: pytest.FixtureRequest, server: Client, tmp_path: Path) -> AsyncIterator[KubeClient]:
    kubeconfig = request.getfixturevalue("real_with_widgets").kubeconfig if server.real else None
    async with operators_client(server, tmp_path, kubeconfig) as client:
        yield client


class Room:
    """A namespace for one promise."""

    def __init__(self, server: Client) -> None:
        self._server, self.namespace, self.version = server, f"contract-{secrets.token_hex(4)}", ""

    async def prepare(self, given: tuple[Ask, ...]) -> None:
        await self._server.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        for ask in given:
            reply = await self.send(ask)
            assert reply.status in (200, 201), reply.body
            self.version = self.version or reply.version

    async def send(self, ask: Ask) -> Any:
        filled = self.filled(ask.body)
        return await self._server.call(ask.method, self.filled(ask.path), filled, kind=ask.kind, **ask.query)

    async def one(self) -> Any:
        return (await self._server.get(self.filled(ONE))).body

    def filled(self, value: Any) -> Any:
        text = json.dumps(value).replace("<ns>", self.namespace).replace(VERSION, self.version)
        return json.loads(text)


def parts(body: Any, path: str) -> list[Any]:
    """What there is at a path; `*` stands for each item of a list."""
    found = [body]
    for step in path.split("."):
        found = [inner for value in found for inner in below(value, step)]
    return found


def below(value: Any, step: str) -> list[Any]:
    match value:
        case list() if step == "*":
            return list(value)
        case list() if step.isdigit():
            return value[int(step) :][:1]
        case dict() if step in value:
            return [value[step]]
        case _:
            return []


def said(body: Any, promise: Promise) -> list[str]:
    """The parts that are not as promised."""
    told = {path: parts(body, path) for path in promise.says}
    return [
        f"{path} is {told[path]}, not {wanted}"
        for path, wanted in promise.says.items()
        if not told[path] or not all(is_as(one, wanted) for one in told[path])
    ]


def is_as(one: Any, wanted: Any) -> bool:
    return wanted in one if isinstance(one, str) and isinstance(wanted, str) else bool(one == wanted)


async def broken(server: Client, promise: Promise, client: KubeClient | None) -> list[str]:
    """What is not as promised, asked over plain HTTP or, with a client, by it."""
    room = Room(server)
    await room.prepare(promise.given)
    before = await room.one() if promise.stays else None
    ask, wrong = promise.ask, []
    if client is None:
        reply = await room.send(ask)
        wrong += [] if reply.status == promise.status else [f"the status is {reply.status}: {reply.body}"]
        wrong += said(reply.body, promise)
    else:
        wrong += await heard(client, room, promise)
    if promise.stays and await room.one() != before:
        wrong.append("the object is not as it was")
    return [f"{promise.name}: {one}" for one in wrong]


async def heard(client: KubeClient, room: Room, promise: Promise) -> list[str]:
    ask = promise.ask
    path, body = room.filled(ask.path), room.filled(ask.body)
    try:
        answer = await client.request(ask.method, path, query=ask.query or None, body=body, content_type=ask.kind)
    except KubeError as error:
        told = promise.says.get("message", "")
        wanted = getattr(kube_errors, promise.error or "KubeError")
        wrong = [] if type(error) is wanted and promise.error else [f"it is {type(error).__name__}: {error}"]
        short = told.partition("strict decoding error")
        told = "".join(short[1:]) or told  # the operator leaves out what stands before it
        return wrong + ([] if told in str(error) else [f"it says {error}"])
    return said(answer, promise) + ([f"it is no {promise.error}"] if promise.error else [])


@pytest.mark.parametrize("client", ["plain HTTP", "the operator's client"])
async def test_each_promise_is_kept(server: Client, kube_client: KubeClient, client: str) -> None:
    wrong = []
    for promise in PROMISES:
        wrong += await broken(server, promise, None if client == "plain HTTP" else kube_client)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(
    "untrue",
    [
        Promise("no such status", Ask("GET", ONE), 200, {}, "NotFound", "x"),
        Promise("no such words", Ask("GET", ONE), 404, {"message": "nonsense"}, "NotFound", "x"),
        Promise("no such part", Ask("GET", ONE), 404, {"details.causes.0.field": "spec"}, "NotFound", "x"),
    ],
    ids=lambda promise: promise.name,
)
async def test_a_promise_that_is_not_kept_is_told(stand_in: Client, untrue: Promise) -> None:
    assert await broken(stand_in, untrue, None) != []


def test_the_names_of_the_promises_are_theirs_alone() -> None:
    names = [promise.name for promise in PROMISES]
    assert len(names) == len(set(names)) > 60


def test_the_page_shows_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.contract.table"
