"""The cloud's words for states and types, and what each is. One table for each of its vocabularies of job states.

The mapping is inferred, the words are documented unless a remark says else. They are compared without case, blanks,
hyphens and underscores; no word means two things in two vocabularies. `docs/reference/states.md` is made from this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.foreigntext import is_damaged


@dataclass(frozen=True)
class Word:
    """One word of the cloud's, and the state that it stands for. `remark`: for people, in the reference page."""

    text: str
    state: State
    remark: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The words for states that one of the cloud's answers uses. `where`: the calls whose answers do."""

    name: str
    where: str
    words: tuple[Word, ...]


_CLIENTS = "not documented; known from clients of the cloud"
_SPELLING = "another spelling of the word above"

VOCABULARIES: tuple[Vocabulary, ...] = (
    Vocabulary(
        "Jobs of all types",
        "`GET /v2/jobs/{jobId}`; the list and the read of the console API",
        (
            Word("PENDING", State.PENDING),
            Word("IN_PROGRESS", State.IN_PROGRESS),
            Word("SUCCESSFUL", State.SUCCESSFUL),
            Word("FAILED", State.FAILED),
            Word("CANCELING", State.IN_PROGRESS, "a cancel was accepted; the job can still end otherwise"),
            Word("CANCELLING", State.IN_PROGRESS, _SPELLING),
            Word("CANCELED", State.CANCELED, _CLIENTS),
            Word("CANCELLED", State.CANCELED, _SPELLING),
        ),
    ),
    Vocabulary(
        "Imports, v2: progress",
        "`POST /v2/vectordb/jobs/import/describe`, `getProgress`, `get_progress`; of the import and of each file",
        (
            Word("Pending", State.PENDING),
            Word("Importing", State.IN_PROGRESS),
            Word("Completed", State.SUCCESSFUL),
            Word("Failed", State.FAILED),
        ),
    ),
    Vocabulary(
        "Imports, v2: list",
        "`POST /v2/vectordb/jobs/import/list`",
        (
            Word("Pending", State.PENDING),
            Word("InProgress", State.IN_PROGRESS, "what the progress calls Importing"),
            Word("Completed", State.SUCCESSFUL),
            Word("Failed", State.FAILED),
        ),
    ),
    Vocabulary(
        "Imports, v1",
        "`GET /v1/vector/collections/import/list`. The progress, `import/get`, has no word: an error message shows "
        "as ImportFailed, a completion time without one as ImportCompleted, neither as ImportRunning",
        (
            Word("ImportPending", State.PENDING, "not documented; Milvus' older import API has it"),
            Word("ImportRunning", State.IN_PROGRESS, "also of an import that is still pending"),
            Word("ImportCompleted", State.SUCCESSFUL),
            Word("ImportFailed", State.FAILED),
        ),
    ),
    Vocabulary(
        "Imports, inside Milvus",
        "The progress of an import, where the cloud passes on what Milvus says; known from its source",
        (
            Word("Pending", State.PENDING),
            Word("PreImporting", State.IN_PROGRESS),
            Word("Importing", State.IN_PROGRESS),
            Word("Sorting", State.IN_PROGRESS),
            Word("IndexBuilding", State.IN_PROGRESS),
            Word("Uncommitted", State.IN_PROGRESS, "waits for the commit of a two-phase import"),
            Word("Committing", State.IN_PROGRESS),
            Word("Completed", State.SUCCESSFUL),
            Word("Failed", State.FAILED, "also after an abort"),
        ),
    ),
    Vocabulary(
        "Web console",
        "The job centre as people see it, in its three languages",
        (
            *(Word(text, State.PENDING) for text in ("Pending", "等待中", "保留中")),
            *(Word(text, State.IN_PROGRESS) for text in ("In Progress", "进行中", "進行中")),
            *(Word(text, State.SUCCESSFUL) for text in ("Successful", "成功")),
            *(Word(text, State.FAILED) for text in ("Failed", "失败", "失敗")),
            Word("ERROR", State.FAILED, "one guide shows it for an export"),
            *(Word(text, State.CANCELED) for text in ("Canceled", "已取消", "キャンセル")),
        ),
    ),
    Vocabulary(
        "Backups",
        "`GET /v2/backups`, `GET /v2/clusters/{clusterId}/backups/{backupId}`",
        (
            Word("CREATING", State.IN_PROGRESS),
            Word("AVAILABLE", State.SUCCESSFUL),
            Word("DELETED", State.UNKNOWN, "whether it ever was complete cannot be told any more"),
        ),
    ),
    Vocabulary(
        "Spark jobs",
        "`GET /v2/jobs/{jobId}` of a Spark job; no kind makes one, but its id can be asked for",
        (
            Word("PENDING", State.PENDING),
            Word("PREPARING", State.IN_PROGRESS),
            Word("RUNNING", State.IN_PROGRESS),
            Word("SUCCEEDED", State.SUCCESSFUL),
            Word("FAILED", State.FAILED),
            Word("TIMEOUT", State.FAILED),
            Word("CANCELED", State.CANCELED),
        ),
    ),
    Vocabulary(
        "Refreshes of external collections",
        "`POST /v2/vectordb/jobs/external_collection/describe`; no kind makes one",
        (
            Word("RefreshPending", State.PENDING),
            Word("RefreshInProgress", State.IN_PROGRESS),
            Word("RefreshCompleted", State.SUCCESSFUL),
            Word("RefreshFailed", State.FAILED),
        ),
    ),
)


def folded(word: str) -> str:
    """The word as it is compared."""
    return word.strip().casefold().replace("_", "").replace("-", "").replace(" ", "")


_STATES = {folded(word.text): word.state for vocabulary in VOCABULARIES for word in vocabulary.words}


def state_of(word: str) -> State | None:
    """The state that the cloud's word stands for; None for a word that nobody knows, and for "". Never an error."""
    return _STATES.get(folded(word))


def says_nothing(word: str) -> bool:
    """Whether it is no word at all, rather than one that nobody knows: there is none, or bytes of it are lost. What
    it leaves open is unknown, and another answer may tell it."""
    return not word or is_damaged(word)


def is_canceling(word: str) -> bool:
    """A cancel was accepted and is not over."""
    return folded(word) in ("canceling", "cancelling")


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
_CLUSTER_STATES = {folded(word): state for state, words in CLUSTER_WORDS.items() for word in words}


def cluster_state_of(word: str) -> ClusterState | None:
    """What the cluster's status word means; None for a word that nobody knows, and for "". Never an error."""
    return _CLUSTER_STATES.get(folded(word))


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


_TYPES = {folded(type_): type_ for type_ in JobType} | {
    # Other spellings of words that no page documents; nothing else can be meant by them.
    folded(word): type_
    for type_, words in {
        JobType.SUSPEND: ("SUSPEND_CLUSTER",),
        JobType.RESUME: ("RESUME_CLUSTER",),
        JobType.SCALE_CLUSTER: ("SCALE_CU",),
        JobType.SCALE_REPLICAS: ("SCALE_REPLICA",),
    }.items()
    for word in words
}


def type_of(word: str) -> JobType | None:
    """The type that the cloud's word stands for; None for a word that nobody knows, and for "". Never an error."""
    return _TYPES.get(folded(word))
