"""If these fail, the state that a user waits for never comes, or comes too early."""

import pytest

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.words import (
    CLUSTER_WORDS,
    VOCABULARIES,
    ClusterState,
    JobType,
    cluster_state_of,
    is_canceling,
    state_of,
    type_of,
)

P, R, S, F, C = State.PENDING, State.IN_PROGRESS, State.SUCCESSFUL, State.FAILED, State.CANCELED
# As the documentation, clients and source of the cloud have them; written down here a second time.
ENGLISH = {"Pending": P, "In Progress": R, "Successful": S, "Failed": F, "Canceled": C, "ERROR": F}
CHINESE = {"等待中": P, "进行中": R, "成功": S, "失败": F, "已取消": C}
JAPANESE = {"保留中": P, "進行中": R, "成功": S, "失敗": F, "キャンセル": C}
WORDS = {
    "Jobs of all types": {
        "PENDING": P,
        "IN_PROGRESS": R,
        "SUCCESSFUL": S,
        "FAILED": F,
        "CANCELING": R,
        "CANCELLING": R,
        "CANCELED": C,
        "CANCELLED": C,
    },
    "Imports, v2: progress": {"Pending": P, "Importing": R, "Completed": S, "Failed": F},
    "Imports, v2: list": {"Pending": P, "InProgress": R, "Completed": S, "Failed": F},
    "Imports, v1": {"ImportPending": P, "ImportRunning": R, "ImportCompleted": S, "ImportFailed": F},
    "Imports, inside Milvus": {
        "Pending": P,
        "PreImporting": R,
        "Importing": R,
        "Sorting": R,
        "IndexBuilding": R,
        "Uncommitted": R,
        "Committing": R,
        "Completed": S,
        "Failed": F,
    },
    "Web console": ENGLISH | CHINESE | JAPANESE,
    "Backups": {"CREATING": R, "AVAILABLE": S, "DELETED": State.UNKNOWN},
    "Spark jobs": {
        "PENDING": P,
        "PREPARING": R,
        "RUNNING": R,
        "SUCCEEDED": S,
        "FAILED": F,
        "TIMEOUT": F,
        "CANCELED": C,
    },
    "Refreshes of external collections": {
        "RefreshPending": P,
        "RefreshInProgress": R,
        "RefreshCompleted": S,
        "RefreshFailed": F,
    },
}


@pytest.mark.parametrize(
    ("word", "state"), [(word, state) for words in WORDS.values() for word, state in words.items()]
)
def test_every_word_of_the_cloud_has_its_state(word, state):
    assert state_of(word) is state


def test_the_tables_and_the_page_made_from_them_know_these_words_and_no_others():
    assert {v.name: {w.text: w.state for w in v.words} for v in VOCABULARIES} == WORDS


def test_no_word_means_two_states():
    """The one that came last would win, silently."""
    for vocabulary in VOCABULARIES:
        for word in vocabulary.words:
            assert state_of(word.text) is word.state, vocabulary.name


@pytest.mark.parametrize("word", ["In Progress", "in-progress", " in_progress ", "INPROGRESS"])
def test_spelling_does_not_matter(word):
    assert state_of(word) is State.IN_PROGRESS


@pytest.mark.parametrize("word", ["", "PAUSED", "SUCCESSFULLY_STARTED", "0", "None", "Importing...", "Done"])
def test_an_unknown_word_is_neither_an_end_nor_an_error(word):
    assert state_of(word) is None


def test_a_job_that_is_being_cancelled_has_not_ended():
    assert is_canceling("CANCELING")
    assert not is_canceling("CANCELED")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("RUNNING", ClusterState.RUNNING),
        ("STOPPING", ClusterState.SUSPENDING),
        ("STOPPED", ClusterState.SUSPENDED),
        ("SUSPENDED", ClusterState.SUSPENDED),
        ("Resuming", ClusterState.RESUMING),
        ("MODIFYING", ClusterState.SCALING),
        ("WRITING_OPERATION", ClusterState.BUSY),
        ("FROZEN", ClusterState.BLOCKED),
        ("DELETING", ClusterState.DELETED),
        ("", None),
        ("DREAMING", None),
    ],
)
def test_a_clusters_word_tells_whether_it_is_free_suspended_or_at_work(word, state):
    assert cluster_state_of(word) is state


def test_no_word_means_two_states_of_a_cluster():
    words = [word for words in CLUSTER_WORDS.values() for word in words]
    assert len(words) == len(set(words))
    assert set(CLUSTER_WORDS) == set(ClusterState)


@pytest.mark.parametrize(
    ("word", "type_"),
    [("clone_collection", JobType.CLONE_COLLECTION), ("RESTORE", JobType.RESTORE), ("SPARK", None), ("", None)],
)
def test_a_jobs_type_is_known_by_its_word(word, type_):
    assert type_of(word) is type_
