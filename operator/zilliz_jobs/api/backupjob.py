"""BackupJob: one manual backup of a cluster or of collections (documented: Create Backup, v2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from zilliz_jobs.api.jobspec import ALWAYS_MUTABLE, CancellableSpec, ResubmitRetryPolicy
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.model import CloudId, CloudName, Model, Time
from zilliz_jobs.api.resource import JOB_COLUMNS, JOB_SELECTABLE, Resource, RowType, Rule

MAX_COPIES = 16


class CrossRegionCopy(Model):
    region_id: CloudId = Field(description="Region of the same cloud provider to copy the backup to.")


class BackupJobSpec(CancellableSpec):
    cluster_id: CloudId = Field(description="Id of the dedicated cluster to back up.")
    database: CloudName | None = Field(default=None, description="Database of the collections. Default: `default`.")
    collections: Annotated[list[CloudName], Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Collections to back up. Left out: the whole cluster."
    )
    cross_region_copies: Annotated[list[CrossRegionCopy], Field(min_length=1, max_length=MAX_COPIES)] | None = Field(
        default=None,
        description="Regions to copy the backup to. The cloud copies after the backup has ended well; the job does "
        "not wait for that.",
    )
    backup_ttl_seconds: Annotated[int, Field(ge=3600, le=315_360_000)] | None = Field(
        default=None,
        alias="backupTTLSeconds",
        description="Delete the backup so long after the end of its job, while this object exists; at least 3600. "
        "Left out: it is kept. Deleting this object never deletes the backup. A backup that a restore or an export "
        "reads or waits for stays until that has ended. Copies in other regions are not touched.",
    )
    retry_policy: ResubmitRetryPolicy | None = Field(default=None, description="Automatic retries.")


class BackupMark(StrEnum):
    """What becomes of a backup that the operator deletes."""

    DELETING = "Deleting"  # stored before the request leaves
    DELETED = "Deleted"


class BackupCopy(Model):
    region_id: str | None = Field(default=None, description="Region of the copy.")
    state: str | None = Field(
        default=None,
        description="State of the copy, followed after the end of the backup; Unknown where the cloud does not tell.",
    )


class BackupResult(Model):
    backup_id: str | None = Field(default=None, description="The cloud's id of the backup.")
    backup_name: str | None = Field(default=None, description="The name the cloud gave the backup.")
    size_bytes: int | None = Field(default=None, description="Size of the backup.")
    expire_time: Time = Field(default=None, description="When the cloud deletes the backup, if ever.")
    backup_state: str | None = Field(
        default=None,
        description="Deleting before the operator asks the cloud to delete the backup, Deleted when that is proven; "
        "left out while it is to be kept.",
    )
    backup_message: str | None = Field(
        default=None, description="Why the backup is still there although its time is over; a sentence."
    )
    deletion_time: Time = Field(default=None, description="When the deletion of the backup was last asked for.")
    deletion_requests: int | None = Field(
        default=None, description="How often the cloud was asked to delete it since nobody knows what came of it."
    )
    copies: list[BackupCopy] | None = Field(
        default=None, description="One row for each region of crossRegionCopies, once the backup has ended well."
    )


def _names_regions_once(spec: BackupJobSpec) -> bool:
    regions = [copy.region_id for copy in spec.cross_region_copies or ()]
    return len(regions) == len(set(regions))


def _outlives_its_backup(spec: BackupJobSpec) -> bool:
    own, backup = spec.ttl_seconds_after_finished, spec.backup_ttl_seconds
    return own is None or backup is None or own >= backup


BACKUP_JOB = Resource(
    kind="BackupJob",
    plural="backupjobs",
    short="zbk",
    description="A manual backup of a Zilliz Cloud cluster or of some of its collections.",
    guide="backupjob.md",
    row_type=RowType("Backup", "Backup"),
    spec=BackupJobSpec,
    status=JobStatus,
    result=BackupResult,
    columns=JOB_COLUMNS,
    selectable=(*JOB_SELECTABLE, ".spec.clusterId"),
    categories=("zilliz",),
    mutable=ALWAYS_MUTABLE | {"backupTTLSeconds"},
    rules=(
        Rule(
            "!has(self.crossRegionCopies) || self.crossRegionCopies.all(a,"
            " self.crossRegionCopies.exists_one(b, b.regionId == a.regionId))",
            "name each region of crossRegionCopies once",
            _names_regions_once,
        ),
        Rule(
            "!has(self.backupTTLSeconds) || !has(self.ttlSecondsAfterFinished)"
            " || self.ttlSecondsAfterFinished >= self.backupTTLSeconds",
            "ttlSecondsAfterFinished must not be less than backupTTLSeconds: the backup is deleted only while the "
            "object exists",
            _outlives_its_backup,
        ),
    ),
    template_rules=(
        Rule(
            "!has(self.backupTTLSeconds)",
            "leave out backupTTLSeconds in a schedule: keepBackups of the schedule says how many backups stay",
            lambda spec: spec.backup_ttl_seconds is None,
        ),
    ),
)
