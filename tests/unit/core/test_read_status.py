"""A status that people can edit. Where what was sent is read as never sent, a job is submitted twice; where an
innocent edit stops an object, a job is lost."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import MAX_ATTEMPTS, Evidence, JobStatus
from zilliz_jobs.core.highwater import HighWaterMark
from zilliz_jobs.core.read_status import (
    LAST_READ,
    LATELY_READ,
    NOTHING_KNOWN,
    Known,
    RecordError,
    SetBackError,
    is_spoilt,
    read_status,
    was_stored,
)

Raw = dict[str, Any]

END, LATER = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
SENT: Raw = {"attempt": 1, "token": "t", "sends": 1, "evidence": "Sending"}
HELD: Raw = SENT | {"evidence": "Answered", "handle": {"jobId": "job-1"}}
TELLS_OF_ONE: Raw = {"type": "Submitted", "status": "True"}


def sent(**fields: Any) -> Raw:
    return {"submission": SENT | fields}


def held(evidence: str) -> Raw:
    return {"submission": {"token": "t", "sends": 1, "evidence": evidence}}


KEPT: dict[str, Raw] = {
    "nothing": {},
    "never sent": {"state": "Pending", "reason": "Waiting", "message": "waits"},
    "sent": sent(),
    "taken": {"submission": HELD, "jobId": "job-1"},
    "a record with its times": sent(intentTime=END, cloudTime=END),
    "proven not sent, so without a token": {"submission": {"attempt": 1, "evidence": "NotSent"}},
    "proven absent, so without a token": {"submission": {"attempt": 1, "evidence": "Absent"}},
    "taken, without a token": {"submission": HELD | {"token": ""}},
    "looked for in vain": sent(evidence="Unknown"),
    "steps, and none at work": {"steps": [{"name": "CreateBackup"}], "conditions": [TELLS_OF_ONE]},
    "submitted, says another condition": {"conditions": [{"type": "Accepted", "status": "True"}]},
    "not submitted, says the condition": {"conditions": [{"type": "Submitted", "status": "False"}]},
    "an attempt that runs": {"attempts": [{"number": 1, "state": "InProgress"}], "state": "InProgress"},
    "an attempt that ended, and no time of it": {"attempts": [{"number": 1, "state": "Failed"}]},
    "an attempt that has a time, and runs": {
        "attempts": [{"number": 1, "state": "Pending", "completionTime": END}],
    },
    "an attempt that has a time, and no state": {"attempts": [{"number": 1, "completionTime": END}]},
    "the record of an earlier attempt": {"attempts": [{"number": 3}], "submission": SENT | {"attempt": 2}},
    "the record of this attempt": {"attempts": [{"number": 2}], "submission": SENT | {"attempt": 2}},
    "an ended attempt's job is not this one's": {
        "attempts": [{"number": 1, "jobId": "job-1", "completionTime": END}],
    },
}


@pytest.mark.parametrize("case", KEPT)
def test_what_is_whole_is_read_as_it_is(case: str) -> None:
    assert read_status(KEPT[case]) == JobStatus.model_validate(KEPT[case])


UNREADABLE: dict[str, tuple[Raw, str]] = {
    "a record that is none": ({"submission": []}, "status.submission cannot be read"),
    "a number in the record": (sent(sends="two"), "status.submission.sends cannot be read"),
    "the first of two": (sent(sends="two", attempt="one"), "status.submission.attempt cannot be read"),
    "beside what does not matter": (
        sent(sends="two") | {"message": [], "description": []},
        "status.submission.sends cannot be read",
    ),
    "an attempt": ({"attempts": [{"number": "one"}]}, "status.attempts.0.number cannot be read"),
    "a step": ({"steps": [{}]}, "status.steps.0.name cannot be read"),
    "a job id": ({"jobId": []}, "status.jobId cannot be read"),
    "a long name of a field": (
        {"submission": SENT | {"handle": {"x" * 50: 1}}},
        f"status.submission.handle.{'x' * 40} cannot be read",
    ),
    "an end that is no time": ({"completionTime": "yesterday"}, "status.completionTime is no time"),
    "an end that is no time, beside a record": (
        sent() | {"completionTime": "yesterday"},
        "status.completionTime is no time",
    ),
    "the record is gone": (
        {"conditions": [TELLS_OF_ONE]},
        "status.submission is gone, although condition Submitted tells of one",
    ),
    "the record of a request in doubt is gone": (
        {"conditions": [{"type": "Submitted", "status": "Unknown"}]},
        "status.submission is gone, although condition Submitted tells of one",
    ),
    "the record is gone, say the last of the conditions": (
        {"conditions": [{"type": "Accepted", "status": "True"}, TELLS_OF_ONE]},
        "status.submission is gone, although condition Submitted tells of one",
    ),
    "the end of a job is gone": (
        {"state": "Failed"},
        "status.state is Failed, but status.completionTime and status.submission are gone",
    ),
    "when it was written": (sent(intentTime="noon"), "a time in status.submission is no time"),
    "when the cloud was read": (sent(cloudTime="noon"), "a time in status.submission is no time"),
    "one time of two": (sent(intentTime=END, cloudTime="noon"), "a time in status.submission is no time"),
    "the handle, answered": (
        held("Answered"),
        "status.submission.handle is gone, although its evidence is Answered",
    ),
    "the handle, found": (held("Marker"), "status.submission.handle is gone, although its evidence is Marker"),
    "the handle, inferred": (held("Inferred"), "status.submission.handle is gone, although its evidence is Inferred"),
    "the handle, adopted": (held("Adopted"), "status.submission.handle is gone, although its evidence is Adopted"),
    "the token": (sent(token=""), "status.submission.token is gone"),
    "the token and the evidence": ({"submission": {"attempt": 1}}, "status.submission.token is gone"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_damaged_record_is_not_acted_upon(case: str) -> None:
    raw, problem = UNREADABLE[case]
    with pytest.raises(RecordError) as error:
        read_status(raw)
    assert str(error.value) == problem
    assert not isinstance(error.value, SetBackError)
    assert error.value.__context__ is None or error.value.__suppress_context__, (
        "the values of a status are for nobody's log"
    )
    assert is_spoilt(raw, NOTHING_KNOWN)


def test_a_wrong_word_elsewhere_costs_that_field_alone() -> None:
    raw = sent() | {"message": [], "progressPercent": "half", "description": "import"}
    assert read_status(raw) == JobStatus.model_validate(sent() | {"description": "import"})
    assert not is_spoilt(raw, NOTHING_KNOWN)


def test_of_a_job_that_has_ended_no_record_is_asked() -> None:
    ended = {"state": "Failed", "completionTime": END, "submission": {"attempt": 1, "evidence": "Answered"}}
    assert read_status(ended).submission == JobStatus.model_validate(ended).submission


class TestWhatIsKnown:
    """A status that was removed, edited, or brought back from an older copy."""

    IDS = Known(ids=frozenset({"job-2", "job-1"}))
    GONE = "status tells of no submission, although there was one: job-1, job-2"

    @pytest.mark.parametrize(
        "raw",
        [
            {},
            {"state": "Failed"},
            {"attempts": [{"number": 1}]},
            {"attempts": "none"},
            {"attempts": ["one"]},
            {"attempts": {"jobId": "job-1"}},
            {"submission": {}, "jobId": "", "completionTime": None, "steps": []},
        ],
    )
    def test_no_trace_of_it(self, raw: Raw) -> None:
        with pytest.raises(SetBackError) as error:
            read_status(raw, self.IDS)
        assert str(error.value) == self.GONE
        assert is_spoilt(raw, self.IDS)

    @pytest.mark.parametrize(
        "raw",
        [
            {"submission": HELD},
            {"jobId": "job-1"},
            {"completionTime": END},
            {"steps": [{"name": "CreateBackup"}]},
            {"attempts": [{"number": 1, "jobId": "job-1"}, {"number": 2}]},
            {"attempts": [{"number": 1, "completionTime": END}]},
        ],
    )
    def test_a_trace_is_enough(self, raw: Raw) -> None:
        assert read_status(raw, self.IDS) == read_status(raw)
        assert not is_spoilt(raw, self.IDS)

    def test_a_row_that_is_none_hides_no_other(self) -> None:
        with pytest.raises(RecordError) as error:
            read_status({"attempts": ["one", {"number": 2, "jobId": "job-1"}]}, self.IDS)
        assert not isinstance(error.value, SetBackError)
        assert str(error.value) == "status.attempts.0 cannot be read"

    def test_less_than_it_once_told(self) -> None:
        known = Known(mark=HighWaterMark(token="t", sends=1))
        lack = "status.submission is gone, although submission t was sent"
        with pytest.raises(SetBackError) as error:
            read_status({}, known)
        assert str(error.value) == lack
        with pytest.raises(SetBackError) as error:
            read_status(
                sent(token="u"),
                Known(self.IDS.ids, known.mark),
            )
        assert str(error.value) == (
            "status.submission.token is another one, although submission t was sent: job-1, job-2"
        )

    def test_as_much_as_it_once_told(self) -> None:
        raw = sent(lookSince=END)
        assert read_status(raw, Known(mark=HighWaterMark(token="t", sends=1))) == read_status(raw)


class TestMended:
    """What can be told from the rest of a status is not lost with a part of it."""

    def test_an_attempt_that_somebody_cut(self) -> None:
        raw = {"submission": HELD | {"attempt": 3}, "jobId": "job-1", "attempts": [{"number": 1, "jobId": "job-0"}]}
        first, row = read_status(raw).attempts or []
        assert (first.number, first.job_id) == (1, "job-0")
        assert (row.number, row.job_id, row.automatic) == (3, "job-1", 2)

    def test_all_attempts_cut(self) -> None:
        (row,) = read_status({"submission": HELD | {"attempt": 2}, "jobId": "job-1"}).attempts or []
        assert (row.number, row.job_id, row.automatic) == (2, "job-1", 1)

    def test_a_full_list_keeps_the_newest(self) -> None:
        rows = [{"number": number} for number in range(1, MAX_ATTEMPTS + 1)]
        status = read_status({"submission": HELD | {"attempt": 20}, "jobId": "job-1", "attempts": rows})
        assert [row.number for row in status.attempts or []] == [*range(2, MAX_ATTEMPTS + 1), 20]

    def test_an_end_that_only_the_attempt_tells_of(self) -> None:
        row = {"number": 1, "state": "Failed", "completionTime": END, "reason": "JobFailed", "message": "disk full"}
        status = read_status({"attempts": [row], "state": "InProgress", "reason": "InProgress", "message": "goes on"})
        assert status.wire() == {
            "attempts": [row],
            "state": "Failed",
            "reason": "JobFailed",
            "message": "disk full",
            "completionTime": END,
        }

    def test_an_end_without_a_reason_of_its_own(self) -> None:
        row = {"number": 1, "state": "Failed", "completionTime": END}
        status = read_status({"attempts": [row], "reason": "JobFailed", "message": "disk full"})
        assert (status.reason, status.message) == ("JobFailed", "disk full")

    @pytest.mark.parametrize("rows", [None, [{"number": 1, "state": "InProgress"}]])
    def test_a_job_id_without_its_record(self, rows: list[Raw] | None) -> None:
        status = read_status({"jobId": "job-1", "attempts": rows, "conditions": [TELLS_OF_ONE]})
        record = status.submission
        assert record is not None
        assert (record.attempt, record.handle, record.evidence) == (1, {"jobId": "job-1"}, Evidence.INFERRED)
        assert status.job_id == "job-1"

    def test_a_job_id_that_only_the_attempt_has(self) -> None:
        rows = [{"number": 1, "jobId": "job-0"}, {"number": 2, "jobId": "job-1"}]
        status = read_status({"attempts": rows})
        assert status.submission is not None
        assert (status.submission.attempt, status.submission.handle) == (2, {"jobId": "job-1"})
        assert (status.submission.evidence, status.job_id) == (Evidence.INFERRED, "job-1")

    def test_the_job_id_of_the_status_counts_first(self) -> None:
        status = read_status({"jobId": "job-1", "attempts": [{"number": 1, "jobId": "job-0"}]})
        assert status.job_id == "job-1"
        assert status.submission is not None
        assert status.submission.handle == {"jobId": "job-1"}

    def test_a_record_without_its_handle_keeps_the_rest(self) -> None:
        status = read_status(sent() | {"jobId": "job-1"})
        assert status.submission is not None
        assert (status.submission.token, status.submission.sends) == ("t", 1)
        assert (status.submission.handle, status.submission.evidence) == ({"jobId": "job-1"}, Evidence.INFERRED)

    def test_a_record_that_names_another_job_stays(self) -> None:
        raw = {"submission": HELD, "jobId": "job-2"}
        assert read_status(raw) == JobStatus.model_validate(raw)

    def test_an_end_is_written_as_it_was(self) -> None:
        row = {"number": 1, "state": "Failed", "completionTime": END, "reason": "JobFailed", "message": "disk full"}
        status = read_status({"attempts": [row], "state": "Pending", "completionTime": LATER})
        assert (status.wire()["state"], status.wire()["completionTime"]) == ("Failed", END)


def test_what_was_unreadable_and_is_whole_again_is_not_told_on() -> None:
    raw = sent() | {"reason": "RecordUnreadable", "message": "status.submission cannot be read"}
    assert read_status(raw) == JobStatus.model_validate(sent())


def test_what_was_stored_as_written_is_not_parsed_again() -> None:
    raw: Raw = {"state": "Pending", "message": "as it was written"}
    status = JobStatus.model_validate(raw)
    was_stored(raw, status)
    assert read_status(dict(raw)) is status


def test_what_was_read_long_ago_is_parsed_again() -> None:
    raw: Raw = {"state": "Pending", "message": "the first of many"}
    status = read_status(raw)
    for index in range(LATELY_READ - 1):
        read_status({"message": str(index)})
    assert read_status(raw) is status, "it was among the last ones, and is the last one now"
    for index in range(LATELY_READ):
        read_status({"message": f"again {index}"})
    assert read_status(raw) is not status
    assert read_status(raw) == status


def test_each_raw_status_is_read_as_itself_however_many_come_and_go() -> None:
    """They are known by where they lie in memory while they are there, and what comes later may lie in the same
    place."""
    kept = [{"state": "InProgress", "jobId": f"job-{one}", "submission": SENT} for one in range(3)]
    for one in range(20 * LAST_READ):
        assert read_status({"state": "InProgress", "jobId": f"job-{one}", "submission": SENT}).job_id == f"job-{one}"
        assert [read_status(raw).job_id for raw in kept] == ["job-0", "job-1", "job-2"]
