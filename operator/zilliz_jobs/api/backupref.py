"""The backup that a job works on, named in one of two ways, and the rules that go with it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from zilliz_jobs.api.model import CloudId, Model, NameRef
from zilliz_jobs.api.resource import Rule


class BackupRef(Model):
    backup_job_ref: NameRef | None = Field(
        default=None,
        description="A BackupJob of the same namespace; this job waits until that one is Successful.",
    )
    cluster_id: CloudId | None = Field(
        default=None, description="Id of the cluster that the backup was made of; together with backupId."
    )
    backup_id: CloudId | None = Field(
        default=None, description="The cloud's id of the backup; together with clusterId."
    )


def _names_one_backup(spec: Any) -> bool:
    ref: BackupRef | None = spec.backup
    if ref is None:
        return True
    by_id = ref.cluster_id is not None
    return (ref.backup_job_ref is not None) != by_id and by_id == (ref.backup_id is not None)


BACKUP_RULES = (
    Rule(
        "has(self.backup) || has(self.adopt)",
        "name the backup, or the job to adopt",
        lambda spec: spec.backup is not None or spec.adopt is not None,
    ),
    Rule(
        "!has(self.backup) || (has(self.backup.backupJobRef) != has(self.backup.clusterId)"
        " && has(self.backup.clusterId) == has(self.backup.backupId))",
        "name one backup: backup.backupJobRef, or backup.clusterId together with backup.backupId",
        _names_one_backup,
    ),
)
"""For a spec with `backup` and `adopt`."""
