"""If these fail, the state that a user waits for never comes, or comes too early."""

import pytest

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.words import (
    CLUSTER_WORDS,
    ClusterState,
    JobType,
    cluster_state_of,
    is_canceling,
    state_of,
    type_of,
)

CASES = {
    State.PENDING: "PENDING Pending 等待中 保留中",
    State.IN_PROGRESS: "IN_PROGRESS CANCELING Importing InProgress ImportRunning CREATING Sorting Uncommitted 进行中",
    State.SUCCESSFUL: "SUCCESSFUL Completed ImportCompleted AVAILABLE SUCCEEDED 成功",
    State.FAILED: "FAILED Failed ImportFailed 失败 失敗",
    State.CANCELED: "CANCELED CANCELLED 已取消 キャンセル",
    State.UNKNOWN: "DELETED",
}


@pytest.mark.parametrize(
    ("state", "word"), [(state, word) for state, words in CASES.items() for word in words.split()]
)
def test_every_word_of_the_cloud_has_its_state(state, word):
    assert state_of(word) is state


@pytest.mark.parametrize("word", ["In Progress", "in-progress", " in_progress ", "INPROGRESS"])
def test_spelling_does_not_matter(word):
    assert state_of(word) is State.IN_PROGRESS


@pytest.mark.parametrize("word", ["", "PAUSED", "SUCCESSFULLY_STARTED", "0"])
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
