"""If these fail, a counter counts twice, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import Attempt, JobStatus, Outcome, RequestStatus, State
from zilliz_jobs.telemetry.metrics import Metrics
from zilliz_jobs.telemetry.metrics_delta import count_job, spent

BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW = JobStatus(state=State.PENDING, reason="Waiting")


def at(minutes: int) -> datetime:
    return BORN + timedelta(minutes=minutes)


RUNS = NEW.but(state=State.IN_PROGRESS, start_time=at(10))
ENDED = RUNS.but(state=State.SUCCESSFUL, completion_time=at(40))


@pytest.mark.parametrize(
    ("what", "old", "new", "told"),
    [
        ("the first write of a new object", JobStatus(), NEW, []),
        ("it begins in the cloud", NEW, RUNS, [("Pending", 600)]),
        ("it makes progress", RUNS, RUNS.but(progress_percent=5), []),
        ("it ends", RUNS, ENDED, [("InProgress", 1800)]),
        ("it ends before it was seen at work", NEW, ENDED, [("Pending", 600), ("InProgress", 1800)]),
        (
            "it is cancelled before it began",
            NEW,
            NEW.but(state=State.CANCELED, completion_time=at(5)),
            [("Pending", 300)],
        ),
        ("a retry is asked for", ENDED, NEW, []),
        (
            "a second attempt waited since the first one ended",
            NEW.but(attempts=[Attempt(number=1, completion_time=at(7)), Attempt(number=2)]),
            RUNS,
            [("Pending", 180)],
        ),
        ("clocks that disagree", NEW, RUNS.but(start_time=at(-1)), [("Pending", 0)]),
    ],
)
def test_time_in_state_is_told_once_it_is_over(what: str, old: JobStatus, new: JobStatus, told: Any) -> None:
    assert list(spent(BORN, old, new)) == told, what


class Counted:
    def __init__(self) -> None:
        self.metrics = Metrics()

    def change(self, old: JobStatus, new: JobStatus) -> None:
        count_job(self.metrics, "BackupJob", BORN, old, new)

    def __getitem__(self, sample: tuple[str, dict[str, str]]) -> float:
        name, labels = sample
        return self.metrics.registry.get_sample_value(name, {"kind": "BackupJob", **labels}) or 0.0


def request(outcome: Outcome, number: int = 1) -> RequestStatus:
    return RequestStatus(token=f"t{number}", outcome=outcome)


def test_an_end_is_counted_once() -> None:
    counted = Counted()
    counted.change(RUNS, ENDED)
    counted.change(ENDED, ENDED.but(result_pending=False))
    assert counted["zilliz_jobs_finished_total", {"state": "Successful"}] == 1


def test_a_request_is_counted_with_each_outcome_and_not_with_each_write() -> None:
    counted = Counted()
    asked, taken = RUNS.but(cancel=request(Outcome.REQUESTED)), RUNS.but(cancel=request(Outcome.ACCEPTED))
    counted.change(RUNS, asked)
    counted.change(asked, asked.but(progress_percent=1))
    counted.change(asked, taken)
    counted.change(taken, taken.but(cancel=request(Outcome.REFUSED, 2)))
    got = {o: counted["zilliz_jobs_requests_total", {"request": "cancel", "outcome": str(o)}] for o in Outcome}
    assert [str(o) for o, n in got.items() if n == 1] == ["Requested", "Accepted", "Refused"]
    assert sum(got.values()) == 3


@pytest.mark.parametrize(
    ("attempt", "reason", "by"),
    [
        (Attempt(number=2, automatic=1), "RetryScheduled", "policy"),
        (Attempt(number=2), "Waiting", "person"),
        (Attempt(number=2), "RetriedElsewhere", "elsewhere"),
    ],
)
def test_a_further_attempt_is_counted_by_who_asked_for_it(attempt: Attempt, reason: str, by: str) -> None:
    counted = Counted()
    old = ENDED.but(attempts=[Attempt(number=1)])
    new = NEW.but(attempts=[Attempt(number=1), attempt], reason=reason)
    counted.change(old, new)
    counted.change(new, new.but(job_id="j"))
    assert counted["zilliz_jobs_retries_total", {"by": by}] == 1


def test_the_first_failure_is_an_increase() -> None:
    """A series that appears with 1 has not increased for Prometheus, and alerts nobody."""
    counted = Counted()
    counted.metrics.begin(["BackupJob"])
    value = counted.metrics.registry.get_sample_value
    assert value("zilliz_jobs_finished_total", {"kind": "BackupJob", "state": "Failed"}) == 0.0
