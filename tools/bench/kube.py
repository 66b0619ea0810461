"""The API server as the bench uses it: objects by the thousand, and counts of what others asked of it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
from tools.bench.problem import Problem

from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resources import RESOURCES

Body = dict[str, Any]
Calls = Counter[str]

NAMESPACE = "default"
ROOT = f"/apis/{GROUP}/{VERSION}"
IN_FLIGHT = 32
LIST_PAGE = 500
NO_ANSWER = 0
BUSY = frozenset({NO_ANSWER, 429, 500, 503, 504})
CONFLICT = 409
TRIES = 5
OURS = frozenset({resource.plural for resource in RESOURCES} | {"events", "secrets"})
_SAMPLE = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_WORDS = {"CREATE": "POST", "UPDATE": "PUT"}  # the stand-in counts by the words of RBAC


class KubeProblem(Problem):
    """The API server refused something, or went away. `status`: of HTTP; `NO_ANSWER` where there was none."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Kube:
    """One connection pool. Counts its own calls, so that they can be told from those of the operator."""

    def __init__(self, url: str, token: str = "", ca_file: str | None = None) -> None:
        self.url = url
        self.own: Calls = Counter()
        secure = ssl.create_default_context(cafile=ca_file) if ca_file else True
        self._http = aiohttp.ClientSession(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            connector=aiohttp.TCPConnector(limit=2 * IN_FLIGHT, ssl=secure),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        media: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Body:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": media}
        try:
            async with self._http.request(method, path, data=data, headers=headers, params=query) as answer:
                text = await answer.read()
        except aiohttp.ClientError as error:
            raise KubeProblem(f"cannot {method} {path}: {error}", NO_ANSWER) from error
        if answer.status >= 300:
            said = text.decode(errors="replace")[:500]
            raise KubeProblem(f"cannot {method} {path}: HTTP {answer.status}: {said}", answer.status)
        found: Body = json.loads(text) if text else {}
        return found

    # -- objects

    async def create(self, body: Body) -> Body:
        plural = _plural(body["kind"])
        self.own[f"POST {plural}"] += 1
        root = ROOT if body["apiVersion"].startswith(GROUP) else "/api/v1"
        return await self.ask("POST", f"{root}/namespaces/{NAMESPACE}/{plural}", body)

    async def get(self, plural: str, name: str) -> Body:
        self.own[f"GET {plural}"] += 1
        return await self.ask("GET", f"{ROOT}/namespaces/{NAMESPACE}/{plural}/{name}")

    async def delete(self, plural: str, name: str) -> None:
        self.own[f"DELETE {plural}"] += 1
        await self.ask("DELETE", f"{ROOT}/namespaces/{NAMESPACE}/{plural}/{name}")

    async def set_status(self, plural: str, name: str, status: Body) -> Body:
        self.own[f"PATCH {plural}/status"] += 1
        path = f"{ROOT}/namespaces/{NAMESPACE}/{plural}/{name}/status"
        return await self.ask("PATCH", path, {"status": status}, "application/merge-patch+json")

    async def create_all(self, bodies: Iterable[Body], tell: Callable[[int], None] = lambda _: None) -> None:
        """As fast as the server takes them; a status that a body holds is written after it. What a server that is too
        busy gives up is tried again."""
        waiting, made = iter(bodies), 0

        async def create_some() -> None:
            nonlocal made
            for body in waiting:
                status = body.get("status")
                await self._made({name: value for name, value in body.items() if name != "status"})
                if status:
                    plural, name = _plural(body["kind"]), body["metadata"]["name"]
                    await _patiently(partial(self.set_status, plural, name, status))
                made += 1
                tell(made)

        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(create_some())

    async def _made(self, body: Body) -> None:
        try:
            await _patiently(partial(self.create, body))
        except KubeProblem as error:
            if error.status != CONFLICT:  # the try before had done it
                raise

    async def everything(self, plural: str) -> tuple[list[Body], str]:
        """All objects, and the version to watch from."""
        found: list[Body] = []
        following = ""
        while True:
            self.own[f"LIST {plural}"] += 1
            query = {"limit": str(LIST_PAGE), "continue": following}
            page = await self.ask("GET", f"{ROOT}/{plural}", query=query)
            found += page["items"]
            following = page["metadata"].get("continue") or ""
            if not following:
                return found, page["metadata"]["resourceVersion"]

    async def events_since(self, plural: str, version: str) -> AsyncIterator[Body]:
        """The raw watch, until the server ends it."""
        self.own[f"WATCH {plural}"] += 1
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "3600"}
        async with self._http.get(f"{ROOT}/{plural}", params=query) as answer:
            if answer.status != 200:
                raise KubeProblem(f"cannot watch {plural}: HTTP {answer.status}", answer.status)
            buffer = b""
            async for chunk in answer.content.iter_any():
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)

    # -- what the server tells of itself

    async def version(self) -> str:
        return str((await self.ask("GET", "/version"))["gitVersion"])

    async def calls_of_others(self) -> Calls:
        """Requests so far for our kinds, Events and Secrets, by verb and resource, without our own. Watches count
        when they end."""
        async with self._http.get("/metrics") as answer:
            counted = requests_in(await answer.text()) if answer.status == 200 else None
        if counted is None:  # the stand-in has no metrics
            counted = stand_in_requests(await self.ask("GET", "/_kube/stats"))
        counted.subtract(self.own)
        return Counter({name: count for name, count in counted.items() if count > 0})


def requests_in(metrics: str) -> Calls:
    """Pure: the counts in the text of /metrics."""
    found: Calls = Counter()
    for labels, value in _SAMPLE.findall(metrics):
        known = dict(_LABEL.findall(labels))
        if known.get("resource") in OURS and known.get("group") in (GROUP, ""):
            sub = f"/{known['subresource']}" if known.get("subresource") else ""
            found[f"{known['verb']} {known['resource']}{sub}"] += int(float(value))
    return found


def stand_in_requests(stats: Body) -> Calls:
    """Pure: the same of the stand-in's own counters."""
    found: Calls = Counter()
    for verb, counts in stats["requests"].items():
        for resource, count in counts.items():
            plural, _, sub = resource.partition("/")
            name = plural.removesuffix(f".{GROUP}")
            if name in OURS:
                word = verb.upper()
                found[f"{_WORDS.get(word, word)} {name}{'/' + sub if sub else ''}"] += count
    return found


def _plural(kind: str) -> str:
    return f"{kind.lower()}s"


async def _patiently(send: Callable[[], Awaitable[Body]]) -> Body:
    """`send`: may be repeated."""
    for seconds in range(1, TRIES):
        try:
            return await send()
        except KubeProblem as error:
            if error.status not in BUSY:
                raise
        await asyncio.sleep(seconds)
    return await send()
