"""Restores of backups, v2 (documented: Restore Cluster Backup, Restore Collection Backup).

Dedicated clusters only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport

CollectionStatus = Literal["KEEP", "RELEASE", "LOADED", "NOT_LOADED"]
"""The REST pages know the first two, the vendor's command line and plugin the others, which mean the same."""
RestoreVersionPolicy = Literal["LATEST", "ORIGINAL"]
DestStatus = Literal["LOADED", "UNLOADED"]

_BACKUP = "/v2/clusters/{clusterId}/backups/{backupId}"


@dataclass(frozen=True)
class Restored:
    """One collection of a backup, and what becomes of it."""

    database: str
    collection: str
    dest_database: str
    dest_collection: str
    dest_status: DestStatus = "UNLOADED"


class Restores:
    """The calls that start a restore. They answer as `effects` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def restore_cluster(
        self,
        cluster_id: str,
        backup_id: str,
        *,
        project_id: str,
        name: str,
        cu_size: int,
        collection_status: CollectionStatus,
        restore_version_policy: RestoreVersionPolicy | None = None,
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Restore a backup of `cluster_id` into a new dedicated cluster `name`, in the same region and of the same CU
        type. `cu_size`: 1 to 1024. `collection_status`: KEEP or LOADED loads what was loaded, RELEASE or NOT_LOADED
        nothing.

        `Taken.text` knows clusterId, username, password and jobId; the password is told this once. Success without
        clusterId and jobId is Uncertain. Not idempotent, but names are unique: 40013 is a refusal for that.
        """
        body: dict[str, Any] = {
            "projectId": project_id,
            "clusterName": name,
            "cuSize": cu_size,
            "collectionStatus": collection_status,
            "restoreVersionPolicy": restore_version_policy,
        }
        reply = await self._transport.effect(
            "POST",
            f"{_BACKUP}/restoreCluster",
            ids={"clusterId": cluster_id, "backupId": backup_id},
            body=body,
            token=token,
            fence=fence,
            doing=f"restore backup {backup_id} into a new cluster {name}",
        )
        return with_id(reply, "jobId", "clusterId")

    async def restore_collections(
        self,
        cluster_id: str,
        backup_id: str,
        *,
        dest_cluster_id: str,
        collections: Sequence[Restored],
        token: str,
        fence: Fence,
    ) -> EffectReply:
        """Restore these collections of a backup into an existing cluster; without any, all of them, unloaded and
        under their names. A guide says that the cloud takes one a request, the newest page one, several or all.

        `cluster_id` is the backup's, not the target's. `Taken.text("jobId")`; success without it is Uncertain. Not
        idempotent. The fields are those of the newest documentation (older pages: targetCollectionName).
        """
        databases: dict[tuple[str, str], list[dict[str, str]]] = {}
        for one in collections:
            wanted = {
                "collectionName": one.collection,
                "destCollectionName": one.dest_collection,
                "destCollectionStatus": one.dest_status,
            }
            databases.setdefault((one.database, one.dest_database), []).append(wanted)
        body: dict[str, Any] = {"destClusterId": dest_cluster_id}
        if databases:
            body["dbCollections"] = [
                {"dbName": database, "destDbName": dest_database, "collections": listed}
                for (database, dest_database), listed in databases.items()
            ]
        what = f"{len(collections)} collections" if len(collections) > 1 else "all collections"
        if len(collections) == 1:
            what = f"collection {collections[0].collection}"
        reply = await self._transport.effect(
            "POST",
            f"{_BACKUP}/restoreCollection",
            ids={"clusterId": cluster_id, "backupId": backup_id},
            body=body,
            token=token,
            fence=fence,
            doing=f"restore {what} of backup {backup_id} into {dest_cluster_id}",
        )
        return with_id(reply, "jobId")
