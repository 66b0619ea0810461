"""Which jobs began before a submission. If these fail, a lost job counts as absent, and is submitted again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.accounts.clockwitness import began_by_cloud
from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.api.model import EARLIEST, LATEST
from zilliz_jobs.kinds.clocks import CloudClocks, is_ahead

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBMISSION = Submission(cloud_time=SENT)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("lag", "before", "older"),
    [(0, 59, False), (0, 61, True), (90, 100, False), (90, 149, False), (90, 151, True), (-500, 61, True)],
)
def test_what_a_job_of_ours_has_shown_is_allowed_for(lag: float, before: float, older: bool) -> None:
    clocks = CloudClocks()
    clocks.witness(SENT, SENT - seconds(lag))
    assert clocks.is_older(SENT - seconds(before), SUBMISSION) is older


def test_the_worst_that_was_seen_counts() -> None:
    clocks = CloudClocks()
    for lag in (7200, 3, 0):
        clocks.witness(SENT, SENT - seconds(lag))
    assert not clocks.is_older(SENT - seconds(7000), SUBMISSION)


@pytest.mark.parametrize("sent", [EARLIEST, SENT, LATEST])
def test_any_time_can_be_reckoned_with(sent: datetime) -> None:
    clocks = CloudClocks()
    clocks.witness(LATEST, EARLIEST)
    assert not clocks.is_older(sent, Submission(cloud_time=sent))


@pytest.mark.parametrize("began", [None, SENT - seconds(7200)])
@pytest.mark.parametrize("sent", [None, SENT])
def test_without_a_time_nothing_is_older(began: datetime | None, sent: datetime | None) -> None:
    clocks, submission = CloudClocks(), Submission(cloud_time=sent)
    assert clocks.is_older(began, submission) is clocks.is_near(began, submission) is bool(began and sent)


def test_what_began_in_the_second_of_the_read_is_not_told_from_what_began_before() -> None:
    clocks = CloudClocks()
    times = [SENT + seconds(after) for after in (1.5, 1, 0.999, 0, -1, -2)]
    assert [clocks.is_near(began, SUBMISSION) for began in times] == [False, False, True, True, True, True]


def test_a_time_to_come_says_nothing() -> None:
    assert [is_ahead(SENT + seconds(later), SENT) for later in (0, 60, 61)] == [False, False, True]
    assert not is_ahead(None, SENT)
    assert not is_ahead(SENT, None)


RECORD = {"step": "Submit", "evidence": "Answered", "cloudTime": "2026-03-01T12:00:00Z"}
BEGAN = {"submission": RECORD, "startTime": "2026-03-01T10:00:00Z"}


def test_a_job_that_the_answer_named_is_a_witness() -> None:
    assert began_by_cloud({"status": BEGAN}) == (SENT, SENT - seconds(7200))


@pytest.mark.parametrize(
    "status",
    [
        None,
        "odd",
        {},
        {"submission": None},
        {"submission": ["odd"]},
        BEGAN | {"submission": RECORD | {"evidence": "Inferred"}},
        BEGAN | {"submission": RECORD | {"evidence": ["odd"]}},
        BEGAN | {"submission": RECORD | {"step": "Retry"}},
        BEGAN | {"submission": RECORD | {"cloudTime": 7}},
        BEGAN | {"startTime": "soon"},
        BEGAN | {"steps": [{"name": "Backup"}]},
    ],
)
def test_nothing_else_is(status: Any) -> None:
    """A retry in place keeps the start of the first try, and so does a job that is made by steps."""
    assert began_by_cloud({"status": status}) is None
