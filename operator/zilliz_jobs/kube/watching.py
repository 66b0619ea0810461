"""A list that is kept up to date: read once, then watched, and read anew where the watch lost its place.

The operator's own watches are kopf's. This is for the commands, which watch a few objects for some minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import Body, Gone, Unavailable, error_of

STREAM_SECONDS = 240
"""The server ends a watch after so long, and it is begun again where it was."""
MARGIN_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 8.0
PAGE = 500


@dataclass(frozen=True)
class Listed:
    """All that there is at this moment; what is not among them is gone."""

    bodies: tuple[Body, ...]


@dataclass(frozen=True)
class Changed:
    """One object as it is now; `gone`: as it was when it was deleted."""

    body: Body
    gone: bool = False


@dataclass(frozen=True)
class Interrupted:
    """The server cannot be reached, or gives no usable answer; it is tried again."""

    why: str


@dataclass(frozen=True)
class Resumed:
    """The server answers again; what was told before still holds, and changes follow."""


Told = Listed | Changed | Interrupted | Resumed


async def watch(client: KubeClient, where: str, selector: Mapping[str, str]) -> AsyncIterator[Told]:
    """Begins with Listed, and never ends by itself. Goes on after whatever passes; raises KubeError for a missing
    right and all else that does not. `where`: path of a collection; `selector`: fieldSelector or labelSelector."""
    version, pause, lost = "", FIRST_PAUSE_SECONDS, False
    now = asyncio.get_running_loop().time
    while True:
        begun = now()
        try:
            if not version:
                bodies, version = await _list(client, where, selector)
                yield Listed(bodies)
            elif lost:  # a watch tells nothing until something changes, so it is asked for something that it has
                await client.get(where, {**selector, "limit": "1"})
                yield Resumed()
            lost = False
            query = {
                **selector,
                "watch": "true",
                "allowWatchBookmarks": "true",
                "resourceVersion": version,
                "timeoutSeconds": str(STREAM_SECONDS),
            }
            async for event in client.stream(where, query, timeout=STREAM_SECONDS + MARGIN_SECONDS):
                pause = FIRST_PAUSE_SECONDS
                body = event.get("object") or {}
                match event.get("type"):
                    case "ERROR":
                        raise error_of(f"GET {where}", int(body.get("code") or 500), body)
                    case "ADDED" | "MODIFIED" | "DELETED" as deed:
                        body["metadata"].pop("managedFields", None)
                        yield Changed(body, gone=deed == "DELETED")
                version = (body.get("metadata") or {}).get("resourceVersion") or version
            if now() - begun < FIRST_PAUSE_SECONDS:  # a server or proxy that ends every watch at once
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        except Gone:
            version = ""
        except Unavailable as error:
            lost = True
            yield Interrupted(str(error))
            await asyncio.sleep(error.retry_after or pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _list(client: KubeClient, where: str, selector: Mapping[str, str]) -> tuple[tuple[Body, ...], str]:
    found: list[Body] = []
    token = ""
    while True:
        query = {**selector, "limit": str(PAGE)} | ({"continue": token} if token else {})
        page = await client.get(where, query)
        meta = page.get("metadata") or {}
        for body in page.get("items") or []:
            body["metadata"].pop("managedFields", None)
            found.append(body)
        token = meta.get("continue") or ""
        if not token:
            return tuple(found), str(meta.get("resourceVersion") or "0")
