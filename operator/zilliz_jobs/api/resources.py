"""All kinds of the API group, in the order in which pages and files list them."""

from __future__ import annotations

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.clusterjobs import RESUME_CLUSTER_JOB, SCALE_CLUSTER_JOB, SCALE_REPLICAS_JOB, SUSPEND_CLUSTER_JOB
from zilliz_jobs.api.collectionjobs import CLONE_COLLECTION_JOB, SAMPLE_COLLECTION_JOB
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.exportjob import EXPORT_JOB
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.migrationjob import MIGRATION_JOB
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.restorejob import RESTORE_JOB

RESOURCES: tuple[Resource, ...] = (
    ZILLIZ_CONNECTION,
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
    JOB_CENTER,
    PROJECT_JOB,
)
