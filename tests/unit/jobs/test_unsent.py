"""Intents that were given up. If these fail, a request is sent twice, or a person is asked about one never sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.jobs import unsent
from zilliz_jobs.jobs.unsent import UnsentIntents

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INTENT = Submission(token="t", holder="h", sends=1, intent_time=NOON, evidence=Evidence.SENDING)


def test_only_the_very_send_that_was_given_up_is_proven_not_to_have_left() -> None:
    kept = UnsentIntents()
    kept.gave_up(INTENT)
    assert kept.has(JobStatus(submission=INTENT))
    for other in (
        INTENT.but(sends=2),
        INTENT.but(holder="another process"),
        INTENT.but(token="another"),
        INTENT.but(look_since=NOON),
        INTENT.but(evidence=Evidence.ANSWERED, handle={"jobId": "j"}),
    ):
        assert not kept.has(JobStatus(submission=other))
    assert not kept.has(JobStatus())


def test_one_that_is_sent_after_all_is_not() -> None:
    """The same send of the same submission, stored at a later try."""
    kept = UnsentIntents()
    kept.gave_up(INTENT)
    kept.leaves(INTENT)
    assert not kept.has(JobStatus(submission=INTENT))


def test_what_is_no_longer_kept_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage of hours must not fill the memory; forgetting is the safe side."""
    monkeypatch.setattr(unsent, "MAX_KEPT", 2)
    kept = UnsentIntents()
    for token in ("a", "b", "c"):
        kept.gave_up(INTENT.but(token=token))
    assert [kept.has(JobStatus(submission=INTENT.but(token=token))) for token in ("a", "b", "c")] == [
        False,
        True,
        True,
    ]
