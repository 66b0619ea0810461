"""Conditions, back-off, and what a status that was edited by hand may not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BROKEN,
    CANCELED,
    DONE,
    FOUND,
    NOON,
    RUNNING,
    Scene,
    a_job,
    adopted,
    broken,
    forgotten,
    inferred,
    looking,
    running,
    sending,
    submitted,
    succeeded,
    unknown,
)

from zilliz_jobs.api.jobspec import ResubmitRetryPolicy, RetryPolicy
from zilliz_jobs.api.jobstatus import Condition, JobStatus, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.backoff import before_attempt, exponential, poll_interval
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.resolution import Resolution, parse_resolution

WAITING = ("False", "Unknown", "False", "True", "")


@pytest.mark.parametrize(
    ("scene", "table"),
    [
        pytest.param(lambda: a_job().see(), WAITING, id="waiting"),
        pytest.param(sending, WAITING, id="submitting"),
        pytest.param(looking, WAITING, id="looking"),
        pytest.param(running, WAITING, id="running"),
        pytest.param(lambda: broken(limit=1, resubmit=True), WAITING, id="between automatic attempts"),
        pytest.param(lambda: a_job(suspend=True).see(), ("True", "Unknown", "False", "", ""), id="suspended"),
        pytest.param(unknown, ("False", "Unknown", "False", "", "True"), id="submission unknown"),
        pytest.param(succeeded, ("True", "True", "True", "", ""), id="Successful"),
        pytest.param(broken, ("False", "False", "True", "", "True"), id="Failed"),
        pytest.param(lambda: running().see(CANCELED), ("False", "False", "True", "", "True"), id="Canceled"),
        pytest.param(forgotten, ("False", "Unknown", "True", "", "True"), id="OutcomeUnknown"),
    ],
)
def test_the_table_of_the_contract(scene: object, table: tuple[str, ...]) -> None:
    """Ready, Succeeded, Finished, Reconciling, Stalled: what `kubectl wait`, Argo CD and Flux act upon."""
    there: Scene = scene()  # type: ignore[operator]
    assert there.table == table
    always = {"Accepted", "Submitted", "Suspended", "Overdue", "Succeeded", "Finished", "Ready"}
    sometimes = {kind for kind, value in zip(("Reconciling", "Stalled"), table[3:], strict=True) if value}
    assert {c.type for c in there.status.conditions or []} == always | sometimes
    explained = {"Succeeded", "Finished", "Ready", "Reconciling", "Stalled"}
    for c in there.status.conditions or []:
        assert c.observed_generation == there.snapshot.generation
        if c.type in explained and not (c.type == "Ready" and table[0] == "True" and table[2] == "False"):
            assert (c.reason, c.message) == (there.status.reason, there.status.message)


@pytest.mark.parametrize(
    ("scene", "row"),
    [
        pytest.param(lambda: a_job().see(), ("False", Reason.NOT_SUBMITTED, Reason.NOT_SUBMITTED.help), id="waiting"),
        pytest.param(sending, ("Unknown", Reason.SUBMITTING, "the submission is on its way"), id="sending"),
        pytest.param(submitted, ("True", Reason.SUBMITTED, Reason.SUBMITTED.help), id="answered"),
        pytest.param(inferred, ("True", Reason.FOUND, Reason.FOUND.help), id="found again"),
        pytest.param(
            lambda: looking().see(FOUND),
            ("True", Reason.FOUND, Reason.FOUND.help),
            id="found by its mark",
        ),
        pytest.param(adopted, ("True", Reason.ADOPTED, Reason.ADOPTED.help), id="adopted"),
        pytest.param(
            lambda: a_job().but(cancel_token="c").see(),
            ("False", Reason.NOT_SUBMITTED, "cancelled before anything was sent to the cloud"),
            id="ended before",
        ),
    ],
)
def test_submitted_says_what_it_rests_on(scene: object, row: tuple[str, str, str]) -> None:
    found = scene().condition("Submitted")  # type: ignore[operator]
    assert (found.status, found.reason, found.message) == row


def test_an_accepted_manifest_is_called_so() -> None:
    row = a_job().see().condition("Accepted")
    assert row is not None
    assert (row.status, row.reason, row.message) == ("True", Reason.VALID_SPEC, Reason.VALID_SPEC.help)
    calm = a_job().see().condition("Overdue")
    assert calm is not None
    assert (calm.reason, calm.message) == (Reason.ON_TIME, Reason.ON_TIME.help)
    free = a_job().see().condition("Suspended")
    assert free is not None
    assert (free.reason, free.message) == (Reason.NOT_SUSPENDED, Reason.NOT_SUSPENDED.help)
    late = running().edit(suspend=True).see().condition("Suspended")
    assert late is not None
    assert late.message == Reason.RUNNING_ALREADY.help


def test_a_transition_time_moves_only_with_its_status() -> None:
    """ "For how long has it been so?" is what people ask of a condition."""
    first = a_job().see()
    second = first.later(60).see(o.Nothing(), o.Blocked(Reason.SECRET_NOT_FOUND, "no Secret"))
    assert second.condition("Ready").last_transition_time == NOON  # type: ignore[union-attr]
    assert second.condition("Ready").reason == Reason.SECRET_NOT_FOUND  # type: ignore[union-attr]
    third = second.later(60).but(cancel_token="c").see()
    assert third.condition("Finished").last_transition_time == third.now  # type: ignore[union-attr]
    assert third.condition("Ready").last_transition_time == NOON  # type: ignore[union-attr]
    undated = JobStatus(conditions=[Condition(type="Ready", status="False")])
    mended = replace(first, snapshot=replace(first.snapshot, status=undated)).see()
    assert mended.condition("Ready").last_transition_time == NOON  # type: ignore[union-attr]


def test_an_object_that_is_deleted_before_it_was_seen_has_a_reason_all_the_same() -> None:
    ready = a_job().but(deleting_since=NOON).see().condition("Ready")
    assert ready is not None
    assert ready.reason == Reason.WAITING


def test_every_write_is_of_the_present_generation() -> None:
    scene = running().edit(suspend=True).see(RUNNING)
    assert scene.status.observed_generation == 2
    assert {c.observed_generation for c in scene.status.conditions or []} == {2}


def test_a_status_edited_by_hand_stops_nothing() -> None:
    """Statuses are writable; nonsense in one must not stop the operator, nor submit anything."""
    wires = [
        {"attempts": [], "submission": {"evidence": "Nonsense", "token": "t"}},
        {"state": "Nonsense", "completionTime": "yesterday"},
        {"completionTime": "2026-03-01T12:00:00Z"},
        {"completionTime": "2026-03-01T12:00:00Z", "conditions": [{"type": "Finished", "status": "True"}]},
        {"submission": {"handle": {"jobId": "j"}, "evidence": "Sending"}},
        {"cancel": {"token": "c"}, "retry": {"token": "r"}, "resolution": {"token": "x"}},
    ]
    for wire in wires:
        scene = a_job(active_deadline_seconds=1, ttl_seconds_after_finished=60)
        scene = replace(scene, snapshot=replace(scene.snapshot, status=JobStatus.model_validate(wire)))
        for answer in (o.Nothing(), RUNNING, DONE, BROKEN, o.Missing(), o.Absent(), o.Undecided(""), ACCEPTED):
            assert scene.see(answer).plan.status.conditions
    doubtful = replace(a_job(), snapshot=replace(a_job().snapshot, status=JobStatus.model_validate(wires[0]))).see()
    assert type(doubtful.plan.action).__name__ == "Find"
    undated = replace(a_job(), snapshot=replace(a_job().snapshot, status=JobStatus.model_validate(wires[4])))
    assert undated.see(RUNNING).plan.again == 2.0


def test_long_words_are_cut() -> None:
    """A status too large is refused as a whole, and the job with it."""
    long = "x" * 5000
    told = a_job().see(o.Blocked(Reason.SECRET_NOT_FOUND, long))
    assert len(told.status.message or "") == 1024
    assert all(len(c.message) <= 1024 for c in told.status.conditions or [])
    invalid = a_job().but(spec=None, spec_error=long).see()
    assert len(invalid.condition("Accepted").message) == 1024  # type: ignore[union-attr]
    asked = running().but(cancel_token="c").see(o.Nothing(), RUNNING)
    for answer in (o.CancelRefused(Reason.NO_PERMISSION, long), o.CancelUnclear(long)):
        assert len(asked.see(answer).status.cancel.message or "") == 1024  # type: ignore[union-attr]
    named = unknown().but(resolve_token="t0=adopt:x").see().see(o.Blocked(Reason.ALREADY_HELD, long))
    assert len(named.status.resolution.message or "") == 1024  # type: ignore[union-attr]


# -- pure functions --------------------------------------------------------------------------------------------------


def test_back_off_doubles_up_to_its_cap() -> None:
    assert [exponential(n, base=2, cap=60, jitter=1.0) for n in (0, 1, 2, 3, 4, 5, 99)] == [2, 4, 8, 16, 32, 60, 60]
    assert exponential(0, base=2, cap=60, jitter=0.0) == 1.0
    assert exponential(10**9, base=1e-12, cap=60, jitter=1.0) == pytest.approx(2.0**32 * 1e-12)
    assert exponential(32, base=1.0, cap=1e12, jitter=1.0) == 2.0**32
    assert exponential(33, base=1.0, cap=1e12, jitter=1.0) == 2.0**32


def test_the_wait_before_an_attempt_is_the_policys() -> None:
    policy = RetryPolicy(backoff_seconds=10, max_backoff_seconds=35)
    assert [before_attempt(n, policy, 1.0) for n in (1, 2, 3, 4)] == [10, 20, 35, 35]
    assert [before_attempt(n, RetryPolicy(), 1.0) for n in (1, 2, 9)] == [30, 60, 1800]
    assert before_attempt(1, ResubmitRetryPolicy(), 0.0) == 15


def test_polls_slow_down_with_age() -> None:
    assert [poll_interval(age, least=2, most=30, jitter=0.5) for age in (0, 50, 999)] == [2, 5, 30]
    assert poll_interval(50, least=2, most=30, jitter=0.0) == 4.5
    assert poll_interval(50, least=2, most=30, jitter=1.0) == 5.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t=resubmit", Resolution("t", "resubmit")),
        ("t=abandon", Resolution("t", "abandon")),
        ("t=adopt:j", Resolution("t", "adopt", "j")),
        (" t =adopt: j ", Resolution("t", "adopt", "j")),
        ("t=adopt:a=b:c", Resolution("t", "adopt", "a=b:c")),
        ("t", None),
        ("", None),
        ("=resubmit", None),
        ("t=", None),
        ("t=Adopt:j", None),
        ("t=adopt", None),
        ("t=adopt:", None),
        ("t=resubmit:", None),
        ("t=resubmit:j", None),
    ],
)
def test_resolutions_are_read_strictly(text: str, expected: Resolution | None) -> None:
    """A decision over money is taken by its letters, not by what they might mean."""
    assert parse_resolution(text) == expected


def test_states_that_are_ends() -> None:
    assert [s for s in State if s.finished] == [State.SUCCESSFUL, State.FAILED, State.CANCELED, State.UNKNOWN]


def test_an_automatic_retry_waits_whole_seconds() -> None:
    """The wire has whole seconds; a fraction would be lost there and the attempt begin early."""
    for jitter in (0.0, 0.1, 0.33, 1.0):
        scene = running(limit=1, resubmit=True).but(jitter=jitter).see(BROKEN)
        due = (scene.plan.status.attempts or [])[-1].not_before
        assert due is not None
        assert due.microsecond == 0
        assert due >= scene.now + timedelta(seconds=15)
