"""The job kinds, one file each. `JOB_KINDS` is the list that everything else goes by."""

from __future__ import annotations

from zilliz_jobs.kinds.backup import BackupKind
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kinds.importing import ImportKind

JOB_KINDS: tuple[AnyKind, ...] = (BackupKind(), ImportKind())
