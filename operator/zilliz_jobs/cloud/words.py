"""The cloud's words for states, and the state that each is. One table for all of its vocabularies.

Describe Job, the v2 and v1 imports, the import list, backups and the console are documented (the import list says
InProgress where progress says Importing). CANCELED and Milvus' inner words are known from clients and source. The
mapping is inferred; words are compared without case, blanks, hyphens and underscores.
"""

from __future__ import annotations

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
