"""The types of the job-centre page, as the kinds tell them: which job, and which status of a cluster, is of which.
Pure."""

from __future__ import annotations

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.jobresources import CROSS_REGION_COPY, ROW_TYPES
from zilliz_jobs.cloud.words import JobType, folded, type_of
from zilliz_jobs.core.snapshot import Traits
from zilliz_jobs.kinds import JOB_KINDS

BACKUP, IMPORT = BACKUP_JOB.row_name, IMPORT_JOB.row_name
"""The types of what the public API lists."""

_PAGE_JOBS = [kind for kind in JOB_KINDS if kind.row_type]
_BY_JOB_TYPE = {kind.job_type: kind.row_type for kind in _PAGE_JOBS if kind.job_type} | {
    JobType.CROSS_REGION_COPY: CROSS_REGION_COPY.name
}
_BY_CLUSTER_WORD: dict[str, set[str]] = {}
for _kind in _PAGE_JOBS:
    for _word in _kind.cluster_words:
        _BY_CLUSTER_WORD.setdefault(folded(_word), set()).add(_kind.row_type)
_WORDS = {row_type.name: row_type.words for row_type in ROW_TYPES}

TRAITS: dict[str, Traits] = {kind.row_type: kind.traits for kind in _PAGE_JOBS}
"""What the cloud allows for jobs of each type."""
CHANGES_CLUSTER = frozenset(kind.row_type for kind in _PAGE_JOBS if kind.cluster_words)
"""Types of jobs that put a cluster into transition."""


def of_job(word: str) -> str:
    """The type of a job that the cloud calls so; the word itself where nobody knows it."""
    known = type_of(word)
    return _BY_JOB_TYPE.get(known, word) if known else word


def of_transition(status: str) -> str | None:
    """The type of the job that causes this status of a cluster; "" where it may be one of several, None where no job
    does."""
    types = _BY_CLUSTER_WORD.get(folded(status))
    if types is None:
        return None
    return next(iter(types)) if len(types) == 1 else ""


def in_words(row_type: str) -> str:
    """What a row says of a job of this type that the cloud does not describe; empty for an unknown type."""
    return _WORDS.get(row_type, "")
