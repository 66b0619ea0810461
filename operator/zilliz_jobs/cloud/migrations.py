"""Migrations, v2 (documented: Migrate from Remote Storage, Migrate to Existing Cluster, Migrate to New Dedicated
Cluster; the last two are deprecated). All other sources are the console's, see `external`.

Where the cloud has dropped a deprecated call, the answer is Refused with `http_status` 404 or 405.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.fields import WireModel
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport

Plan = Literal["Standard", "Enterprise"]
CuType = Literal["Performance-optimized", "Capacity-optimized", "Tiered-storage"]


class RemoteSource(WireModel):
    """Files of milvus-backup: `object_url`, or `cloud`, `region`, `bucket_name` and `path`, with credentials; or
    `stage_name` (a volume) and `data_path`. No combination is documented as required; milvus-backup itself sends the
    last one. The credentials never show in a repr."""

    cloud: str | None = None
    region: str | None = None
    bucket_name: str | None = None
    path: str | None = None
    object_url: str | None = None
    access_key: Annotated[str | None, Field(repr=False)] = None
    secret_key: Annotated[str | None, Field(repr=False)] = None
    token: Annotated[str | None, Field(repr=False)] = None
    stage_name: str | None = None
    data_path: str | None = None


class DatabaseCollections(WireModel):
    """Collections of one database; without names, all of them. They keep their names: there is no field to rename."""

    db_name: str | None = None
    dest_db_name: str | None = None
    collections: tuple[str, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """The form of Migrate to Existing Cluster: each name in an object of its own (documented)."""
        wire: dict[str, Any] = self.model_dump(by_alias=True, exclude_none=True, exclude={"collections"})
        if self.collections:
            wire["collections"] = [{"collectionName": name} for name in self.collections]
        return wire


class NewCluster(WireModel):
    """A dedicated cluster that the migration makes. `cu_size`: 1 to 1024."""

    cluster_name: str
    project_id: str
    region_id: str
    plan: Plan
    cu_type: CuType
    cu_size: int


class Migrations:
    """The public calls that start a migration. They answer as `effects` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def start_by_remote(
        self, source: RemoteSource, cluster_id: str, *, token: str, fence: Fence
    ) -> EffectReply:
        """Migrate backup files into a cluster, all that they hold. `Taken.text("jobId")`; success without it is
        Uncertain. Not idempotent."""
        body = {
            "source": source.model_dump(by_alias=True, exclude_none=True),
            "destination": {"clusterId": cluster_id},
        }
        doing = f"start a migration of backup files into {cluster_id}"
        reply = await self._transport.effect(
            "POST", "/v2/migrations/startByRemote", body=body, token=token, fence=fence, doing=doing
        )
        return with_id(reply, "jobId")

    async def to_existing(
        self,
        source_cluster_id: str,
        dest_cluster_id: str,
        db_collections: Sequence[DatabaseCollections] = (),
        *,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Migrate collections from one cluster of the organisation into another; without `db_collections` all.

        `Taken.text("jobId")`; success without it is Uncertain. Not idempotent; deprecated.
        """
        body = {
            "source": {"clusterId": source_cluster_id},
            "destination": {"clusterId": dest_cluster_id},
            "dbCollections": [database.to_wire() for database in db_collections] or None,
        }
        doing = f"start a migration of {source_cluster_id} into {dest_cluster_id}"
        reply = await self._transport.effect(
            "POST", "/v2/migrations/toExisting", body=body, token=token, fence=fence, doing=doing
        )
        return with_id(reply, "jobId")

    async def to_new_dedicated(
        self,
        source_cluster_id: str,
        destination: NewCluster,
        databases: Mapping[str, str] | None = None,
        *,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Migrate whole databases (name here: name there; None for all) into a new cluster.

        `Taken.text` knows clusterId, username, password and jobId; the password is told this once. Success without
        clusterId and jobId is Uncertain. Not idempotent, but cluster names are unique (40013); deprecated. The
        documented example has no envelope, its schema has.
        """
        moves = [{"dbName": name, "destDbName": dest} for name, dest in (databases or {}).items()]
        body = {
            "source": {"clusterId": source_cluster_id},
            "destination": destination.model_dump(by_alias=True),
            "dbCollections": moves or None,
        }
        reply = await self._transport.effect(
            "POST",
            "/v2/migrations/toNewDedicated",
            body=body,
            bare=True,
            token=token,
            fence=fence,
            doing=f"start a migration of {source_cluster_id} into a new cluster {destination.cluster_name}",
        )
        return with_id(reply, "jobId", "clusterId")
