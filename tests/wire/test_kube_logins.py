"""Credentials of a kubeconfig that run out: from a plugin, a file or an issuer. If these fail, an operator outside of
a pod stops working when its first token has expired."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from zilliz_jobs.kube import client as client_module
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Unauthorised

asyncio.set_event_loop(None)  # see tests/unit/kube/conftest.py

NEVER, LONG_AGO = 4_000_000_000, 1_000_000_000
COUNTS = """
import json, os, pathlib, sys
seen = pathlib.Path(sys.argv[1])
number = int(seen.read_text()) + 1 if seen.exists() else 1
seen.write_text(str(number))
version = json.loads(os.environ["KUBERNETES_EXEC_INFO"])["apiVersion"]
status = {"token": f"plugin-{number}"}
print(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
"""


class Door:
    """An API server that takes one token, and an issuer that gives out the next one."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig, self.folder = folder / "kubeconfig", folder
        self.takes, self.asked, self.url = "", list[str](), ""
        self.peers: set[object] = set()  # one for each connection

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/issuer/.well-known/openid-configuration":
            return web.json_response({"token_endpoint": f"{self.url}/issuer/token"})
        if request.path == "/issuer/token":
            given = await request.post()
            self.asked.append(f"issuer {given['grant_type']} {given['refresh_token']}")
            return web.json_response({"id_token": jwt(NEVER), "refresh_token": "next"})
        assert request.transport
        self.peers.add(request.transport.get_extra_info("peername"))
        told = request.headers.get("Authorization", "")
        self.asked.append(told)
        return web.json_response({"ok": True}, status=200 if told == f"Bearer {self.takes}" else 401)

    def login(self, **user: Any) -> None:
        config = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "c", "user": user}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def plugin(self, version: str = "v1") -> None:
        """One that gives another token each time."""
        plugin = {"apiVersion": f"client.authentication.k8s.io/{version}", "command": sys.executable}
        self.login(exec=plugin | {"args": ["-c", COUNTS, str(self.folder / "seen")], "interactiveMode": "Never"})

    async def goes_through(self) -> bool:
        async with await KubeClient.connect(kubeconfig=self.kubeconfig) as client:
            return await client.get("/api/x") == {"ok": True}


def jwt(expires: int) -> str:
    parts = ({"alg": "none"}, {"exp": expires})
    return ".".join([*(base64.b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "s"])


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(client_module, "RELOAD_SECONDS", 0)
    found = Door(tmp_path)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_a_plugin_is_asked_again_when_its_token_is_refused(door: Door, version: str) -> None:
    door.plugin(version)
    door.takes = "plugin-2"
    assert await door.goes_through()
    assert door.asked == ["Bearer plugin-1", "Bearer plugin-2"]


async def test_a_token_that_expires_again_and_again_is_renewed_each_time(door: Door) -> None:
    door.plugin()
    async with await KubeClient.connect(kubeconfig=door.kubeconfig) as client:
        for door.takes in ("plugin-2", "plugin-3", "plugin-4"):
            assert await client.get("/api/x") == {"ok": True}


async def test_many_requests_with_an_expired_token_renew_it_once(door: Door) -> None:
    """A plugin takes seconds, and some issuers give out one valid token at a time."""
    door.plugin()
    door.takes = "plugin-2"
    async with await KubeClient.connect(kubeconfig=door.kubeconfig) as client:
        assert await asyncio.gather(*(client.get("/api/x") for _ in range(3))) == [{"ok": True}] * 3
    assert sorted(door.asked) == ["Bearer plugin-1"] * 3 + ["Bearer plugin-2"] * 3


async def test_a_watch_of_a_command_outlives_its_token(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.plugin()
    async with await KubeClient.connect(kubeconfig=door.kubeconfig) as client:
        door.takes = "plugin-2"
        assert [line async for line in client.stream("/api/x", {"watch": "true"}, timeout=5)] == []
        door.takes = "another"
        monkeypatch.setattr(client_module, "RELOAD_SECONDS", 60)
        with pytest.raises(Unauthorised):
            await anext(client.stream("/api/x", {"watch": "true"}, timeout=5))
    assert door.asked == ["Bearer plugin-1", "Bearer plugin-2", "Bearer plugin-2"]


class Seen:
    """An observer of a session."""

    def __init__(self, door: Door) -> None:
        self.began: list[tuple[str, bool, bool, int]] = []
        self.answers: list[Any] = []
        self._door = door

    def asked(self, path: str, *, watch: bool, goes_on: bool) -> None:
        self.began.append((path, watch, goes_on, len(self._door.asked)))

    def answered(self, path: str, answer: Any) -> str:
        self.answers.append(answer)
        return f"in the place of an answer of {path}"


PASSWORD = {"username": "me", "password": "hush:5\u20ac"}
BASIC = f"Basic {base64.b64encode(':'.join(PASSWORD.values()).encode()).decode()}"


@pytest.mark.parametrize(("user", "told"), [({"token": "hush"}, "Bearer hush"), (PASSWORD, BASIC), ({}, "")])
async def test_the_watches_of_the_operator_are_asked_for_as_the_user_of_its_requests(
    door: Door, monkeypatch: pytest.MonkeyPatch, user: dict[str, str], told: str
) -> None:
    """And each is counted before it is sent: a stream for which none is sent any more hangs. Its answer is seen
    before the asker gets it: a list that is not seen would be told to nobody."""
    monkeypatch.setattr(client_module, "RELOAD_SECONDS", 60)
    door.login(**user)
    seen = Seen(door)
    async with await KubeClient.connect(kubeconfig=door.kubeconfig) as client:
        known = await client.credentials()
        with pytest.raises(Unauthorised):
            await client.get("/api/x")
    async with client.open_session(known, seen) as session:
        for query in ({}, {"continue": "further"}, {"watch": "true"}):
            answer = await session.get(f"{known.server}/api/x", params=query)
        assert await answer.json() == "in the place of an answer of /api/x"
    assert door.asked == [told, told, told, told]
    assert seen.began == [("/api/x", False, False, 1), ("/api/x", False, True, 2), ("/api/x", True, False, 3)]
    assert len(seen.answers) == 1


async def test_all_sessions_of_a_client_share_its_connections_until_the_last_one_ends(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch of each kind in each of many namespaces looks for the kinds first: connections of its own for that stay
    open, with a buffer each, beside the one that it needs. And whoever ends first must not cut the others off."""
    monkeypatch.setattr(client_module, "RELOAD_SECONDS", 0)
    door.login(token="hush")
    door.takes = "hush"
    client = await KubeClient.connect(kubeconfig=door.kubeconfig)
    known = await client.credentials()

    async def ask(session: ClientSession) -> bool:
        async with session.get(f"{known.server}/api/x") as answer:
            return answer.status == 200

    first, second = client.open_session(known), client.open_session(known)
    assert [await ask(first), await ask(second), await ask(first)] == [True] * 3
    assert await client.get("/api/x") == {"ok": True}
    assert len(door.peers) == 1

    renewed = client.open_session(await client.credentials(fresh=True))
    assert await ask(renewed)
    assert len(door.peers) == 2, "other credentials, other connections"
    await first.close()
    await client.close()
    assert [await ask(second), await ask(renewed)] == [True] * 2
    await second.close()
    assert await ask(renewed)
    assert len(door.peers) == 2
    await renewed.close()
    async with client.open_session(known) as again:
        assert await ask(again)
    assert len(door.peers) == 3
    await client.close()


async def test_a_token_file_is_read_again_when_its_token_is_refused(door: Door) -> None:
    (file := door.folder / "token").write_text("first")
    door.login(tokenFile=str(file))
    door.takes = "second"
    async with await KubeClient.connect(kubeconfig=door.kubeconfig) as client:
        file.write_text("second")
        assert await client.get("/api/x") == {"ok": True}
        assert (await client.credentials()).token == "second"
    assert door.asked == ["Bearer first", "Bearer second"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the Kubernetes client's own code
@pytest.mark.parametrize("expires", [NEVER, LONG_AGO])
async def test_a_token_of_an_issuer_is_taken_as_it_is_and_renewed_when_it_has_expired(
    door: Door, expires: int
) -> None:
    config = {"client-id": "us", "client-secret": "s", "idp-issuer-url": f"{door.url}/issuer"}
    door.login(
        **{"auth-provider": {"name": "oidc", "config": config | {"id-token": jwt(expires), "refresh-token": "r"}}}
    )
    before = door.kubeconfig.read_text()
    door.takes = jwt(NEVER)
    assert await door.goes_through()
    asked = ["issuer refresh_token r"] if expires == LONG_AGO else []
    assert door.asked == [*asked, f"Bearer {jwt(NEVER)}"]
    assert door.kubeconfig.read_text() == before, "the file is its owner's"
