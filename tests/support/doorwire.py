"""A KubeClient that reaches the stand-in of Kubernetes without sockets, for tests of all but the transport."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from kubernetes.aio.client import Configuration

from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.connection import Credentials, Source
from zilliz_jobs.kube.session import Observer
from zilliz_jobs.kube.wire import Answer
from zilliz_local.kube import KubeApi


class DoorWire:
    def __init__(self, kube: KubeApi) -> None:
        self._kube = kube

    async def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: object | None,
        limits: aiohttp.ClientTimeout,
    ) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        clock = asyncio.get_running_loop().time
        sent = clock()
        async with asyncio.timeout(limits.total):
            reply = await self._kube.door.request(method, target, headers, raw)
        return Answer(reply.status, reply.body, dict(reply.headers), clock() - sent)

    async def stream(
        self, target: str, headers: dict[str, str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        raise AssertionError("only the commands for people read streams, and their tests use sockets")

    def open_session(self, known: Credentials, observer: Observer | None) -> aiohttp.ClientSession:
        raise AssertionError("only kopf needs one, and its tests use sockets")

    async def close(self) -> None:
        pass


def door_client(kube: KubeApi) -> KubeClient:
    """To be closed."""
    return KubeClient(Source("no file"), Configuration(), lambda _: DoorWire(kube))
