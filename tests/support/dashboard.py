"""A page of `kubectl zilliz dashboard` over a Kubernetes API of this process, and the shop whose jobs it shows.

The shop is as an operator left it at noon of 2026-03-01, and so is the page's clock, so that pictures of it are alike
from run to run.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.model import format_time, parse_time
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.board import KINDS
from zilliz_jobs.cli.kubectl.dashboard.command import Serving, Wanted, serving
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_local.kube import KubeApi

Body = dict[str, Any]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICTURED = Path(__file__).parents[1] / "unit/cli/kubectl"
SHOP = "shop"
PATIENCE = 60.0
PLURALS = {resource.kind: resource.plural for resource in RESOURCES}
MOVIES, STORE = "in01-demo0movies0001", "in01-demo0shop000002"

DIMENSIONS = "trailers/part-7.parquet: column vector has 512 dimensions, the collection 768"
# Of a job that other clients started: minutes before noon of its start, minutes that it took (None: it runs).
STRANGERS: tuple[tuple[str, str, str, str, int, int | None, str, str], ...] = (
    ("Import", "Import, collection reviews", "InProgress", STORE, 3, None, "jane@example.com", ""),
    ("Backup", "Backup, collection orders", "InProgress", STORE, 9, None, "ops@example.com", ""),
    ("Import", "Import, collection trailers", "Failed", MOVIES, 31, 6, "jane@example.com", DIMENSIONS),
    ("Migration", "Migration from Qdrant", "Successful", STORE, 95, 42, "kenji@example.com", ""),
    ("Restore", "Restore, backup before-release", "Successful", STORE, 180, 21, "ops@example.com", ""),
    ("Export", "Export of backup nightly-27", "Canceled", MOVIES, 240, 4, "kenji@example.com", ""),
    ("ScaleCluster", "Scale in01-demo0movies0001 to 4 CU", "Successful", MOVIES, 400, 7, "ops@example.com", ""),
    ("CloneCollection", "Clone films into films_v2", "Successful", MOVIES, 610, 12, "jane@example.com", ""),
    ("SampleCollection", "Sample collection medium_articles", "Successful", STORE, 1500, 1, "kenji@example.com", ""),
    ("Import", "Import, collection subtitles", "Successful", MOVIES, 2900, 33, "jane@example.com", ""),
    ("Resume", "Resume in01-demo0shop000002", "Successful", STORE, 4300, 3, "ops@example.com", ""),
    ("Suspend", "Suspend in01-demo0shop000002", "Successful", STORE, 5200, 2, "ops@example.com", ""),
)  # fmt: skip


def described(body: Body) -> str:
    """As the operator describes the job."""
    kind = KINDS[body["kind"]]
    return kind.description(parse_spec(kind.resource, body))


class StillCluster(Cluster):
    """Its clock stands at noon."""

    def now(self) -> datetime:
        return NOON


class Shop:
    """A namespace with jobs. What is put there is as an operator would have left it."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig, self._time = kubeconfig, NOON
        self.kube = KubeApi(crds=[crd(resource) for resource in RESOURCES], now=lambda: self._time)
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}})

    async def put(
        self, version: str, kind: str, name: str, *, namespace: str = SHOP, created: datetime = NOON, **parts: Any
    ) -> Body:
        """Make an object at this time; with a status it is as if an operator had written it."""
        self._time = created
        status = parts.pop("status", None)
        meta = {"name": name} | ({"namespace": namespace} if namespace else {}) | parts.pop("metadata", {})
        made = self.kube.create({"apiVersion": version, "kind": kind, "metadata": meta} | parts)
        self._time = NOON
        return await self.tell(kind, name, status, namespace) if status else made

    async def ours(self, kind: str, name: str, **parts: Any) -> Body:
        """The same, of this project's kinds."""
        return await self.put("jobs.zilliz.com/v1alpha1", kind, name, **parts)

    async def tell(self, kind: str, name: str, status: Body, namespace: str = SHOP) -> Body:
        """Change the status of an object."""
        return await self.change(kind, name, {"status": status}, namespace, sub="/status")

    async def change(self, kind: str, name: str, change: Body, namespace: str = SHOP, sub: str = "") -> Body:
        where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{namespace}/{PLURALS[kind]}/{name}{sub}"
        headers = {"Content-Type": "application/merge-patch+json"}
        reply = await self.kube.door.request("PATCH", where, headers, json.dumps(change).encode())
        assert reply.status == 200, reply.body
        found: Body = json.loads(reply.body)
        return found

    async def delete(self, kind: str, name: str, namespace: str = SHOP) -> None:
        where = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{namespace}/{PLURALS[kind]}/{name}"
        reply = await self.kube.door.request("DELETE", where)
        assert reply.status == 200, reply.body

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)

    def object(self, kind: str, name: str, namespace: str = SHOP) -> Body:
        """As it is now; {} where it is not there."""
        return self.kube.object(f"{PLURALS[kind]}.jobs.zilliz.com", namespace, name) or {}

    async def stranger(self, number: int, job: tuple[str, str, str, str, int, int | None, str, str]) -> None:
        kind, description, state, cluster, before, took, by, message = job
        start = NOON - timedelta(minutes=before)
        status = {
            "type": kind,
            "description": description,
            "state": state,
            "clusterId": cluster,
            "jobId": f"job-{number:02d}zxhpfbwtgojxg5xtkf",
            "createdBy": by,
            "startTime": format_time(start),
            "createTime": format_time(start),
            "message": message,
            "observedGeneration": 1,
            "cloud": {"jobId": f"job-{number:02d}zxhpfbwtgojxg5xtkf", "type": kind.upper(), "progress": 100},
        }
        if took is not None:
            status["completionTime"] = format_time(start + timedelta(minutes=took))
        else:
            status["progressPercent"] = 10 * number + 30
        if state == "Failed":
            file = {"name": "trailers/part-7.parquet", "state": "Failed", "rows": 0, "reason": message}
            status |= {"files": [file, {"name": "trailers/part-6.parquet", "state": "Completed", "rows": 40000}]}
        spec = {"jobCenterRef": {"name": "page"}, "jobId": status["jobId"]}
        await self.ours("ProjectJob", f"page-{number:02d}", spec=spec, status=status, created=start)

    async def fill(self) -> None:
        """All that the pictures show."""
        bodies = [
            *yaml.safe_load((PICTURED / "jobs.yaml").read_text(encoding="utf-8")),
            *yaml.safe_load((PICTURED / "schedules.yaml").read_text(encoding="utf-8")),
        ]
        for body in bodies:
            meta = body["metadata"]
            created = parse_time(meta["creationTimestamp"]) or NOON
            status = body.get("status")
            if status and body["kind"] in KINDS:
                status = {"description": described(body)} | status
            await self.ours(body["kind"], meta["name"], spec=body["spec"], status=status, created=created)
        for number, job in enumerate(STRANGERS):
            await self.stranger(number, job)
        told = [{"type": "Ready", "status": "True", "reason": "KeyAccepted", "message": "The key is accepted."}]
        spec = {"cloud": "Global", "credentialsSecretRef": {"name": "zilliz"}, "consoleApi": {"enabled": True}}
        ready = {"conditions": told, "endpoint": "https://api.cloud.zilliz.com", "lastCheckTime": format_time(NOON)}
        await self.ours(
            "ZillizConnection", "default", spec=spec | {"projectId": "proj-0123456789abcdef"}, status=ready
        )
        ill = [told[0] | {"status": "False", "reason": "SecretNotFound", "message": "there is no Secret staging-key"}]
        await self.ours(
            "ZillizConnection",
            "staging",
            spec={"cloud": "China", "credentialsSecretRef": {"name": "staging-key"}},
            status={"conditions": ill, "endpoint": "https://api.cloud.zilliz.com.cn"},
        )
        counts = {"jobs": 1312, "running": 4, "failed": 17, "shown": 500, "projectId": "proj-0123456789abcdef"}
        listed = {"lastListTime": format_time(NOON - timedelta(seconds=21)), "conditions": told}
        await self.ours("JobCenter", "page", spec={"projectId": "proj-0123456789abcdef"}, status=counts | listed)


@dataclass
class Served:
    """`said`: what the command printed. `url`: of the server."""

    shop: Shop
    page: Serving
    said: io.StringIO

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.page.port}"


@asynccontextmanager
async def opened_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = Shop(tmp_path / "kubeconfig")
    async with shop.kube:
        shop.kube.write_kubeconfig(shop.kubeconfig)
        yield shop


@asynccontextmanager
async def served(shop: Shop, wanted: Wanted | None = None, **where: Any) -> AsyncIterator[Served]:
    """The page of the namespace, without a browser."""
    said = io.StringIO()
    asked = Where(**({"namespace": SHOP, "kubeconfig": shop.kubeconfig} | where))
    screen = Screen(said, terminal=False)
    async with (
        StillCluster.open(asked) as cluster,
        serving(cluster, wanted or Wanted(browser=False), screen) as page,
    ):
        yield Served(shop, page, said)
