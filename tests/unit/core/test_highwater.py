"""The high-water mark of a status. Where it says too little, a job is submitted twice from a status that was set
back; where it says too much, an object is left alone for nothing."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.core.highwater import NOTHING_SENT, HighWaterMark, mark_in, mark_of, raised

SENT = {
    "attempt": 1,
    "step": "Submit",
    "token": "t",
    "sends": 1,
    "evidence": "Sending",
    "lookSince": "2026-03-01T12:00:00Z",
}
LEAVING = {name: value for name, value in SENT.items() if name != "lookSince"}
HELD = {**SENT, "evidence": "Answered", "handle": {"jobId": "job-1"}}
STEP = {"name": "CreateBackup", "handle": {"backupId": "b1"}}


def mark(**fields: Any) -> HighWaterMark:
    return HighWaterMark(**fields)


STATUSES: dict[str, tuple[dict[str, Any], HighWaterMark]] = {
    "nothing": ({}, NOTHING_SENT),
    "of no use": ({"submission": [], "attempts": {}, "steps": "two", "completionTime": None}, NOTHING_SENT),
    "an attempt without a record": ({"attempts": [{"number": 3}]}, mark(attempt=3)),
    "the last attempt counts": ({"attempts": [{"number": 5}, {"number": 2}]}, mark(attempt=2)),
    "rows that are no rows": ({"attempts": [{"number": 2}, "three"]}, mark(attempt=2)),
    "a number that is none": ({"attempts": [{"number": True}]}, mark(attempt=1)),
    "a number in words": ({"attempts": [{"number": "7"}]}, mark(attempt=1)),
    "the record knows a later attempt": (
        {"attempts": [{"number": 2}], "submission": {"attempt": 4}},
        mark(attempt=4),
    ),
    "the record knows an earlier attempt": (
        {"attempts": [{"number": 4}], "submission": {"attempt": 2}},
        mark(attempt=4),
    ),
    "steps": ({"steps": [STEP, STEP]}, mark(steps=2)),
    "an end": ({"completionTime": "2026-03-01T12:00:00Z"}, mark(ended=True)),
    "sent": ({"submission": SENT}, mark(token="t", sends=1)),
    "sent twice": ({"submission": SENT | {"sends": 2}}, mark(token="t", sends=2)),
    "on its way": ({"submission": LEAVING}, mark(on_its_way=True)),
    "on its way for the second time": (
        {"submission": LEAVING | {"sends": 2}},
        mark(token="t", sends=1, on_its_way=True),
    ),
    "sent without a token": ({"submission": SENT | {"token": ""}}, mark()),
    "a token that is none": ({"submission": SENT | {"token": 7}}, mark()),
    "a token that was never sent": ({"submission": SENT | {"sends": 0}}, mark()),
    "sends that are no number": ({"submission": SENT | {"sends": "two"}}, mark()),
    "held": ({"submission": HELD}, mark(token="t", sends=1, has_job=True)),
    "held before it was looked for": (
        {"submission": LEAVING | {"handle": {"jobId": "j"}}},
        mark(token="t", sends=1, has_job=True),
    ),
    "another step": ({"submission": SENT | {"step": "Restore"}}, mark(token="t", sends=1, step="Restore")),
    "not sent": ({"submission": SENT | {"evidence": "NotSent"}}, mark(token="t", sends=1, disproved=True)),
    "absent": ({"submission": SENT | {"evidence": "Absent"}}, mark(token="t", sends=1, disproved=True)),
}


@pytest.mark.parametrize("what", STATUSES)
def test_what_a_status_tells(what):
    raw, expected = STATUSES[what]
    assert mark_of(raw) == expected


def test_a_status_that_was_read_tells_the_same():
    """Else a status would be taken for one that was set back, or not be."""
    read = 0
    for raw, _ in STATUSES.values():
        try:
            status = JobStatus.model_validate(raw)
        except ValidationError:
            continue
        read += 1
        assert mark_in(status) == mark_of(status.wire()), raw
    assert read > 15


@pytest.mark.parametrize("sends", [1, 2])
def test_the_process_that_wrote_an_intent_knows_that_its_request_may_have_left(sends):
    raw = {"submission": LEAVING | {"sends": sends}}
    assert mark_of(raw, own=True) == mark(token="t", sends=sends, on_its_way=True)


class TestIsOpen:
    @pytest.mark.parametrize(("token", "way", "job", "ended", "disproved"), list(product([False, True], repeat=5)))
    def test_while_nobody_knows_what_came_of_it(self, token, way, job, ended, disproved):
        one = mark(token="t" if token else "", on_its_way=way, has_job=job, ended=ended, disproved=disproved)
        assert one.is_open is ((token or way) and not job and not ended and not disproved)

    @pytest.mark.parametrize(("job", "ended"), list(product([False, True], repeat=2)))
    def test_and_runs_while_it_has_a_job_without_an_end(self, job, ended):
        assert mark(has_job=job, ended=ended).runs is (job and not ended)


class TestRaised:
    """What is known after another status was read."""

    def test_by_the_first_status(self):
        assert raised(None, mark(sends=1, token="t")) == mark(sends=1, token="t")

    @pytest.mark.parametrize("later", [mark(attempt=2), mark(steps=1)], ids=["attempt", "step"])
    def test_a_later_place_says_all(self, later):
        assert raised(mark(token="t", sends=1, has_job=True, ended=True), later) == later

    @pytest.mark.parametrize(
        "earlier", [mark(attempt=1, steps=9, ended=True), mark(attempt=2)], ids=["attempt", "step"]
    )
    def test_an_earlier_place_says_nothing(self, earlier):
        known = mark(attempt=2, steps=1, token="t", sends=1)
        assert raised(known, earlier) == known

    def test_an_end_and_a_job_are_never_taken_back(self):
        assert raised(mark(ended=True), mark(has_job=True)) == mark(ended=True, has_job=True)
        assert raised(mark(has_job=True), mark(ended=True)) == mark(ended=True, has_job=True)
        assert raised(mark(), mark()) == mark()

    @pytest.mark.parametrize(("sends", "expected"), [(1, 2), (2, 2), (3, 3)])
    def test_of_one_token_the_most_sends_count(self, sends, expected):
        assert raised(mark(token="t", sends=2), mark(token="t", sends=sends)).sends == expected

    def test_of_one_token_what_came_of_the_last_send_counts(self):
        known = mark(token="t", sends=1, disproved=True)
        assert raised(known, mark(token="t", sends=1)) == mark(token="t", sends=1)

    def test_another_token_of_the_same_step_does_not_hide_the_first(self):
        assert raised(mark(token="t", sends=1), mark(token="u", sends=5)).token == "t"

    def test_nor_does_a_status_without_one(self):
        assert raised(mark(token="t", sends=1), mark()).token == "t"

    def test_the_first_token_is_learnt(self):
        assert raised(mark(), mark(token="u", sends=1)) == mark(token="u", sends=1)

    @pytest.mark.parametrize(
        ("disproved", "token", "step", "expected"),
        [
            (True, "u", "Restore", "u"),
            (False, "u", "Restore", "t"),
            (True, "u", "Submit", "t"),
            (True, "", "Restore", "t"),
        ],
    )
    def test_where_nothing_arrived_the_attempt_may_go_another_way(self, disproved, token, step, expected):
        known = mark(token="t", sends=1, disproved=disproved)
        assert raised(known, mark(token=token, sends=1 if token else 0, step=step)).token == expected


SHORT: dict[str, tuple[HighWaterMark, dict[str, Any], str]] = {
    "an earlier attempt": (
        mark(attempt=2),
        {"attempts": [{"number": 1}]},
        "status tells of attempt 1, although attempt 2 had begun",
    ),
    "a later attempt": (mark(attempt=2, ended=True, token="t", sends=3), {"attempts": [{"number": 3}]}, ""),
    "no end": (mark(ended=True), {"submission": HELD}, "status tells of no end, although one was recorded"),
    "an end": (mark(ended=True, steps=2, token="t", sends=9), {"completionTime": "2026-03-01T12:00:00Z"}, ""),
    "fewer steps": (mark(steps=2), {"steps": [STEP]}, "status tells of 1 ended steps, although 2 had ended"),
    "more steps": (mark(steps=1, token="t", sends=4), {"steps": [STEP, STEP]}, ""),
    "the job": (mark(has_job=True, token="other", sends=9), {"submission": HELD}, ""),
    "no job": (
        mark(has_job=True),
        {"submission": SENT},
        "status.submission.handle is gone, although the cloud had named the job",
    ),
    "nothing was sent": (mark(), {}, ""),
    "no record": (mark(token="t", sends=1), {}, "status.submission is gone, although submission t was sent"),
    "another token": (
        mark(token="u", sends=1),
        {"submission": SENT},
        "status.submission.token is another one, although submission u was sent",
    ),
    "fewer sends": (
        mark(token="t", sends=2),
        {"submission": SENT},
        "status.submission.sends is lower, although t was sent 2 times",
    ),
    "as many sends": (mark(token="t", sends=1), {"submission": SENT}, ""),
    "more sends": (mark(token="t", sends=1), {"submission": SENT | {"sends": 2}}, ""),
    "another way, after one that led nowhere": (
        mark(token="u", sends=1, disproved=True),
        {"submission": SENT | {"step": "Restore"}},
        "",
    ),
    "the same way, after one that led nowhere": (
        mark(token="u", sends=1, disproved=True),
        {"submission": SENT},
        "status.submission.token is another one, although submission u was sent",
    ),
    "another way, though something may have arrived": (
        mark(token="u", sends=1),
        {"submission": SENT | {"step": "Restore"}},
        "status.submission.token is another one, although submission u was sent",
    ),
    "no way, after one that led nowhere": (
        mark(token="u", sends=1, disproved=True),
        {"submission": {"attempt": 1, "step": "Restore"}},
        "status.submission.token is another one, although submission u was sent",
    ),
}


@pytest.mark.parametrize("what", SHORT)
def test_what_a_status_lacks(what):
    known, raw, words = SHORT[what]
    assert known.shortfall(JobStatus.model_validate(raw)) == words
