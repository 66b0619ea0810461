"""Events are derived from two statuses, so no decision has to remember to tell, and none is told twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zilliz_jobs.api.jobstatus import (
    Attempt,
    Condition,
    Evidence,
    JobStatus,
    Outcome,
    RequestStatus,
    State,
    Submission,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.events import news

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUNNING = JobStatus(state=State.IN_PROGRESS, reason="InProgress", message="at work")


def told(old: JobStatus, new: JobStatus) -> list[tuple[str, str]]:
    return [(item.type, item.reason) for item in news(old, new) if item.posted]


@pytest.mark.parametrize(
    ("new", "events"),
    [
        (RUNNING, []),
        (RUNNING.but(message="further"), []),
        (RUNNING.but(reason="CloudUnreachable"), [("Warning", "CloudUnreachable")]),
        (RUNNING.but(reason="SubmissionUnknown"), [("Warning", "SubmissionUnknown")]),
        (RUNNING.but(reason="Pending"), []),
        (RUNNING.but(reason="AWordOfTomorrow"), []),
        (RUNNING.but(reason=None, message=None), []),
        (
            RUNNING.but(state=State.SUCCESSFUL, reason="Successful", completion_time=NOON),
            [("Normal", "Successful")],
        ),
        (RUNNING.but(state=State.FAILED, reason="JobFailed", completion_time=NOON), [("Warning", "JobFailed")]),
        (RUNNING.but(state=State.UNKNOWN, reason="JobLost", completion_time=NOON), [("Warning", "JobLost")]),
    ],
)
def test_what_is_told_of_a_step(new, events):
    assert told(RUNNING, new) == events


@pytest.mark.parametrize(
    ("before", "events"),
    [
        ("Submitted", []),
        ("Pending", []),
        ("NotSubmitted", [("Normal", "InProgress")]),  # submitted and seen at work in one pass
        ("SubmissionUnknown", [("Normal", "InProgress")]),
        ("CloudUnreachable", [("Normal", "InProgress")]),
        ("Suspended", [("Normal", "InProgress")]),
        ("Held", [("Normal", "InProgress")]),
        (None, [("Normal", "InProgress")]),
    ],
)
def test_that_a_submitted_job_begins_is_no_event_and_that_it_goes_on_is_one(before, events):
    """The log tells both."""
    old = RUNNING.but(state=State.PENDING, reason=before)
    assert told(old, RUNNING) == events
    assert [item.reason for item in news(old, RUNNING)] == ["InProgress"]


@pytest.mark.parametrize("name", ["cancel", "retry", "resolution"])
@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(Outcome.REQUESTED, "Normal"), (Outcome.REFUSED, "Warning"), (Outcome.FAILED, "Warning")],
)
def test_every_answer_to_a_request_is_told_once(name, outcome, kind):
    request = RequestStatus(token="t", outcome=outcome, message="why")
    new = RUNNING.but(**{name: request})
    assert told(RUNNING, new) == [(kind, f"{name.capitalize()}{outcome}")]
    assert told(new, new) == []
    assert told(new, RUNNING.but(**{name: request.but(token="t2")})) == [(kind, f"{name.capitalize()}{outcome}")]


@pytest.mark.parametrize(
    ("evidence", "events"),
    [
        (Evidence.ANSWERED, []),
        (Evidence.MARKER, [("Normal", "Found")]),
        (Evidence.INFERRED, [("Normal", "Found")]),
        (Evidence.ADOPTED, [("Normal", "Adopted")]),
    ],
)
def test_how_a_job_was_come_by_is_told_though_the_status_says_how_it_is(evidence, events):
    new = RUNNING.but(submission=Submission(handle={"jobId": "j"}, evidence=evidence))
    assert told(RUNNING, new) == events
    assert told(new, new) == []


def test_overdue_is_told_when_it_begins():
    late = RUNNING.but(conditions=[Condition(type="Overdue", status="True", message="too long")])
    assert told(RUNNING, late) == [("Warning", "Overdue")]
    assert told(late, late) == []


def test_the_same_step_of_the_next_attempt_is_another_event():
    """Event names are made from it; the second failure would be silent."""
    failed = RUNNING.but(state=State.FAILED, reason="JobFailed", message="m", completion_time=NOON)
    (first,) = news(RUNNING, failed.but(attempts=[Attempt(number=1)]))
    (second,) = news(RUNNING, failed.but(attempts=[Attempt(number=1), Attempt(number=2)]))
    assert first.once_per != second.once_per


def test_a_word_of_the_table_without_a_message_is_told_with_its_help():
    (item,) = news(RUNNING, RUNNING.but(reason=str(Reason.HELD), message=None))
    assert item.message == Reason.HELD.help


@pytest.mark.parametrize(("asked", "kind"), [(True, "Normal"), (False, "Warning")])
def test_a_cancel_that_a_person_asked_for_is_no_alarm(asked, kind):
    request = RequestStatus(token="t", outcome=Outcome.COMPLETED) if asked else None
    old = RUNNING.but(cancel=request)
    new = old.but(state=State.CANCELED, reason="Canceled", completion_time=NOON)
    assert told(old, new) == [(kind, "Canceled")]
