"""ExportJob: the files of a backup into the user's own object storage (documented: Export Backup Files)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.backupref import BACKUP_RULES, BackupRef
from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, CancellableSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, Model
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule

Directory = Annotated[str, Field(min_length=1, max_length=900)]


class ExportJobSpec(CancellableSpec):
    backup: BackupRef | None = Field(default=None, description="What to export.")
    integration_id: CloudId | None = Field(
        default=None, description="Id of the storage integration: the bucket to write to, and the right to do so."
    )
    directory: Directory | None = Field(
        default=None,
        description="Directory in the bucket. Each attempt writes into a sub-directory of its own, which "
        "`result.directory` names.",
    )
    retry_policy: ResubmitRetryPolicy | None = Field(default=None, description="Automatic retries.")


class ExportResult(Model):
    directory: str | None = Field(default=None, description="The directory in the bucket that holds the files.")
    backup_id: str | None = Field(default=None, description="The backup that was exported.")


EXPORT_JOB = Resource(
    kind="ExportJob",
    plural="exportjobs",
    short="zex",
    description="An export of the files of a Zilliz Cloud backup to object storage.",
    guide="exportjob.md",
    row_type=RowType("Export", "Export of backup files"),
    spec=ExportJobSpec,
    status=JobStatus,
    result=ExportResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.backup.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE,
    rules=(
        *BACKUP_RULES,
        Rule(
            "has(self.adopt) || (has(self.integrationId) && has(self.directory))",
            "name where to export to: integrationId and directory",
            lambda spec: spec.adopt is not None or (spec.integration_id is not None and spec.directory is not None),
        ),
    ),
)
