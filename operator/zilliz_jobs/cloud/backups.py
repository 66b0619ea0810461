"""Backups, v2 (documented: Create, List, Describe and Delete Backup). Dedicated clusters only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cloud.backuppolicy import BackupPolicy
from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.fields import Count, Id, Moment, Rows, Text, WireModel
from zilliz_jobs.cloud.listing import Page, PagedList, page_of, parsed
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport

_ONE = "/v2/clusters/{clusterId}/backups/{backupId}"


class BackedUpCollection(WireModel):
    """One collection in a backup. `status`: the cloud's word; which ones there are is not documented."""

    collection_name: Text = ""
    status: Text = ""


class BackedUpDatabase(WireModel):
    """One database in a backup, and which of its collections the backup holds."""

    db_name: Text = ""
    collections: Annotated[tuple[BackedUpCollection, ...], Rows] = ()


class Backup(WireModel):
    """A backup; nothing in it names the job that made it. `size` in bytes. `status`: CREATING, AVAILABLE, DELETED.

    The collections stand in describe only: under `db_collections` by the schema, flat in the example.
    """

    backup_id: Id
    backup_name: Text = ""
    backup_type: Text = ""
    creation_method: Text = ""
    status: Text = ""
    size: Count = None
    project_id: Text = ""
    cluster_id: Text = ""
    cluster_name: Text = ""
    region_id: Text = ""
    create_time: Moment = None
    expire_time: Moment = None
    db_collections: Annotated[tuple[BackedUpDatabase, ...], Rows] = ()
    collections: Annotated[tuple[BackedUpCollection, ...], Rows] = ()


class Backups:
    """Calls about backups of one key. Reads raise the tree of `errors` and may be repeated; effects answer as
    `effects` says, and raise nothing for what the cloud does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        cluster_id: str,
        *,
        database: str = "default",
        collections: tuple[str, ...] = (),
        copy_regions: tuple[str, ...] = (),
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Start a manual backup; without `collections` of the whole cluster. `Taken.text` knows backupId, backupName
        and jobId; success without both ids is Uncertain. Not idempotent; the cloud makes one manual backup of a
        cluster at a time."""
        body: dict[str, Any] = {"backupType": "COLLECTION" if collections else "CLUSTER"}
        if collections:
            body["dbCollections"] = [{"dbName": database, "collectionNames": list(collections)}]
        if copy_regions:
            body["crossRegionCopies"] = [{"regionId": region} for region in copy_regions]
        reply = await self._transport.effect(
            "POST",
            "/v2/clusters/{clusterId}/backups/create",
            ids={"clusterId": cluster_id},
            body=body,
            token=token,
            fence=fence,
            doing=f"start a backup of {cluster_id}",
        )
        return with_id(reply, "jobId", "backupId")

    def paged(
        self,
        *,
        project_id: str | None = None,
        cluster_id: str | None = None,
        creation_method: str | None = None,
        backup_type: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> PagedList[Backup]:
        """All backups that pass the filters. `creation_method`: MANUAL or AUTO;
        `backup_type`: CLUSTER or COLLECTION; `start` and `end` bound the creation (format inferred: RFC 3339)."""
        doing = f"list backups of {cluster_id or project_id or 'the organisation'}"
        filters: dict[str, str | int | None] = {
            "projectId": project_id,
            "clusterId": cluster_id,
            "creationMethod": creation_method,
            "backupType": backup_type,
            "start": format_time(start) if start else None,
            "end": format_time(end) if end else None,
        }

        async def fetch(number: int, size: int) -> Page[Backup]:
            params = filters | {"pageSize": size, "currentPage": number}
            reply = await self._transport.read("GET", "/v2/backups", params=params, doing=doing)
            return page_of(reply.data, Backup, "backups", doing=doing)

        return PagedList(fetch, lambda row: row.backup_id, "GET /v2/backups", doing, "backupId")

    async def list(
        self,
        *,
        project_id: str | None = None,
        cluster_id: str | None = None,
        creation_method: str | None = None,
        backup_type: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[Backup]:
        """The rows of `paged` in one pass; see `listing.stable`."""
        paged = self.paged(
            project_id=project_id,
            cluster_id=cluster_id,
            creation_method=creation_method,
            backup_type=backup_type,
            start=start,
            end=end,
        )
        return await paged.rows()

    async def describe(self, cluster_id: str, backup_id: str) -> Backup:
        """The backup with its collections. Raises NotFound where the cloud does not know it."""
        doing = f"read backup {backup_id}"
        ids = {"clusterId": cluster_id, "backupId": backup_id}
        reply = await self._transport.read("GET", _ONE, ids=ids, doing=doing)
        return parsed(reply.data, Backup, doing=doing)

    async def policy(self, cluster_id: str) -> BackupPolicy:
        """When the cloud backs up the cluster by itself."""
        doing = f"read the backup policy of {cluster_id}"
        ids = {"clusterId": cluster_id}
        reply = await self._transport.read("GET", "/v2/clusters/{clusterId}/backups/policy", ids=ids, doing=doing)
        return parsed(reply.data, BackupPolicy, doing=doing)

    async def delete(self, cluster_id: str, backup_id: str, *, token: str, fence: Fence) -> EffectReply:
        """Delete a backup for good. Repeatable: deleting what is gone is Refused with a not-found code."""
        return await self._transport.effect(
            "DELETE",
            _ONE,
            ids={"clusterId": cluster_id, "backupId": backup_id},
            token=token,
            fence=fence,
            doing=f"delete backup {backup_id}",
        )
