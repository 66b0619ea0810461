"""The calls behind the web console's job page, under a base path of the connection.

The vendor publishes no such API: the shape is ours, and used only where a connection enables it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import AliasChoices, Field

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.external import ExternalSource, MigratedCollection
from zilliz_jobs.cloud.fields import Id, Moment, Percent, Text, WireModel
from zilliz_jobs.cloud.listing import Page, PagedList, page_of, parsed
from zilliz_jobs.cloud.migrations import NewCluster
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport


class ConsoleJob(WireModel):
    """One row of the job page. `type` and `status` are the cloud's words (see `words`)."""

    job_id: Id
    type: Text = ""
    status: Text = ""
    progress: Percent = None
    description: Text = ""
    project_id: Text = ""
    cluster_id: Text = ""
    region_id: Text = ""
    db_name: Text = ""
    collection_name: Text = ""
    backup_id: Text = ""
    created_by: Text = Field(default="", validation_alias=AliasChoices("createdBy", "creator", "created_by"))
    create_time: Moment = None
    start_time: Moment = None
    end_time: Moment = None
    reason: Text = ""


class Console:
    """Calls of the console. Reads raise the tree of `errors` and may be repeated; effects answer as `effects`
    says. `base_path`: the connection's `consoleApi.basePath`. Where the endpoint does not serve a call, a read
    is ProtocolMismatch or NotFound, and an effect is Refused with `http_status` 404 or 405."""

    def __init__(self, transport: Transport, base_path: str) -> None:
        self._transport = transport
        self._base = "/" + base_path.strip("/")

    def paged(
        self,
        *,
        project_id: str | None = None,
        type: str | None = None,  # noqa: A002 - the cloud's own name
        status: str | None = None,
        cluster_id: str | None = None,
    ) -> PagedList[ConsoleJob]:
        """All jobs that pass the filters, of every type."""
        doing = "list jobs of the console"
        filters = {"projectId": project_id, "type": type, "status": status, "clusterId": cluster_id}

        async def fetch(number: int, size: int) -> Page[ConsoleJob]:
            params = filters | {"pageSize": size, "currentPage": number}
            reply = await self._transport.read("GET", f"{self._base}/jobs", params=params, doing=doing)
            return page_of(reply.data, ConsoleJob, "jobs", "records", "items", doing=doing)

        return PagedList(fetch, lambda row: row.job_id, f"GET {self._base}/jobs", doing, "jobId")

    async def list(
        self,
        *,
        project_id: str | None = None,
        type: str | None = None,  # noqa: A002 - the cloud's own name
        status: str | None = None,
        cluster_id: str | None = None,
    ) -> list[ConsoleJob]:
        """The rows of `paged` in one pass; see `listing.stable`."""
        return await self.paged(project_id=project_id, type=type, status=status, cluster_id=cluster_id).rows()

    async def describe(self, job_id: str) -> ConsoleJob:
        """The job. Raises NotFound where the cloud does not know it."""
        doing = f"read job {job_id} of the console"
        reply = await self._transport.read("GET", f"{self._base}/jobs/{{jobId}}", ids={"jobId": job_id}, doing=doing)
        return parsed(reply.data, ConsoleJob, doing=doing)

    async def cancel(self, job_id: str, *, token: str, fence: Fence) -> EffectReply:
        """Ask for a cancel. Repeatable. `Taken` means accepted; the end comes later, and only the job tells."""
        return await self._act("cancel", job_id, token, fence)

    async def retry(self, job_id: str, *, token: str, fence: Fence) -> EffectReply:
        """Retry a failed import in place. Not repeatable. The id may stay or change: `Taken.text("jobId")`, "" where
        the answer names none."""
        return await self._act("retry", job_id, token, fence)

    async def clone(
        self,
        cluster_id: str,
        *,
        database: str,
        collection: str,
        dest_database: str,
        dest_collection: str,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Copy a collection within its cluster. `Taken.text("jobId")`; success without it is Uncertain. Not
        idempotent."""
        body = {
            "clusterId": cluster_id,
            "dbName": database,
            "collectionName": collection,
            "destDbName": dest_database,
            "destCollectionName": dest_collection,
        }
        doing = f"clone collection {collection} of {cluster_id}"
        return await self._start("collections/clone", body, doing, token, fence)

    async def sample(
        self, cluster_id: str, *, database: str, collection: str, dataset: str, token: str, fence: Fence
    ) -> EffectReply:
        """Make a collection with a sample data set. `Taken.text("jobId")`; success without it is Uncertain. Not
        idempotent."""
        body = {"clusterId": cluster_id, "dbName": database, "collectionName": collection, "dataset": dataset}
        doing = f"make sample collection {collection} in {cluster_id}"
        return await self._start("collections/sample", body, doing, token, fence)

    async def migrate_external(
        self,
        source: ExternalSource,
        destination: str | NewCluster,
        collections: Sequence[MigratedCollection] = (),
        *,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Migrate from another vendor, a Milvus or another organisation. `destination`: a cluster's id, or a cluster
        to make; then `Taken.text` also knows clusterId, username and password, told this once. Without `collections`
        all. Success without an id is Uncertain. Not idempotent."""
        body = {
            "source": source.model_dump(by_alias=True, exclude_none=True, mode="json"),
            "destination": _destination(destination),
            "collections": [one.model_dump(by_alias=True, exclude_none=True) for one in collections] or None,
        }
        doing = f"start a migration from {source.type}"
        ids = ("jobId",) if isinstance(destination, str) else ("jobId", "clusterId")
        return await self._start("migrations/external", body, doing, token, fence, ids)

    async def migrate_zero_downtime(
        self, source_cluster_id: str, destination: NewCluster, *, token: str, fence: Fence
    ) -> EffectReply:
        """Migrate a cluster of the organisation into a new one while it serves: all databases, and no cancel.

        `Taken.text` knows clusterId, username, password (told this once) and jobId; success without clusterId and
        jobId is Uncertain. Not idempotent.
        """
        body = {"source": {"clusterId": source_cluster_id}, "destination": _destination(destination)}
        doing = f"start a zero-downtime migration of {source_cluster_id}"
        return await self._start("migrations/zeroDowntime", body, doing, token, fence, ("jobId", "clusterId"))

    async def _start(
        self,
        path: str,
        body: dict[str, Any],
        doing: str,
        token: str,
        fence: Fence,
        ids: tuple[str, ...] = ("jobId",),
    ) -> EffectReply:
        reply = await self._transport.effect(
            "POST", f"{self._base}/{path}", body=body, token=token, fence=fence, doing=doing
        )
        return with_id(reply, *ids)

    async def _act(self, verb: str, job_id: str, token: str, fence: Fence) -> EffectReply:
        return await self._transport.effect(
            "POST",
            f"{self._base}/jobs/{{jobId}}/{verb}",
            ids={"jobId": job_id},
            token=token,
            fence=fence,
            doing=f"{verb} job {job_id}",
        )


def _destination(destination: str | NewCluster) -> dict[str, Any]:
    return {"clusterId": destination} if isinstance(destination, str) else destination.model_dump(by_alias=True)
