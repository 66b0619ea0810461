"""BackupJob: one manual backup of a cluster or of collections (documented: Create Backup, v2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, CancellableSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, CloudName, Model, Time
from zilliz_jobs.api.resource import JOB_COLUMNS, Resource


class BackupJobSpec(CancellableSpec):
    cluster_id: CloudId = Field(description="Id of the dedicated cluster to back up.")
    database: CloudName | None = Field(default=None, description="Database of the collections. Default: `default`.")
    collections: Annotated[list[CloudName], Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Collections to back up. Left out: the whole cluster."
    )
    retry_policy: ResubmitRetryPolicy | None = Field(default=None, description="Automatic retries.")


class BackupResult(Model):
    backup_id: str | None = Field(default=None, description="The cloud's id of the backup.")
    backup_name: str | None = Field(default=None, description="The name the cloud gave the backup.")
    size_bytes: int | None = Field(default=None, description="Size of the backup.")
    expire_time: Time = Field(default=None, description="When the cloud deletes the backup, if ever.")


BACKUP_JOB = Resource(
    kind="BackupJob",
    plural="backupjobs",
    short="zbk",
    description="A manual backup of a Zilliz Cloud cluster or of some of its collections.",
    spec=BackupJobSpec,
    status=JobStatus,
    result=BackupResult,
    columns=JOB_COLUMNS,
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
)
