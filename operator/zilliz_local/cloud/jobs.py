"""Jobs as records: what was decided when a job was made, and what was done to it since.

A record never ticks. What it looks like at a moment is computed by `timeline.view`, so fifty thousand idle
jobs cost nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .objects import FilePart, ImportSource

PENDING = "PENDING"
IN_PROGRESS = "IN_PROGRESS"
SUCCESSFUL = "SUCCESSFUL"
FAILED = "FAILED"
CANCELING = "CANCELING"
CANCELED = "CANCELED"
FINAL = frozenset({SUCCESSFUL, FAILED, CANCELED})
STATUSES = frozenset({PENDING, IN_PROGRESS, CANCELING}) | FINAL

# Types. Documented words:
BACKUP = "BACKUP"
IMPORT = "IMPORT"
RESTORE = "RESTORE"
MIGRATION = "MIGRATION"
CLONE_COLLECTION = "CLONE_COLLECTION"
# Ours, since the console shows such jobs and no page names their type:
CROSS_REGION_COPY = "CROSS_REGION_COPY"
EXPORT = "EXPORT"
SAMPLE_COLLECTION = "SAMPLE_COLLECTION"
SUSPEND_CLUSTER = "SUSPEND_CLUSTER"
RESUME_CLUSTER = "RESUME_CLUSTER"
SCALE_CU = "SCALE_CU"
SCALE_REPLICA = "SCALE_REPLICA"
TYPES = frozenset(
    {BACKUP, IMPORT, RESTORE, MIGRATION, CLONE_COLLECTION, CROSS_REGION_COPY, EXPORT, SAMPLE_COLLECTION}
    | {SUSPEND_CLUSTER, RESUME_CLUSTER, SCALE_CU, SCALE_REPLICA}
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will go if nobody interferes. Times are on the simulated clock."""

    begins_at: float
    pending_seconds: float
    run_seconds: float
    failure: str = ""
    fails_at_fraction: float = 1.0
    """The share of the run after which a failing job fails."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A cancel that was accepted, and how long the job stays CANCELING."""

    at: float
    seconds: float
    fraction: float
    """How far the job had come."""


@dataclass(frozen=True, slots=True)
class Forced:
    """A state imposed through the admin API; holds until it is released."""

    at: float
    status: str
    fraction: float
    reason: str = ""


@dataclass(slots=True)
class Job:
    """One asynchronous job of the cloud."""

    job_id: str
    type: str
    project_id: str
    cluster_id: str
    region_id: str
    created_at: float
    plan: Plan
    client: str = "api"
    db_name: str = ""
    collection: str = ""
    backup_id: str = ""
    source_cluster_id: str = ""
    """Where the data comes from, if that is not `cluster_id`."""
    cancelable: bool = False
    files: tuple[FilePart, ...] = ()
    source: ImportSource | None = field(default=None, repr=False)
    cancel: Cancel | None = None
    forced: Forced | None = None
    retries: int = 0
    two_phase: bool = False
    """An import that ends only when it is committed."""
    committed_at: float | None = None


class JobTable:
    """All jobs in order of creation, with the few indexes that lists need."""

    def __init__(self) -> None:
        self._by_id: dict[str, Job] = {}
        self._imports: dict[str, dict[str, Job]] = {}
        self._by_collection: dict[tuple[str, str, str], dict[str, Job]] = {}

    def add(self, job: Job) -> Job:
        """Put a job into the table."""
        self._by_id[job.job_id] = job
        if job.type == IMPORT:
            self._imports.setdefault(self._place(job), {})[job.job_id] = job
            self._by_collection.setdefault(self._target(job), {})[job.job_id] = job
        return job

    def forget(self, job_id: str) -> Job | None:
        """Take a job out of every table, as if it had never been; None if it was not there."""
        job = self._by_id.pop(job_id, None)
        if job is not None and job.type == IMPORT:
            del self._imports[self._place(job)][job_id]
            del self._by_collection[self._target(job)][job_id]
        return job

    def get(self, job_id: str) -> Job | None:
        """The job with this id."""
        return self._by_id.get(job_id)

    def all(self) -> Iterable[Job]:
        """Oldest first."""
        return self._by_id.values()

    def imports(self, place: str) -> Iterable[Job]:
        """Imports into a cluster id, or into `project/region` on demand; oldest first."""
        return self._imports.get(place, {}).values()

    def imports_into(self, place: str, db_name: str, collection: str) -> Iterable[Job]:
        """Imports into one collection; oldest first."""
        return self._by_collection.get((place, db_name, collection), {}).values()

    def __len__(self) -> int:
        return len(self._by_id)

    @staticmethod
    def _place(job: Job) -> str:
        return job.cluster_id or f"{job.project_id}/{job.region_id}"

    @classmethod
    def _target(cls, job: Job) -> tuple[str, str, str]:
        return cls._place(job), job.db_name, job.collection
