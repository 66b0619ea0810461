"""The resources of all job kinds, and the types of the job-centre page that follow from them."""

from __future__ import annotations

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.clusterjobs import RESUME_CLUSTER_JOB, SCALE_CLUSTER_JOB, SCALE_REPLICAS_JOB, SUSPEND_CLUSTER_JOB
from zilliz_jobs.api.collectionjobs import CLONE_COLLECTION_JOB, SAMPLE_COLLECTION_JOB
from zilliz_jobs.api.exportjob import EXPORT_JOB
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.migrationjob import MIGRATION_JOB
from zilliz_jobs.api.resource import Resource, RowType
from zilliz_jobs.api.restorejob import RESTORE_JOB

JOB_RESOURCES: tuple[Resource, ...] = (
    BACKUP_JOB,
    RESTORE_JOB,
    EXPORT_JOB,
    MIGRATION_JOB,
    IMPORT_JOB,
    CLONE_COLLECTION_JOB,
    SAMPLE_COLLECTION_JOB,
    SUSPEND_CLUSTER_JOB,
    RESUME_CLUSTER_JOB,
    SCALE_CLUSTER_JOB,
    SCALE_REPLICAS_JOB,
)
"""In the order in which pages and files list them."""

CROSS_REGION_COPY = RowType("CrossRegionCopy", "Copy of a backup in another region")
"""No kind of its own: a BackupJob asks for copies, and the cloud makes a job of each."""

ROW_TYPES: tuple[RowType, ...] = (
    *(resource.row_type for resource in JOB_RESOURCES if resource.row_type is not None),
    CROSS_REGION_COPY,
)
"""The types of the page."""
