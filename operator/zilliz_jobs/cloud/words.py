"""The cloud's words for states and types, and what each is. One table for all of its vocabularies of job states.

Describe Job, the v2 and v1 imports, the import list, backups and the console are documented (the import list says
InProgress where progress says Importing). CANCELED and Milvus' inner words are known from clients and source. The
mapping is inferred; words are compared without case, blanks, hyphens and underscores.
"""

from __future__ import annotations

from enum import StrEnum

from zilliz_jobs.api.jobstatus import State

_TABLE: dict[State, tuple[str, ...]] = {
    State.PENDING: ("PENDING", "Pending", "等待中", "保留中"),
    State.IN_PROGRESS: (
        "IN_PROGRESS",  # Describe Job, console
        "CANCELING",  # Describe Job: not yet over, and it can still end otherwise
        "CANCELLING",
        "Importing",  # Get Import Job Progress
        "InProgress",  # List Import Jobs
        "ImportRunning",  # v1; it has no word for pending
        "CREATING",  # backups
        "RUNNING",
        "PREPARING",
        "PreImporting",  # Milvus from here on
        "Sorting",
        "IndexBuilding",
        "Uncommitted",
        "Committing",
        "进行中",
        "進行中",
    ),
    State.SUCCESSFUL: (
        "SUCCESSFUL",
        "Completed",
        "ImportCompleted",
        "AVAILABLE",  # backups
        "SUCCEEDED",
        "成功",
    ),
    State.FAILED: ("FAILED", "Failed", "ImportFailed", "TIMEOUT", "失败", "失敗"),
    State.CANCELED: ("CANCELED", "CANCELLED", "已取消", "キャンセル"),
    # A backup that is gone: whether it ever was complete cannot be told any more.
    State.UNKNOWN: ("DELETED",),
}


def _folded(word: str) -> str:
    return word.strip().casefold().replace("_", "").replace("-", "").replace(" ", "")


_STATES = {_folded(word): state for state, words in _TABLE.items() for word in words}


def state_of(word: str) -> State | None:
    """The state that the cloud's word stands for; None for a word that nobody knows, and for "". Never an error."""
    return _STATES.get(_folded(word))


def is_canceling(word: str) -> bool:
    """A cancel was accepted and is not over."""
    return _folded(word) in ("canceling", "cancelling")


class ClusterState(StrEnum):
    """What a cluster's status word means for who wants to suspend, resume or scale it."""

    CREATING = "Creating"
    RUNNING = "Running"
    SUSPENDING = "Suspending"
    SUSPENDED = "Suspended"
    RESUMING = "Resuming"
    SCALING = "Scaling"
    BUSY = "Busy"
    """The cloud works on it, and takes nothing else meanwhile."""
    BLOCKED = "Blocked"
    """Something is wrong with it that time alone does not mend."""
    DELETED = "Deleted"


CLUSTER_WORDS: dict[ClusterState, frozenset[str]] = {
    # Describe Cluster documents all but STOPPED (known from the Terraform provider) and the SUSPEND words (documented
    # for on-demand clusters, and used by a plugin of the vendor for all). The grouping is inferred.
    ClusterState.CREATING: frozenset({"CREATING"}),
    ClusterState.RUNNING: frozenset({"RUNNING"}),
    ClusterState.SUSPENDING: frozenset({"STOPPING", "SUSPENDING"}),
    ClusterState.SUSPENDED: frozenset({"STOPPED", "SUSPENDED"}),
    ClusterState.RESUMING: frozenset({"RESUMING"}),
    ClusterState.SCALING: frozenset({"MODIFYING", "RESIZING"}),
    ClusterState.BUSY: frozenset(
        {"RESTORE_BACKUP", "MIGRATING", "UPGRADING", "WRITING_OPERATION", "SET_PRIVATE_LINK", "UNFREEZED"}
    ),
    ClusterState.BLOCKED: frozenset({"ABNORMAL", "FREEZING", "FROZEN"}),
    ClusterState.DELETED: frozenset({"DELETING", "DELETED"}),
}
_CLUSTER_STATES = {_folded(word): state for state, words in CLUSTER_WORDS.items() for word in words}


def cluster_state_of(word: str) -> ClusterState | None:
    """What the cluster's status word means; None for a word that nobody knows, and for "". Never an error."""
    return _CLUSTER_STATES.get(_folded(word))


class JobType(StrEnum):
    """The types of the job-centre page. The values are Describe Job's words where it documents one (the first five);
    the words of the others are not documented, and these are ours."""

    IMPORT = "IMPORT"
    BACKUP = "BACKUP"
    RESTORE = "RESTORE"
    MIGRATION = "MIGRATION"
    CLONE_COLLECTION = "CLONE_COLLECTION"
    CROSS_REGION_COPY = "CROSS_REGION_COPY"
    EXPORT = "EXPORT"
    SAMPLE_COLLECTION = "SAMPLE_COLLECTION"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    SCALE_CLUSTER = "SCALE_CLUSTER"
    SCALE_REPLICAS = "SCALE_REPLICAS"


_TYPES = {_folded(type_): type_ for type_ in JobType}


def type_of(word: str) -> JobType | None:
    """The type that the cloud's word stands for; None for a word that nobody knows, and for "". Never an error."""
    return _TYPES.get(_folded(word))
