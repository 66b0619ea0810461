"""A status is never changed in place: a changed copy is made. One that lacks what pydantic gives a model would fail
where the status is written down, or compared, much later."""

from __future__ import annotations

import copy

import pytest

from zilliz_jobs.api.jobstatus import JobStatus, State, Submission


def running() -> JobStatus:
    return JobStatus(state=State.IN_PROGRESS, submission=Submission(token="t", handle={"jobId": "job-1"}))


CHANGES = {
    "a field that was set": {"state": State.FAILED},
    "one that was not": {"message": "it failed"},
    "one that is no more": {"submission": None},
    "several": {"state": State.FAILED, "message": "it failed", "progress_percent": 50},
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_copy_is_what_pydantic_would_make_of_it(case: str) -> None:
    old, expected = running(), running().model_copy(update=CHANGES[case])
    new = old.but(**CHANGES[case])
    assert new == expected
    assert new.model_fields_set == expected.model_fields_set
    assert new.wire() == expected.wire()
    assert new.model_dump(exclude_unset=True) == expected.model_dump(exclude_unset=True)
    assert JobStatus.model_validate(new.wire()) == new
    assert copy.deepcopy(new) == new
    assert old == running(), "the one before stays as it is"


def test_what_changes_nothing_is_the_same_value() -> None:
    old = running()
    assert old.but(state=State.IN_PROGRESS, message=None) is old
