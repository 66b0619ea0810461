"""Exports of backup files to object storage, v2 (documented: Export Backup Files; private preview)."""

from __future__ import annotations

from zilliz_jobs.cloud.effects import EffectReply, with_id
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.cloud.transport import Transport


class Exports:
    """Calls about exports of one key; see `effects` for what they answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def export(
        self, cluster_id: str, backup_id: str, *, integration_id: str, directory: str, token: str, fence: Fence
    ) -> EffectReply:
        """Copy the files of an AVAILABLE backup into `directory` of the bucket behind a storage integration.

        `Taken.text("jobId")`; success without it is Uncertain. Not idempotent: use one directory per attempt. What
        was uploaded before a cancel stays.
        """
        reply = await self._transport.effect(
            "POST",
            "/v2/clusters/{clusterId}/backups/{backupId}/export",
            ids={"clusterId": cluster_id, "backupId": backup_id},
            body={"integrationId": integration_id, "directory": directory},
            token=token,
            fence=fence,
            doing=f"export backup {backup_id}",
        )
        return with_id(reply, "jobId")
