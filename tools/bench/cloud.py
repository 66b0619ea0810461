"""The simulated cloud as the bench uses it: over its admin API, which costs no budget."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from tools.bench.problem import Problem

from zilliz_local.cloud import KEY, MOVIES, PROJECT

Body = dict[str, Any]
__all__ = ["CLUSTER", "FILE", "KEY", "Cloud"]

CLUSTER = MOVIES
FILE = "s3://demo-data/films/part-1.parquet"


@dataclass(frozen=True)
class CloudState:
    """`now` and the jobs by id at one moment."""

    now: str
    jobs: dict[str, Body]


class Cloud:
    def __init__(self, url: str) -> None:
        self.url = url
        # Not kept open: a cloud that restarts cuts its connections, and who asks on one of them is told nothing.
        self._http = aiohttp.ClientSession(
            base_url=url, timeout=aiohttp.ClientTimeout(total=60), connector=aiohttp.TCPConnector(force_close=True)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def ask(self, method: str, path: str, body: Body | None = None) -> Body:
        async with self._http.request(method, path, json=body) as answer:
            found: Body = json.loads(await answer.read())
        if answer.status != 200:
            raise Problem(f"cannot {method} {path}: HTTP {answer.status}: {found}")
        return found

    async def put_collections(self, names: list[str]) -> None:
        await self.ask("PUT", f"/_sim/clusters/{CLUSTER}", {"collections": {"default": names}})

    async def put_cluster(self, cluster: str, collections: list[str]) -> None:
        """A cluster that runs, in the project of the bench's own."""
        await self.ask(
            "PUT", f"/_sim/clusters/{cluster}", {"projectId": PROJECT, "collections": {"default": collections}}
        )

    async def put_imports(
        self, count: int, *, collection: str, run: float, over: float, cluster: str = CLUSTER
    ) -> list[str]:
        """Running jobs that began one after the other; their ids, the oldest first."""
        wanted = {"clusterId": cluster, "collection": collection, "url": FILE}
        more = {"count": count, "runSeconds": run, "overSeconds": over}
        found: list[str] = (await self.ask("POST", "/_sim/imports", wanted | more))["jobIds"]
        return found

    async def end(self, job_ids: list[str]) -> None:
        """All of them succeed at this moment."""
        await self.ask("PATCH", "/_sim/jobs", {"jobIds": job_ids, "status": "SUCCESSFUL"})

    async def next_import(self, *, pending: float, run: float) -> None:
        await self.ask("POST", "/_sim/next", {"type": "IMPORT", "pendingSeconds": pending, "runSeconds": run})

    async def pace(self, *, pending: float, run: float) -> None:
        duration = {"pendingSeconds": pending, "runSeconds": run, "secondsPerMillionRows": 0}
        await self.ask("PATCH", "/_sim/defaults", {"import": duration})

    async def forget(self, job_id: str) -> None:
        await self.ask("DELETE", f"/_sim/jobs/{job_id}")

    async def state(self) -> CloudState:
        found = await self.ask("GET", "/_sim/state")
        return CloudState(found["now"], {job["jobId"]: job for job in found["jobs"]})

    async def calls(self) -> Counter[str]:
        """Requests so far by route; and how many were throttled, under `HTTP 429`."""
        stats = await self.ask("GET", "/_sim/stats")
        return Counter(stats["byRoute"]) + Counter({"HTTP 429": stats["throttled"]})

    async def submitted(self) -> int:
        """How many imports were accepted so far."""
        stats = await self.ask("GET", "/_sim/stats")
        return int(stats["byAnswer"].get("import.create 0", 0))

    async def effects(self) -> tuple[int, int]:
        """From the ledger: submissions that had an effect, and the most effects that any one token had."""
        ledger = await self.ask("GET", "/_sim/ledger")
        made = [e for e in ledger["entries"] if (e["event"], e["kind"]) == ("effect", "submit")]
        return len(made), max(ledger["effectsPerToken"].values(), default=0)
