"""The job kinds, one file each. `JOB_KINDS` is the list that everything else goes by; its order is that of
`JOB_RESOURCES`."""

from __future__ import annotations

from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kinds.clusters.resumecluster import ResumeClusterKind
from zilliz_jobs.kinds.clusters.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.clusters.scalereplicas import ScaleReplicasKind
from zilliz_jobs.kinds.clusters.suspendcluster import SuspendClusterKind
from zilliz_jobs.kinds.collections.clone import CloneKind
from zilliz_jobs.kinds.collections.sample import SampleKind
from zilliz_jobs.kinds.exports.export import ExportKind
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_jobs.kinds.migrations.migrating import MigrationKind
from zilliz_jobs.kinds.restores.restore import RestoreKind

JOB_KINDS: tuple[AnyKind, ...] = (
    BackupKind(),
    RestoreKind(),
    ExportKind(),
    MigrationKind(),
    ImportKind(),
    CloneKind(),
    SampleKind(),
    SuspendClusterKind(),
    ResumeClusterKind(),
    ScaleClusterKind(),
    ScaleReplicasKind(),
)
