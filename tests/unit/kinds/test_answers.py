"""From the cloud's answers to observations: each documented code, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import JobStatus, State, Submission
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.envelope import KNOWN_CODES
from zilliz_jobs.cloud.errors import NoPermission, NotFound, ProtocolMismatch, Rejected, Transient, Unauthorised
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    CancelAccepted,
    CancelRefused,
    CancelUnclear,
    EffectUnknown,
    Missing,
    NotSent,
    Refused,
    Unreadable,
)
from zilliz_jobs.core.plan import RETRY_STEP, SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.imports.importwire import on_list

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEALING = {
    21119: Reason.KEY_REJECTED,
    80001: Reason.KEY_REJECTED,
    80002: Reason.KEY_REJECTED,
    1800: Reason.KEY_REJECTED,
    800: Reason.NO_PERMISSION,
    40021: Reason.CLUSTER_NOT_FOUND,
    40022: Reason.CLUSTER_NOT_FOUND,
    80020: Reason.CLUSTER_NOT_FOUND,
    90117: Reason.CLUSTER_NOT_FOUND,
    40003: Reason.CLUSTER_BUSY,
    47053: Reason.CLUSTER_BUSY,
}


class TestSubmitted:
    @pytest.mark.parametrize("code", sorted(KNOWN_CODES))
    def test_every_documented_code_is_a_refusal_and_only_some_heal(self, code):
        """A refusal that heals is tried again; one that does not is the job's end, in the cloud's words."""
        answer = answers.submitted(effects.Refused(code, 200, "the cloud's words", 3.0), ("jobId",))
        reason = HEALING.get(code, Reason.REJECTED)
        assert answer == Refused(reason, "the cloud's words", code in HEALING, 3.0)

    @pytest.mark.parametrize(
        ("status", "reason", "heals"),
        [
            (429, Reason.RATE_LIMITED, True),
            (401, Reason.KEY_REJECTED, True),
            (403, Reason.NO_PERMISSION, True),
            (400, Reason.REJECTED, False),
            (404, Reason.REJECTED, False),
            (422, Reason.REJECTED, False),
            (0, Reason.REJECTED, False),
        ],
    )
    def test_http_statuses(self, status, reason, heals):
        answer = answers.submitted(effects.Refused(None, status, "m"), ("jobId",))
        assert answer == Refused(reason, "m", heals)

    def test_busy_means_what_the_kind_says(self):
        answer = answers.submitted(effects.Refused(40003, 200, "m"), (), busy=Reason.BACKUP_SLOT_BUSY)
        assert answer.reason is Reason.BACKUP_SLOT_BUSY

    @pytest.mark.parametrize(
        ("code", "message", "taken"),
        [
            (40013, "m", True),
            (400, "cannot restore: the collection default.films already exists in the destination (code 400)", True),
            (400, "the collection is missing", False),
            (40003, "the cluster already exists, and is busy", False),
            (80001, "the key already exists elsewhere", False),
        ],
    )
    def test_a_name_that_is_taken_heals_where_the_job_makes_something_of_that_name(self, code, message, taken):
        """For other jobs the same words are the end."""
        reply = effects.Refused(code, 200, message)
        answer = answers.submitted(reply, (), makes_named=True)
        assert (answer.reason is Reason.NAME_TAKEN) == taken
        assert not taken or answer.heals
        assert answers.submitted(reply, ()).reason is not Reason.NAME_TAKEN

    def test_the_other_three(self):
        taken = effects.Taken({"jobId": "j", "backupId": 7, "secret": "s"})
        assert answers.submitted(taken, ("jobId", "backupId", "clusterId")) == Accepted(
            {"jobId": "j", "backupId": "7"}
        )
        assert answers.submitted(effects.Uncertain("m"), ("jobId",)) == EffectUnknown("m")
        not_sent = effects.NotSent(Reason.CLOUD_UNREACHABLE, "m", 2.0)
        assert answers.submitted(not_sent, ("jobId",)) == NotSent(Reason.CLOUD_UNREACHABLE, "m", 2.0)


class TestReads:
    @pytest.mark.parametrize(
        ("error", "reading"),
        [
            (NotFound("m"), Missing()),
            (Transient("m", retry_after=9.0), Unreadable(Reason.CLOUD_UNREACHABLE, "m", 9.0)),
            (Transient("m", reason=Reason.RATE_LIMITED), Unreadable(Reason.RATE_LIMITED, "m")),
            (Unauthorised("m"), Unreadable(Reason.KEY_REJECTED, "m")),
            (Rejected("m", code=1100), Unreadable(Reason.REJECTED, "m")),
            (ProtocolMismatch("m"), Unreadable(Reason.PROTOCOL_MISMATCH, "m")),
        ],
    )
    def test_only_the_clouds_own_not_found_is_missing(self, error, reading):
        assert answers.reading(error) == reading

    @pytest.mark.parametrize(
        ("error", "waits"),
        [
            (NotFound("m"), Blocked(Reason.CLUSTER_NOT_FOUND, "m")),
            (Rejected("m", code=40022), Blocked(Reason.CLUSTER_NOT_FOUND, "m")),
            (Rejected("m", code=1100), Blocked(Reason.REJECTED, "m")),
            (Transient("m", retry_after=4.0), Blocked(Reason.CLOUD_UNREACHABLE, "m", 4.0)),
            (Unauthorised("m"), Blocked(Reason.KEY_REJECTED, "m")),
        ],
    )
    def test_what_stands_in_the_way_of_a_submission(self, error, waits):
        assert answers.waiting(error) == waits


class Session:
    """A session whose console and jobs answer as the test says."""

    def __init__(
        self, reply: effects.EffectReply | None, job: Job | Exception | None = None, key: Exception | None = None
    ) -> None:
        self.reply, self.job, self.key = reply, job, key
        self.console: Any = self if reply is not None else None
        self.jobs = self.projects = self

    async def list(self) -> list[Any]:
        """The projects; raises what the cloud says of the key."""
        if self.key is not None:
            raise self.key
        return []

    async def cancel(self, _job_id: str, **_: Any) -> effects.EffectReply:
        assert self.reply is not None
        return self.reply

    async def describe(self, _job_id: str) -> Job:
        if isinstance(self.job, Exception):
            raise self.job
        assert self.job is not None
        return self.job


def job(status: str) -> Job:
    return Job(job_id="j", status=status)


class TestCancel:
    @pytest.mark.parametrize(
        ("reply", "known", "kind", "reason"),
        [
            (None, None, CancelRefused, Reason.NO_PUBLIC_API),
            (effects.Taken({}), None, CancelAccepted, None),
            (effects.NotSent(Reason.CLOUD_UNREACHABLE, "m"), None, CancelUnclear, None),
            (effects.Uncertain("m"), None, CancelUnclear, None),
            (effects.Refused(None, 429, "m"), None, CancelUnclear, None),
            (effects.Refused(None, 403, "m"), None, CancelRefused, Reason.NO_PERMISSION),
            (effects.Refused(800, 200, "m"), None, CancelRefused, Reason.NO_PERMISSION),
            (effects.Refused(40003, 200, "m"), job("SUCCESSFUL"), CancelRefused, Reason.ALREADY_FINISHED),
            (effects.Refused(40003, 200, "m"), job("CANCELED"), CancelRefused, Reason.ALREADY_FINISHED),
            (effects.Refused(40003, 200, "m"), job("IN_PROGRESS"), CancelRefused, Reason.CANCEL_REFUSED),
            (effects.Refused(40003, 200, "m"), job("PONDERING"), CancelRefused, Reason.CANCEL_REFUSED),
            (effects.Refused(40003, 200, "m"), Transient("down"), CancelUnclear, None),
        ],
    )
    async def test_whether_a_refusal_means_too_late_is_asked_of_the_job(self, reply, known, kind, reason):
        session: Any = Session(reply, known)
        answer = await answers.cancel(session, "j", "t", lambda: None)
        assert isinstance(answer, kind)
        assert getattr(answer, "reason", None) is reason

    @pytest.mark.parametrize("reply", [(80002, 200), (80002, 401), (21119, 401), (None, 401), (1800, 200)])
    @pytest.mark.parametrize(
        ("key", "answer"),
        [
            (None, CancelRefused(Reason.NO_PERMISSION, "m")),
            (NoPermission("the projects are not shown"), CancelRefused(Reason.NO_PERMISSION, "m")),
            (Unauthorised("bad key"), CancelUnclear("m", None, Reason.KEY_REJECTED)),
            (Transient("down"), CancelUnclear("m")),
        ],
    )
    async def test_a_missing_right_and_a_bad_key_are_told_apart_by_another_read(self, reply, key, answer):
        """Else a cancel that can never be is asked for again and again, and somebody replaces a good key."""
        session: Any = Session(effects.Refused(*reply, "m"), key=key)
        assert await answers.cancel(session, "j", "t", lambda: None) == answer

    @pytest.mark.parametrize("code", [80002, 21119, None])
    async def test_any_403_is_a_missing_right(self, code):
        session: Any = Session(effects.Refused(code, 403, "m"), key=Unauthorised("not asked"))
        assert await answers.cancel(session, "j", "t", lambda: None) == CancelRefused(Reason.NO_PERMISSION, "m")


class TestLists:
    @pytest.mark.parametrize("step", [SUBMIT_STEP, RETRY_STEP])
    @pytest.mark.parametrize(("word", "state"), [("FAILED", State.FAILED), ("SUCCESSFUL", State.SUCCESSFUL)])
    def test_a_failure_on_a_list_is_not_told_of_a_retry_that_may_be_younger(self, step, word, state):
        """The job keeps its id, and a list lags: the new attempt would end as the old one did."""
        status = JobStatus(submission=Submission(step=step))
        rows = (
            answers.on_console(ConsoleJob(job_id="j", status=word), status),
            on_list(ImportRecord(job_id="j", state=word), status),
        )
        doubt = step == RETRY_STEP and state is State.FAILED
        assert [row.state if row else None for row in rows] == [None if doubt else state] * 2


@pytest.mark.parametrize(
    ("elapsed", "progress", "left"),
    [(60, 50, 60), (600, 10, 5400), (60, 1, 5940)],
)
def test_the_estimate_goes_on_as_it_began(elapsed, progress, left):
    now = NOON + timedelta(seconds=elapsed)
    assert answers.estimate(NOON, now, progress) == now + timedelta(seconds=left)


@pytest.mark.parametrize(
    ("start", "now", "progress"),
    [
        (None, NOON, 50),
        (NOON, None, 50),
        (NOON, NOON + timedelta(60), None),
        (NOON, NOON + timedelta(60), 0),
        (NOON, NOON + timedelta(60), 100),
        (NOON, NOON, 50),
        (NOON, NOON - timedelta(60), 50),
    ],
)
def test_what_cannot_be_estimated_is_none(start, now, progress):
    assert answers.estimate(start, now, progress) is None


def test_an_estimate_moves_by_whole_minutes():
    """A status that changes with every look is written with every look."""
    ends = {answers.estimate(NOON, NOON + timedelta(seconds=600 + s), 50) for s in range(20)}
    assert len(ends) <= 2
