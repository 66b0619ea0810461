"""From rows of the cloud's lists to rows of the page. Pure; what a list does not tell stays empty.

`for_people` is called only for the rows that are shown, since most are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from zilliz_jobs.api.jobresources import CROSS_REGION_COPY
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.imports_v1 import ImportTask
from zilliz_jobs.cloud.redaction import bounded, redact
from zilliz_jobs.cloud.words import state_of
from zilliz_jobs.control.redaction import Hide, without_secrets
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.kinds import rowtypes
from zilliz_jobs.kinds.rowtypes import BACKUP, IMPORT
from zilliz_jobs.polling.lists import Row


def of_console(row: Row, position: int) -> JobRow:
    """From the console's list of jobs."""
    job: ConsoleJob = row.value
    kind = rowtypes.of_job(job.type)
    return JobRow(
        type=kind,
        id=job.job_id,
        job_id=job.job_id,
        description=_with_region(job, kind),
        state=state_of(job.status),
        cloud_status=job.status,
        progress=job.progress,
        cluster_id=job.cluster_id,
        project_id=job.project_id,
        region_id=job.region_id,
        target=_place(job.cluster_id, job.db_name, job.collection_name),
        created_by=job.created_by,
        create_time=job.create_time,
        start_time=job.start_time,
        end_time=job.end_time,
        message=job.reason,
        position=position,
        raw=row.raw,
    )


def of_import(row: Row, position: int, *, cluster: Cluster) -> JobRow:
    """From a list of imports, of either generation of the API; neither tells times."""
    record: ImportRecord | ImportTask = row.value
    told = record if isinstance(record, ImportRecord) else None
    return JobRow(
        type=IMPORT,
        id=record.job_id,
        job_id=record.job_id,
        description=_described(IMPORT, cluster.cluster_id, record.collection_name),
        state=state_of(record.state),
        cloud_status=record.state,
        progress=told.progress if told else None,
        cluster_id=cluster.cluster_id,
        project_id=cluster.project_id,
        region_id=cluster.region_id,
        target=_place(cluster.cluster_id, "", record.collection_name),
        message=told.reason if told else "",
        position=position,
        raw=row.raw,
    )


def of_backup(row: Row, position: int) -> JobRow:
    """From the list of backups. It has no job ids, so the backup's own id identifies the row."""
    backup: Backup = row.value
    return JobRow(
        type=BACKUP,
        id=backup.backup_id,
        description=f"Backup {backup.backup_name or backup.backup_id}",
        state=state_of(backup.status),
        cloud_status=backup.status,
        cluster_id=backup.cluster_id,
        project_id=backup.project_id,
        region_id=backup.region_id,
        target=backup.cluster_id,
        create_time=backup.create_time,
        position=position,
        raw=row.raw,
    )


def of_cluster(row: Row, position: int) -> JobRow | None:
    """A cluster in transition, as the job that changes it; None for a cluster in no transition, or in one that no job
    causes."""
    cluster: Cluster = row.value
    kind = rowtypes.of_transition(cluster.status)
    if kind is None:
        return None
    return JobRow(
        type=kind,
        id=cluster.cluster_id,
        description=f"Cluster {cluster.cluster_name or cluster.cluster_id} is {cluster.status.upper()}",
        state=State.IN_PROGRESS,
        cloud_status=cluster.status,
        cluster_id=cluster.cluster_id,
        project_id=cluster.project_id,
        region_id=cluster.region_id,
        target=cluster.cluster_id,
        position=position,
        raw=row.raw,
    )


def for_people(row: JobRow, hide: Hide, own: Sequence[str] = ()) -> JobRow:
    """The row without secrets, and with the cloud's own row shortened to what a status may hold. `own`: texts of the
    object that owns the job; they come from its spec and are shown as they are."""
    texts: dict[str, Any] = {
        name: redact(text if text in own else hide(text))
        for name in ("description", "message", "target", "created_by")
        if (text := getattr(row, name))
    }
    return replace(row, raw=bounded(without_secrets(row.raw, hide)), **texts)


def _with_region(job: ConsoleJob, kind: str) -> str:
    """What the job does. Copies of one backup differ only in the region that they go to."""
    text = job.description or _described(kind, job.cluster_id, job.collection_name)
    if kind != CROSS_REGION_COPY.name or not job.region_id or job.region_id in text:
        return text
    return f"{text}, to {job.region_id}"


def _described(kind: str, cluster_id: str, collection: str) -> str:
    """What the job does, from the fields, in one line; empty for an unknown type."""
    words = rowtypes.in_words(kind)
    if not words:
        return ""
    if collection:
        return f"{words}, collection {collection}"
    return f"{words}, {cluster_id}" if cluster_id else words


def _place(cluster_id: str, database: str, collection: str) -> str:
    return "/".join(part for part in (cluster_id, database, collection) if part)
