"""A retry after a Secret was corrected. If these fail, a user corrects the keys, and fails again at the old ones."""

from __future__ import annotations

import pytest

from zilliz_jobs.api.jobstatus import Attempt, JobStatus, State
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.retrykeys import with_keys
from zilliz_jobs.kinds.base import SubmitContext

OLD, NEW = "uid-1/100", "uid-1/101"


def context_of(versions: dict[str, str] | None, step: str = RETRY_STEP) -> SubmitContext:
    failed = Attempt(number=1, job_id="job-1", state=State.FAILED, secret_versions=versions)
    return SubmitContext(step, JobStatus(attempts=[failed, Attempt(number=2)]), "one", "t")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        pytest.param({"s3": OLD}, {"s3": NEW}, "Secret s3 was changed", id="changed"),
        pytest.param({"s3": OLD}, {"s3": "uid-2/100"}, "Secret s3 was changed", id="made anew"),
        pytest.param({"s3": OLD, "t": OLD}, {"s3": OLD, "t": NEW}, "Secret t was changed", id="one of two"),
        pytest.param(None, {"s3": OLD}, "it is not known whether Secret s3 was changed", id="no record"),
        pytest.param({"other": OLD}, {"s3": OLD}, "it is not known whether Secret s3", id="another Secret"),
    ],
)
def test_what_is_not_proven_to_be_the_same_is_submitted_again(before, now, words):
    changed, (notice,) = with_keys(context_of(before), now)
    assert changed.step == SUBMIT_STEP
    assert (notice.reason, words in notice.message, "job-1" in notice.message) == (
        Reason.CREDENTIALS_CHANGED,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [({"s3": OLD}, {"s3": OLD}), (None, {}), ({"s3": OLD, "gone": OLD}, {"s3": OLD})],
)
def test_the_same_keys_are_retried_in_place(before, now):
    assert with_keys(context_of(before), now) == (context_of(before), ())


def test_a_submission_stays_one():
    assert with_keys(context_of({"s3": OLD}, SUBMIT_STEP), {"s3": NEW}) == (context_of({"s3": OLD}, SUBMIT_STEP), ())
