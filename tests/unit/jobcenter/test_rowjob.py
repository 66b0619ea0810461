"""A row as a job object, and back. If these fail, a retry that was sent looks as if it never had been, or a person is
told something else than what became of a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Outcome, RequestStatus, State, Submission
from zilliz_jobs.api.projectjob import ProjectJobStatus
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    EffectUnknown,
    Found,
    Impossible,
    Nothing,
    NotSent,
    Observation,
    Prepared,
    Refused,
    Undecided,
)
from zilliz_jobs.core.plan import Find, Prepare, Submit
from zilliz_jobs.core.read_status import read_status
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, RetryRule, Rules, Snapshot, Traits, is_finished, is_open, is_unsent
from zilliz_jobs.jobcenter.rowjob import RowSpec, is_at_work, is_sent, job_of, row_after

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FAILED = ProjectJobStatus(type="Import", state=State.FAILED, job_id="job-1", completion_time=NOON, reason="JobFailed")
TRAITS = Traits(retry=RetryRule.FREELY, only_in_place=True)


def stored(status: ProjectJobStatus) -> ProjectJobStatus:
    """As it comes back from Kubernetes."""
    return ProjectJobStatus.model_validate(status.wire())


def snap(row: ProjectJobStatus, *, asked: str | None = "again", link: Link | None = None) -> Snapshot:
    return Snapshot(
        spec=RowSpec(row_type=row.type or "", row_id="job-1"),
        status=read_status(job_of(row, "job-1", "u1").wire()),
        traits=TRAITS,
        created=NOON,
        link=link or Link(console=True, settle_seconds=10),
        has_source=False,
        retry_token=asked,
        rules=Rules(),
    )


def after(
    row: ProjectJobStatus,
    *seen: Observation,
    now: datetime = LATER,
    asked: str | None = "again",
    link: Link | None = None,
) -> ProjectJobStatus:
    """The stored row after one pass in which this is learnt, in turn."""
    base = snap(row, asked=asked, link=link)
    status = base.status
    for one in seen:
        status = decide(Snapshot(**{**vars(base), "status": status}), one, now=now).status
    return stored(row_after(row, status, now))


SENDING = Prepared("t0", "h", {"jobId": ["job-1"], "endTime": ["2026-03-01T12:00:00Z"]})
SENT = after(FAILED, Nothing(), SENDING)


def told(row: ProjectJobStatus) -> tuple[str, str]:
    assert row.retry is not None
    return str(row.retry.outcome), row.retry.reason or ""


def test_the_intent_is_in_the_row_before_the_retry_leaves() -> None:
    assert told(SENT) == ("Accepted", "Submitting")
    assert SENT.retry is not None
    assert SENT.retry.message == "the submission is on its way"
    record = SENT.submission
    assert record is not None
    assert (record.token, record.holder, record.sends, record.evidence) == ("t0", "h", 1, Evidence.SENDING)
    assert is_sent(SENT)


@pytest.mark.parametrize(
    ("seen", "outcome", "reason", "open_"),
    [
        ([Accepted({"jobId": "job-2"})], "Completed", "RetryStarted", False),
        ([Accepted({"rowId": "job-1"})], "Completed", "RetryStarted", False),
        ([Refused(Reason.REJECTED, "no such job")], "Refused", "Rejected", False),
        ([Refused(Reason.RATE_LIMITED, "slow down", heals=True)], "Requested", "RateLimited", False),
        ([NotSent(Reason.CLOUD_UNREACHABLE, "no route")], "Requested", "CloudUnreachable", False),
        ([EffectUnknown("reset")], "Accepted", "LookingForSubmission", True),
        ([EffectUnknown("reset"), Found({"jobId": "job-1"}, Evidence.MARKER)], "Completed", "RetryStarted", False),
        ([EffectUnknown("reset"), Undecided("no sign")], "Accepted", "LookingForSubmission", True),
        ([Found({"jobId": "job-1"}, Evidence.MARKER)], "Completed", "RetryStarted", False),
    ],
)
def test_each_answer_is_told_in_the_row_and_only_an_open_retry_keeps_its_record(
    seen: list[Observation], outcome: str, reason: str, open_: bool
) -> None:
    row = after(SENT, *seen)
    assert told(row) == (outcome, reason)
    assert (row.submission is not None) is open_
    assert is_at_work(row) is (outcome in ("Requested", "Accepted"))
    assert row.but(retry=None, submission=None) == FAILED, "the rest is what the lists say"


def test_the_id_that_the_cloud_names_is_told() -> None:
    row = after(SENT, Accepted({"jobId": "job-2"}))
    assert row.retry is not None
    assert "job-2" in (row.retry.message or "")


def test_what_no_look_can_tell_ends_as_unclear_once_the_wait_is_over() -> None:
    looking = after(SENT, EffectUnknown("reset"), Undecided("no sign"))
    assert told(after(looking, Undecided("no sign"), now=LATER + timedelta(seconds=10))) == told(looking)
    row = after(looking, Undecided("no sign"), now=LATER + timedelta(seconds=20))
    assert told(row) == ("Failed", "RetryUnclear")
    assert row.submission is None


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([Nothing(), Blocked(Reason.UNKNOWN_CLOUD_STATUS, "odd")], ("Requested", "UnknownCloudStatus")),
        ([Nothing(), Impossible(Reason.NOT_FAILED, "it runs")], ("Refused", "NotFailed")),
    ],
)
def test_what_keeps_a_retry_from_being_sent_is_told(seen: list[Observation], expected: tuple[str, str]) -> None:
    row = after(FAILED, *seen)
    assert told(row) == expected
    assert row.submission is None


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (Link(), ("Refused", "NoPublicAPI")),
        (Link(problem=Blocked(Reason.CONNECTION_NOT_READY, "no key")), ("Requested", "ConnectionNotReady")),
        (Link(problem=Blocked(Reason.CONNECTION_NOT_FOUND, "not seen yet")), ("Requested", "ConnectionNotFound")),
        (Link(console=True, suspended=True), ("Requested", "ConnectionSuspended")),
    ],
    ids=["no console", "not ready", "not known yet", "suspended"],
)
def test_what_the_connection_allows_is_judged_once_it_is_known(link: Link, expected: tuple[str, str]) -> None:
    row = after(FAILED, Nothing(), link=link)
    assert told(row) == expected
    if expected[0] == "Requested":
        later = after(row, Nothing(), SENDING)
        assert told(later) == ("Accepted", "Submitting"), "it goes on when the connection is good"


def test_a_decided_request_is_not_told_otherwise_later() -> None:
    for answer in (Refused(Reason.REJECTED, "no"), Accepted({"jobId": "job-2"})):
        row = after(SENT, answer)
        assert after(row, Nothing(), now=LATER + timedelta(hours=1)) == row


def test_a_new_token_after_a_decided_one_is_a_new_retry() -> None:
    row = after(SENT, Refused(Reason.REJECTED, "no"))
    plan = decide(snap(row, asked="once more"), Nothing(), now=LATER)
    assert isinstance(plan.action, Prepare)
    again = after(row, Nothing(), SENDING, asked="once more")
    assert (again.retry and again.retry.token, told(again)) == ("once more", ("Accepted", "Submitting"))


def test_a_cancel_takes_back_a_retry_that_waits() -> None:
    waiting = after(FAILED, Nothing(), link=Link(problem=Blocked(Reason.CONNECTION_NOT_READY, "no key")))
    base = Snapshot(**{**vars(snap(waiting)), "cancel_token": "stop"})
    row = stored(row_after(waiting, decide(base, Nothing(), now=LATER).status, LATER))
    assert row.cancel is not None
    assert row.cancel.outcome is Outcome.COMPLETED
    assert told(row) == ("Refused", "CanceledBeforeSubmission")
    assert row.state is State.FAILED


def test_a_retry_of_an_operator_that_kept_no_record_is_looked_for_and_not_sent() -> None:
    old = FAILED.but(
        retry=RequestStatus(token="again", time=NOON, outcome=Outcome.ACCEPTED, reason=str(Reason.SUBMITTING))
    )
    plan = decide(snap(old), Nothing(), now=LATER)
    assert isinstance(plan.action, Find)
    assert told(after(old, Found({"jobId": "job-1"}, Evidence.MARKER))) == ("Completed", "RetryStarted")


def test_a_request_that_was_taken_over_from_an_owner_is_not_sent_for_it() -> None:
    """The owner is gone; its retry was never this row's to send."""
    theirs = FAILED.but(
        retry=RequestStatus(token="again", time=NOON, outcome=Outcome.ACCEPTED, reason=str(Reason.RETRY_STARTED))
    )
    assert not is_at_work(theirs)
    assert not isinstance(decide(snap(theirs), Nothing(), now=LATER).action, Prepare | Submit | Find)


# -- any row

REQUESTS = st.none() | st.builds(
    RequestStatus,
    token=st.sampled_from(["again", "before"]),
    outcome=st.sampled_from([None, *Outcome]),
    reason=st.sampled_from(["Submitting", "RetryStarted", "RetryUnclear", "LookingForSubmission", "Rejected"]),
    time=st.just(NOON),
)
RECORDS = st.none() | st.builds(
    Submission,
    attempt=st.just(2),
    step=st.just("Retry"),
    token=st.just("t0"),
    holder=st.just("h"),
    sends=st.just(1),
    intent_time=st.just(NOON),
    look_since=st.none() | st.just(NOON),
    evidence=st.sampled_from([Evidence.SENDING, Evidence.UNKNOWN]),
    baseline=st.just({"jobId": ["job-1"], "endTime": [""]}),
)
ROWS = st.builds(
    ProjectJobStatus,
    type=st.sampled_from(["Import", "Backup", "TELEPORT", None]),
    state=st.sampled_from([None, *State]),
    job_id=st.none() | st.just("job-1"),
    completion_time=st.none() | st.just(NOON),
    cancel=REQUESTS,
    retry=REQUESTS,
    submission=RECORDS,
)


@given(ROWS)
def test_any_row_reads_as_a_job_and_is_the_same_row_again(row: ProjectJobStatus) -> None:
    """Else each pass would write what is there already, or a row could not be read at all."""
    job = read_status(job_of(row, "job-1", "u1").wire())
    again = row_after(row, job, LATER)
    retry = row.retry
    if is_sent(row) and retry is not None and retry.outcome is not Outcome.ACCEPTED:
        # Somebody edited it: the record of the retry counts, and the row says so now.
        row = row.but(retry=retry.but(outcome=Outcome.ACCEPTED, time=LATER))
    assert again.but(submission=None) == row.but(submission=None)
    if is_sent(row):
        assert again.submission is not None
        assert is_open(job)
    elif is_at_work(row):
        assert is_unsent(job)


@given(ROWS)
def test_what_may_have_been_sent_never_reads_as_never_sent(row: ProjectJobStatus) -> None:
    job = read_status(job_of(row, "job-1", "u1").wire())
    plan = decide(Snapshot(**{**vars(snap(row, asked=None)), "status": job}), Nothing(), now=LATER)
    if row.submission is not None and is_sent(row):
        assert not isinstance(plan.action, Prepare | Submit)
        assert not is_finished(job)


def test_every_outcome_of_a_row_is_tried() -> None:
    """A guard of the two above: they would hold for a strategy that makes no open retry."""
    shapes = product([Outcome.REQUESTED, Outcome.ACCEPTED], [None, Submission(token="t", evidence=Evidence.SENDING)])
    for outcome, record in shapes:
        row = FAILED.but(retry=RequestStatus(token="again", outcome=outcome, reason="Submitting"), submission=record)
        assert is_at_work(row)
        assert isinstance(job_of(row, "job-1", "u1"), JobStatus)
