"""If these fail, the state that a user waits for never comes, or comes too early."""

import pytest

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.words import is_canceling, state_of

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
