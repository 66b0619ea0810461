"""Which jobs began before a submission. If these fail, a lost job counts as absent, and is submitted again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import Submission
from zilliz_jobs.api.model import EARLIEST, LATEST
from zilliz_jobs.engine.bodies import began_by_cloud
from zilliz_jobs.kinds.clocks import CloudClocks, Times

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURS = timedelta(hours=2)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def beside(
    *lags: float,
    sent: datetime | None = SENT,
    intent: datetime | None = SENT,
    now: datetime | None = SENT,
    ahead: timedelta | None = timedelta(0),
) -> Times:
    """The times beside a submission, after jobs of ours that were dated so many seconds before their requests."""
    clocks = CloudClocks()
    for lag in lags:
        clocks.witness(SENT, SENT - seconds(lag))
    return clocks.beside(Submission(cloud_time=sent, intent_time=intent), now, ahead)


@pytest.mark.parametrize(
    ("lag", "before", "older"),
    [(0, 59, False), (0, 61, True), (90, 100, False), (90, 149, False), (90, 151, True), (-500, 61, True)],
)
def test_what_a_job_of_ours_has_shown_is_allowed_for(lag: float, before: float, older: bool) -> None:
    assert beside(lag).older(SENT - seconds(before)) is older


def test_the_worst_that_was_seen_counts() -> None:
    assert not beside(7200, 3, 0).older(SENT - seconds(7000))


@pytest.mark.parametrize("recorded", [HOURS, -HOURS, seconds(31), seconds(-31)])
@pytest.mark.parametrize("ours", [timedelta(0), HOURS, -HOURS])
def test_a_record_with_a_time_of_another_clock_rules_out_less(recorded: timedelta, ours: timedelta) -> None:
    """Either clock may be the one that jobs are dated by. `ours`: how far our own is off all the time, which makes no
    difference."""
    times = beside(sent=SENT + recorded, intent=SENT - ours, ahead=ours)
    first, last = sorted([SENT, SENT + recorded])
    assert [times.older(first - seconds(before)) for before in (60, 61)] == [False, True]
    assert [times.near(last - seconds(before)) for before in (1, 2)] == [False, True]


@pytest.mark.parametrize("late", [0, 5, 30])
def test_an_answer_that_is_a_little_older_than_the_record_is_no_sign(late: float) -> None:
    times = beside(intent=SENT + seconds(late))
    assert times.older(SENT - seconds(61))
    assert not times.near(SENT)


@pytest.mark.parametrize(("intent", "ahead"), [(None, HOURS), (SENT, None)])
def test_without_a_ruler_the_record_counts(intent: datetime | None, ahead: timedelta | None) -> None:
    assert beside(intent=intent, ahead=ahead).older(SENT - seconds(61))


@pytest.mark.parametrize("sent", [EARLIEST, SENT, LATEST])
def test_any_time_can_be_reckoned_with(sent: datetime) -> None:
    clocks = CloudClocks()
    clocks.witness(LATEST, EARLIEST)
    for ahead in (LATEST - EARLIEST, EARLIEST - LATEST):
        times = clocks.beside(Submission(cloud_time=sent, intent_time=EARLIEST), LATEST, ahead)
        assert not times.older(sent)
        assert not times.ahead(sent)


@pytest.mark.parametrize("began", [None, SENT - HOURS])
@pytest.mark.parametrize("sent", [None, SENT])
def test_without_a_time_nothing_is_older(began: datetime | None, sent: datetime | None) -> None:
    times = beside(sent=sent)
    assert times.older(began) is times.near(began) is bool(began and sent)


def test_near_is_what_only_the_clocks_tell_from_ours() -> None:
    assert [beside().near(SENT - seconds(before)) for before in (0, 1, 2)] == [False, False, True]


def test_a_time_to_come_says_nothing() -> None:
    assert [beside().ahead(SENT + seconds(later)) for later in (0, 60, 61)] == [False, False, True]
    assert not beside().ahead(None)
    assert not beside(now=None).ahead(SENT + HOURS)


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
