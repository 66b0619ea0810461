"""The last word about an object: without it nobody knows that a job goes on, and costs money."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.engine.fakes import Events, backup, entry

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, RequestStatus, State, StepStatus, Submission
from zilliz_jobs.control.clock import Stopwatch
from zilliz_jobs.core.observation import CancelRefused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits
from zilliz_jobs.jobs.deletions import MAX_TOLD, Deletions, Leftover, report
from zilliz_jobs.telemetry.metrics import Metrics

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = Traits(can_cancel=True)
CLONE = Traits(steps=("Backup", "Restore", "DeleteBackup"), cleanup="DeleteBackup")
SENT = Submission(token="t", evidence=Evidence.SENDING, sends=1)
OPEN = JobStatus(submission=SENT)
RUNS = JobStatus(job_id="job-1", submission=SENT.but(evidence=Evidence.ANSWERED, handle={"jobId": "job-1"}))
BACKED_UP = StepStatus(name="Backup", state=State.SUCCESSFUL, handle={"backupName": "tmp-1"})


def asked(outcome: Outcome) -> JobStatus:
    return RUNS.but(cancel=RequestStatus(token="1", outcome=outcome))


@pytest.mark.parametrize(
    ("traits", "status", "left", "text"),
    [
        pytest.param(PLAIN, JobStatus(), Leftover.UNSENT, "", id="nothing was sent"),
        pytest.param(
            PLAIN, RUNS.but(completion_time=NOON, state=State.FAILED), Leftover.ENDED, "", id="it had ended"
        ),
        pytest.param(PLAIN, RUNS, Leftover.RUNNING, "job job-1 still runs in the cloud", id="it runs on"),
        pytest.param(
            PLAIN, OPEN, Leftover.UNKNOWN, "look for its job in the cloud", id="nobody knows whether it runs"
        ),
        pytest.param(PLAIN, None, Leftover.UNKNOWN, "look for its job in the cloud", id="its record is spoilt"),
        pytest.param(
            PLAIN, asked(Outcome.ACCEPTED), Leftover.CANCELED, "asked to cancel job job-1", id="a person's cancel"
        ),
        pytest.param(
            PLAIN, asked(Outcome.REQUESTED), Leftover.RUNNING, "job job-1 may still run", id="a cancel unanswered"
        ),
        pytest.param(
            PLAIN,
            RUNS.but(submission=RUNS.submission.but(cancel_time=NOON)),
            Leftover.CANCELED,
            "asked to cancel job job-1",
            id="its deletion's cancel",
        ),
        pytest.param(
            CLONE, JobStatus(steps=[BACKED_UP]), Leftover.BEHIND, "backupName tmp-1 is still", id="half way"
        ),
        pytest.param(
            CLONE,
            JobStatus(completion_time=NOON, steps=[BACKED_UP.but(reason="LeftBehind")]),
            Leftover.BEHIND,
            "",
            id="its status told what was left behind",
        ),
    ],
)
def test_what_is_left_in_the_cloud_is_said(
    traits: Traits, status: JobStatus | None, left: Leftover, text: str
) -> None:
    said = report(traits, status)
    assert said.left is left
    assert text in said.text
    assert bool(text) == bool(said.text)


def test_a_cancel_that_was_refused_is_not_called_a_cancel() -> None:
    """Else somebody relies on it, and the job runs on."""
    tried = RUNS.but(submission=RUNS.submission.but(cancel_time=NOON))
    said = report(PLAIN, tried, CancelRefused(Reason.NO_PERMISSION, "the role may not"))
    assert said.left is Leftover.RUNNING
    assert "the role may not" in said.text
    assert report(PLAIN, tried, CancelRefused(Reason.ALREADY_FINISHED, "it had ended")).left is Leftover.ENDED


class Bench:
    def __init__(self, *, works: bool = True) -> None:
        self.now, self.works = NOON, works
        self.events, self.metrics = Events(), Metrics()
        events: Any = self.events
        self.steady = 0.0
        self.deletions = Deletions(
            events, self.metrics, stopwatch=Stopwatch(lambda: self.now, lambda: self.steady), works=lambda: self.works
        )

    def later(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.steady += seconds

    def counted(self, left: Leftover) -> float:
        labels = {"kind": "BackupJob", "outcome": str(left)}
        return self.metrics.registry.get_sample_value("zilliz_jobs_deleted_total", labels) or 0.0


def test_it_is_said_once_however_often_it_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    for _ in range(3):
        bench.deletions.tell(PLAIN, backup(), RUNS, entry=entry())
    assert bench.counted(Leftover.RUNNING) == 1
    assert len(bench.events) == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_what_goes_while_its_request_is_on_its_way_is_told_of_with_the_answer() -> None:
    """Before, nobody could name the job; afterwards nobody would."""
    bench = Bench()
    one = entry()
    bench.deletions.hold(one)
    bench.deletions.tell(PLAIN, backup(), OPEN, entry=one)
    assert not bench.events
    assert one.report_due
    assert bench.deletions.let_go(one)
    bench.deletions.tell(PLAIN, backup(), RUNS, entry=one)
    assert [message for _, _, message in bench.events] == ["the object is gone; job job-1 still runs in the cloud"]


def test_what_did_not_go_is_not_told_of() -> None:
    bench = Bench()
    one = entry()
    bench.deletions.hold(one)
    assert not bench.deletions.let_go(one)


def test_one_that_stands_by_counts_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Else two replicas count and log twice; the event has one name, so that it is one."""
    bench = Bench(works=False)
    bench.deletions.tell(PLAIN, backup(), RUNS, entry=entry())
    bench.deletions.note(backup(uid="u2"), Leftover.NO_JOB)
    assert not caplog.records
    assert bench.counted(Leftover.RUNNING) == bench.counted(Leftover.NO_JOB) == 0
    assert len(bench.events) == 1


def test_the_time_of_a_deletion_counts_from_when_an_operator_knows_it() -> None:
    """By the API server's stamp it would be over for what was deleted at night while the operator was down."""
    bench = Bench()
    one = entry()
    assert bench.deletions.since(one, backup()) is None
    going = backup(deletionTimestamp="2026-02-28T12:00:00Z")
    assert bench.deletions.since(one, going) == NOON
    bench.later(30)
    assert bench.deletions.since(one, going) == NOON
    bench.deletions.renew()  # it takes over from another process
    assert bench.deletions.since(one, going) == bench.now


def test_what_is_remembered_of_the_gone_is_bounded() -> None:
    bench = Bench()
    for n in range(MAX_TOLD + 10):
        bench.deletions.note(backup(uid=f"u{n}"), Leftover.ENDED)
    assert len(bench.deletions._told) == MAX_TOLD
