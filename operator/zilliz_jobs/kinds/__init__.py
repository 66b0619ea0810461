"""The job kinds, one file each. `JOB_KINDS` is the list that everything else goes by."""

from __future__ import annotations

from zilliz_jobs.kinds.backup import BackupKind
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kinds.clone import CloneKind
from zilliz_jobs.kinds.export import ExportKind
from zilliz_jobs.kinds.importing import ImportKind
from zilliz_jobs.kinds.migrating import MigrationKind
from zilliz_jobs.kinds.restore import RestoreKind
from zilliz_jobs.kinds.resumecluster import ResumeClusterKind
from zilliz_jobs.kinds.sample import SampleKind
from zilliz_jobs.kinds.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.scalereplicas import ScaleReplicasKind
from zilliz_jobs.kinds.suspendcluster import SuspendClusterKind

JOB_KINDS: tuple[AnyKind, ...] = (
    BackupKind(),
    RestoreKind(),
    ExportKind(),
    ImportKind(),
    MigrationKind(),
    CloneKind(),
    SampleKind(),
    SuspendClusterKind(),
    ResumeClusterKind(),
    ScaleClusterKind(),
    ScaleReplicasKind(),
)
