"""A deletion policy that cannot act is told before it is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.core.lives import LIVES
from tests.unit.core.scenes import BACKUP, MIGRATION, NOON, RESTORE

from zilliz_jobs.api.jobspec import DeletionPolicy
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core.cancelling import is_left_running
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.observation import Blocked, Nothing
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Snapshot, Traits

ZERO_DOWNTIME = Traits(can_cancel=False, why_no_cancel=Reason.ZERO_DOWNTIME)


def running(traits: Traits, *, console: bool, policy: DeletionPolicy = DeletionPolicy.CANCEL) -> Snapshot:
    snap = LIVES["running"](traits).snapshot
    assert snap.spec is not None
    return replace(snap, spec=snap.spec.but(deletion_policy=policy), link=replace(snap.link, console=console))


CASES = [
    pytest.param(BACKUP, False, "consoleApi.enabled", id="only the console can"),
    pytest.param(BACKUP, True, "", id="the console may be used"),
    pytest.param(MIGRATION, False, "", id="it can be cancelled without the console"),
    pytest.param(ZERO_DOWNTIME, True, "zero-downtime", id="a mode that has no cancel"),
    pytest.param(RESTORE, True, "cannot cancel", id="a kind that has no cancel"),
]


@pytest.mark.parametrize(("traits", "console", "words"), CASES)
def test_what_cannot_be_cancelled_says_so_while_it_runs_and_when_it_goes(
    traits: Traits, console: bool, words: str
) -> None:
    snap = running(traits, console=console)
    status = decide(snap, Nothing(), now=NOON).status
    accepted = next(c for c in status.conditions or [] if c.type == "Accepted")
    assert (accepted.reason == Reason.DELETION_CANNOT_CANCEL) is bool(words)
    assert words in accepted.message
    assert accepted.status == "True"
    told = is_left_running(snap, status)
    assert words in told
    assert told


def test_nothing_is_told_where_the_job_is_to_run_on() -> None:
    snap = running(BACKUP, console=False, policy=DeletionPolicy.RETAIN)
    assert is_left_running(snap, snap.status) == ""
    accepted = next(c for c in decide(snap, Nothing(), now=NOON).status.conditions or [] if c.type == "Accepted")
    assert accepted.reason == Reason.VALID_SPEC


def test_what_was_found_by_inference_says_why_it_runs_on() -> None:
    snap = running(BACKUP, console=True)
    assert snap.status.submission is not None
    doubtful = snap.status.but(submission=snap.status.submission.but(evidence=Evidence.INFERRED))
    assert "inference" in is_left_running(snap, doubtful)


def test_it_stays_told_while_the_connection_is_not_known() -> None:
    """A connection that is being checked says nothing of its console API."""
    snap = running(BACKUP, console=False)
    told = decide(snap, Nothing(), now=NOON).status
    lost = replace(snap, status=told, link=Link(problem=Blocked(Reason.CONNECTION_NOT_FOUND, "there is none")))
    again = decide(lost, Nothing(), now=NOON).status
    reasons = [next(c for c in s.conditions or [] if c.type == "Accepted").reason for s in (told, again)]
    assert reasons == [Reason.DELETION_CANNOT_CANCEL] * 2
