"""Raw HTTP to an API server, so that a test sees every status, header and body."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from tests.contract.widget import GROUP, PLURAL, VERSION
from yarl import URL

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
PATIENCE = 60.0  # the garbage collector of a real cluster looks for new kinds every 30 seconds


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    warnings: list[str]
    content_type: str

    @property
    def version(self) -> str:
        """The resourceVersion of the object or list."""
        return str(self.body["metadata"]["resourceVersion"])

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, f"{self.status}, not {status}: {self.body}"
        return self.body

    def refused(self, status: int, reason: str) -> Any:
        """The Status of a refusal."""
        assert (self.status, self.body["kind"], self.body["status"]) == (status, "Status", "Failure"), self.body
        assert (self.body["code"], self.body.get("reason", "")) == (status, reason), self.body
        return self.body

    def causes(self) -> set[tuple[str, str, str]]:
        """Field, reason and message of each cause of a 422. The real server names some of them twice."""
        found = self.body["details"]["causes"]
        return {(cause["field"], cause["reason"], cause["message"]) for cause in found}


class Watch:
    """An open watch; `until` reads events off it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def events(self) -> AsyncIterator[Any]:
        async for line in self.response.content:
            yield json.loads(line)

    async def until(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """All events up to the one that completes what is wanted, or to the end of the stream."""
        seen: list[Any] = []
        async with asyncio.timeout(PATIENCE):
            async for event in self.events():
                seen.append(event)
                if wanted(seen):
                    break
        return seen

    async def take(self, count: int) -> list[tuple[str, str]]:
        """Type and name of the next events, bookmarks left out."""

        def changes(seen: list[Any]) -> list[Any]:
            return [event for event in seen if event["type"] != "BOOKMARK"]

        seen = await self.until(lambda events: len(changes(events)) >= count)
        return [(event["type"], event["object"]["metadata"]["name"]) for event in changes(seen)]


@dataclass(frozen=True)
class Client:
    """One server, one namespace of the test's own."""

    session: aiohttp.ClientSession
    url: str
    namespace: str
    real: bool

    def kubeconfig(self) -> dict[str, Any]:
        """Of a server that asks for no credentials."""
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": self.url}}],
            "users": [{"name": "it", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": self.namespace}}],
        }

    def core(self, plural: str, name: str = "") -> str:
        return f"/api/v1/namespaces/{self.namespace}/{plural}{f'/{name}' if name else ''}"

    def of(self, group_version: str, plural: str, name: str = "") -> str:
        tail = f"/{name}" if name else ""
        return f"/apis/{group_version}/namespaces/{self.namespace}/{plural}{tail}"

    def widgets(self, name: str = "", subresource: str = "") -> str:
        path = self.of(f"{GROUP}/{VERSION}", PLURAL, name)
        return f"{path}/{subresource}" if subresource else path

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Reply:
        data = None if body is None else body if isinstance(body, str) else json.dumps(body)
        sent = {**({"Content-Type": kind} if data is not None else {}), **(headers or {})}
        url = URL(self.url + path).with_query(query)
        async with self.session.request(method, url, data=data, headers=sent) as response:
            text = await response.text()
            return Reply(
                response.status,
                json.loads(text) if text.startswith(("{", "[")) else text,
                response.headers.getall("Warning", []),
                response.headers.get("Content-Type", ""),
            )

    async def get(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> Reply:
        return await self.call("GET", path, headers=headers, **query)

    async def create(self, path: str, body: Any, **query: str) -> Any:
        """Create an object; the answer is the object."""
        return (await self.call("POST", path, body, **query)).ok(201)

    async def merge(self, path: str, body: Any, **query: str) -> Reply:
        return await self.call("PATCH", path, body, kind=MERGE, **query)

    async def json_patch(self, path: str, *steps: Any) -> Reply:
        return await self.call("PATCH", path, list(steps), kind=JSON_PATCH)

    async def delete(self, path: str, body: Any = None, **query: str) -> Reply:
        return await self.call("DELETE", path, body, **query)

    @asynccontextmanager
    async def watch(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> AsyncIterator[Watch]:
        url = URL(self.url + path).with_query({"watch": "true", "timeoutSeconds": "20", **query})
        async with self.session.get(url, headers=headers or {}) as response:
            assert response.status == 200, await response.text()
            try:
                yield Watch(response)
            finally:
                # Over TLS a watch that is cut off would wait for the server's last word, longer than the session.
                if response.connection and response.connection.transport:
                    response.connection.transport.abort()

    async def eventually(self, path: str, wanted: Callable[[Reply], bool]) -> Reply:
        """Ask until the answer is as wanted: controllers of a real server take their time."""
        async with asyncio.timeout(PATIENCE):
            while True:
                reply = await self.get(path)
                if wanted(reply):
                    return reply
                await asyncio.sleep(0.02)
