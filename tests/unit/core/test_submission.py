"""A submission: written ahead, sent, and looked for. Settle time, two looks, three sends; nothing is guessed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BACKUP,
    BROKEN,
    DONE,
    DOWN,
    FOUND,
    IMPORT,
    INFERRED,
    LOST,
    NOON,
    NOT_SENT,
    PREPARED,
    REFUSED,
    RUNNING,
    THROTTLED,
    UNDECIDED,
    UNREADABLE,
    Scene,
    a_job,
    adopted,
    broken,
    disproved,
    looking,
    running,
    seen,
    sending,
    submitted,
    unknown,
)

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Adopt, Find, Observe, Prepare, Submit
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.jobs.events import news

ABSENT = o.Absent()


# -- written ahead ---------------------------------------------------------------------------------------------------


def test_the_intent_holds_all_that_a_look_up_needs() -> None:
    """After a crash this record is all there is."""
    scene = a_job().see()
    assert scene.plan.action == Prepare(SUBMIT_STEP)
    scene = scene.later(2).see(PREPARED)
    assert scene.plan.action == Submit()
    record = scene.submission
    assert (record.attempt, record.step, record.sends, record.evidence) == (1, "Submit", 1, Evidence.SENDING)
    assert (record.token, record.holder, record.baseline) == ("t0", "holder", {"backups": ["b1"]})
    assert (record.intent_time, record.cloud_time, record.handle) == (scene.now, NOON, None)
    assert (scene.status.reason, scene.status.message) == (Reason.SUBMITTING, "the submission is on its way")


def test_the_answer_is_written_and_the_job_is_followed() -> None:
    scene = sending().see(o.Accepted({"jobId": "job-1", "backupId": "b"}, {"backupId": "b"}))
    assert (scene.handle, scene.status.job_id) == ({"jobId": "job-1", "backupId": "b"}, "job-1")
    assert (scene.submission.evidence, scene.status.result) == (Evidence.ANSWERED, {"backupId": "b"})
    assert (scene.status.reason, scene.status.message) == (Reason.SUBMITTED, "the cloud took the job")
    assert (scene.status.attempts or [])[-1].job_id == "job-1"
    assert scene.plan.again == 2.0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda x: x.edit(suspend=True), id="suspended"),
        pytest.param(lambda x: x.but(spec=None, spec_error="bad"), id="made invalid"),
        pytest.param(lambda x: x.but(link=Link(problem=DOWN)), id="cut off"),
        pytest.param(lambda x: x.but(link=Link(suspended=True)), id="its connection suspended"),
        pytest.param(lambda x: x.but(gate=DOWN), id="stopped for all jobs"),
        pytest.param(lambda x: x.but(deleting_since=NOON), id="deleted"),
        pytest.param(lambda x: x.edit(start_deadline_seconds=1).later(5), id="too late"),
        pytest.param(lambda x: x.but(cancel_token="c"), id="cancelled"),
    ],
)
def test_what_changed_while_it_was_prepared_stops_it(change: object) -> None:
    """The last moment before the intent is the last at which stopping is free."""
    scene: Scene = change(a_job().see()).see(PREPARED)  # type: ignore[operator]
    assert scene.plan.action is None
    assert scene.status.submission is None


@pytest.mark.parametrize(
    "scene",
    [looking, unknown, running, broken, lambda: adopted().see(BROKEN), lambda: a_job(adopt="job-9").see()],
    ids=["looking", "unknown", "running", "failed", "adopted and failed", "to be adopted"],
)
def test_a_preparation_that_comes_late_sends_nothing(scene: object) -> None:
    before: Scene = scene()  # type: ignore[operator]
    after = before.see(PREPARED)
    assert not isinstance(after.plan.action, Submit)
    assert after.status.submission == before.status.submission


def test_after_a_crash_the_intent_is_looked_for() -> None:
    """Sending again would be the second job."""
    assert sending().see().plan.action == Find()


# -- the four answers ------------------------------------------------------------------------------------------------


def test_not_sent_is_sent_again_after_a_wait() -> None:
    scene = sending().see(NOT_SENT)
    assert (scene.status.submission, scene.status.state) == (None, State.PENDING)
    assert (scene.status.reason, scene.status.message) == (Reason.CLOUD_UNREACHABLE, "no route")
    assert (scene.plan.action, scene.plan.again) == (None, 1.5)
    assert scene.later(2).see().plan.action == Prepare(SUBMIT_STEP)
    assert sending().see(o.NotSent(Reason.RATE_LIMITED, "budget", 9.0)).plan.again == 9.0


def test_a_second_send_that_did_not_leave_keeps_the_first_in_the_record() -> None:
    scene = disproved().see(PREPARED, NOT_SENT)
    assert (scene.submission.sends, scene.submission.evidence) == (1, Evidence.NOT_SENT)
    again = scene.later(2).see(o.Nothing(), o.Prepared("t9", "h2"))
    assert (again.submission.token, again.submission.sends) == ("t0", 2)


def test_a_refusal_is_the_verdict() -> None:
    scene = sending().see(REFUSED)
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.REJECTED)
    assert (scene.status.message, scene.status.submission) == ("no such collection", None)


def test_a_refusal_that_heals_is_waited_for() -> None:
    scene = sending().see(THROTTLED)
    assert (scene.status.state, scene.status.reason, scene.status.submission) == (
        State.PENDING,
        Reason.RATE_LIMITED,
        None,
    )
    assert scene.plan.again == 7.0
    assert scene.later(7).see().plan.action == Prepare(SUBMIT_STEP)


def test_a_refusal_of_a_second_send_says_nothing_about_the_first() -> None:
    scene = disproved().see(PREPARED, REFUSED)
    assert (scene.submission.evidence, scene.submission.sends, scene.plan.action) == (Evidence.REFUSED, 2, Find())
    assert scene.submission.look_since == scene.now
    assert scene.see(FOUND).status.job_id == "job-1"
    waiting = scene.see(ABSENT)
    assert (waiting.status.reason, waiting.status.message) == (Reason.REJECTED, "no such collection")
    failed = waiting.later(130).see(o.Nothing(), ABSENT)
    assert (failed.status.state, failed.status.reason) == (State.FAILED, Reason.REJECTED)
    assert failed.status.completion_time == failed.now
    policy = waiting.edit(limit=1, resubmit=True).later(130).see(o.Nothing(), ABSENT)
    assert (policy.attempt, policy.plan.again) == (2, 23.0)
    wordless = disproved().see(PREPARED, o.Refused(Reason.REJECTED, "")).see(ABSENT)
    assert wordless.later(130).see(o.Nothing(), ABSENT).status.message == "the cloud refused the job"
    assert (failed.status.message, failed.status.submission) == ("no such collection", None)


def test_a_throttled_second_send_does_not_fail_the_job() -> None:
    """429 is no verdict; the job would be lost to a busy minute."""
    scene = disproved().see(PREPARED, THROTTLED)
    assert (scene.submission.evidence, scene.submission.sends, scene.plan.action) == (Evidence.SENDING, 1, Find())
    assert (scene.status.reason, scene.status.message) == (Reason.RATE_LIMITED, "slow down")
    assert scene.submission.look_since == scene.now
    scene = scene.see(ABSENT).later(130).see(o.Nothing(), ABSENT)
    assert scene.plan.action == Prepare(SUBMIT_STEP)
    assert scene.see(PREPARED).submission.sends == 2


def test_a_lost_answer_is_looked_for_at_once() -> None:
    scene = sending().see(LOST)
    assert (scene.plan.action, scene.submission.look_since) == (Find(), scene.now)
    assert (scene.status.reason, scene.status.message) == (Reason.LOOKING_FOR_SUBMISSION, "the answer was lost")


@pytest.mark.parametrize("answer", [NOT_SENT, REFUSED, THROTTLED, LOST], ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("scene", [looking, unknown, disproved, running], ids=lambda s: s.__name__)
def test_an_answer_to_an_earlier_send_proves_nothing(scene: object, answer: o.Observation) -> None:
    """A deposed leader's late word must not free a submission that its successor looks for."""
    before: Scene = scene()  # type: ignore[operator]
    assert before.see(answer).status.submission == before.status.submission


def test_a_late_acceptance_is_always_believed() -> None:
    """The cloud names the job: from then on it is followed, whatever the look-ups said."""
    for scene in (looking(), looking().see(ABSENT), unknown(), disproved()):
        taken = scene.see(ACCEPTED)
        assert (taken.status.job_id, taken.submission.evidence) == ("job-1", Evidence.ANSWERED)
        assert taken.submission.look_since is None
        assert taken.submission.absent_since is None


def test_a_second_handle_is_kept_beside_the_first() -> None:
    """Two jobs run; a person must be able to look at both."""
    other = o.Accepted({"jobId": "job-2"})
    for scene in (running(), broken()):
        both = scene.see(other)
        assert (both.status.job_id, both.submission.other_handles) == ("job-1", ["job-2"])
        assert both.see(other).submission.other_handles == ["job-2"]
        assert both.see(o.Accepted({"backupId": "b-4", "jobId": "job-4"})).submission.other_handles == [
            "job-2",
            "job-4",
        ]
        assert both.see(o.Accepted({"backupId": "b-3"})).submission.other_handles == ["job-2", "b-3"]
    assert running().see(ACCEPTED).submission.other_handles is None
    assert running().see(o.Accepted({})).submission.other_handles is None
    assert a_job().but(cancel_token="c").see().see(other).status.submission is None


# -- looking for it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "evidence"), [(FOUND, Evidence.MARKER), (INFERRED, Evidence.INFERRED)])
def test_what_is_found_needs_no_waiting(found: o.Found, evidence: Evidence) -> None:
    scene = sending().see(o.Nothing(), found)
    assert (scene.handle, scene.status.job_id) == ({"jobId": "job-1"}, "job-1")
    assert scene.submission.evidence is evidence
    assert (scene.status.reason, scene.plan.action) == (Reason.FOUND, Observe())
    assert scene.status.message == "the submission was found again in the cloud"
    assert (scene.status.attempts or [])[-1].job_id == "job-1"


def test_what_is_found_brings_its_result() -> None:
    assert looking().see(o.Found({"backupId": "b"}, Evidence.INFERRED, {"backupId": "b"})).status.result == {
        "backupId": "b"
    }


def test_the_wait_is_counted_from_the_first_look_and_survives_a_restart() -> None:
    """Counted from the intent, a long outage would make the first look of a successor the last."""
    scene = sending().later(3600).see(o.Nothing(), ABSENT)
    assert (scene.submission.look_since, scene.submission.absent_since) == (scene.now, scene.now)
    assert scene.status.message == "the submission is being looked up in the cloud: not found so far"
    assert (scene.plan.action, scene.plan.again) == (None, 10.0)
    early = scene.later(129).see(o.Nothing(), ABSENT)
    assert (early.submission.absent_since, early.plan.again) == (scene.now, 1.0)
    assert early.submission.evidence is Evidence.SENDING
    late = early.later(1).see(o.Nothing(), ABSENT)
    assert (late.submission.evidence, late.plan.action) == (Evidence.ABSENT, Prepare(SUBMIT_STEP))
    assert late.status.reason == Reason.WAITING
    assert late.status.message == "the cloud did not take the submission; it is sent again"
    assert (late.submission.look_since, late.submission.absent_since) == (None, None)


def test_one_look_after_the_wait_is_not_enough() -> None:
    """A list that fails to show a job once is no proof."""
    scene = looking().later(500).see(o.Nothing(), ABSENT)
    assert (scene.submission.evidence, scene.plan.again) == (Evidence.SENDING, 1.0)
    assert scene.later(1).see(o.Nothing(), ABSENT).submission.evidence is Evidence.ABSENT


def test_two_looks_must_agree() -> None:
    scene = looking().see(ABSENT).later(60).see(o.Nothing(), UNDECIDED)
    assert scene.submission.absent_since is None
    assert scene.status.message == "the submission is being looked up in the cloud: two jobs could be it"
    scene = scene.later(100).see(o.Nothing(), ABSENT)
    assert scene.submission.evidence is Evidence.SENDING, "the first of two again"
    assert scene.later(1).see(o.Nothing(), ABSENT).submission.evidence is Evidence.ABSENT


def test_the_settle_time_is_the_connections() -> None:
    patient = Link(console=True, settle_seconds=600)
    scene = looking(link=patient).see(ABSENT).later(609).see(o.Nothing(), ABSENT)
    assert scene.submission.evidence is Evidence.SENDING
    assert scene.later(1).see(o.Nothing(), ABSENT).submission.evidence is Evidence.ABSENT


def test_it_is_sent_three_times_with_one_token_and_then_failed() -> None:
    """One token, so that a cloud that honours it makes one job; three sends, so that it ends."""
    scene = looking()
    for sends in (1, 2, 3):
        assert (scene.submission.sends, scene.submission.token, scene.attempt) == (sends, "t0", 1)
        scene = scene.see(ABSENT).later(130).see(o.Nothing(), ABSENT)
        if sends < 3:
            scene = scene.see(o.Prepared(f"t{sends}", "holder"), LOST)
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.SUBMISSION_FAILED)
    assert scene.status.completion_time == scene.now
    assert scene.status.message == "sent 3 times, and the cloud took none of them"
    assert scene.status.submission is None


def test_looks_go_on_at_their_pace() -> None:
    assert looking().see(UNDECIDED).plan.again == 10.0
    assert looking().later(125).see(UNREADABLE).plan.again == 1.5
    assert looking().see(ABSENT).later(124).see(o.Nothing(), ABSENT).plan.again == 6.0
    assert unknown().later(120).see().plan.action == Find()
    assert unknown().later(120).see(o.Nothing(), UNDECIDED).plan.again == 120.0
    assert looking().see(o.Unreadable(Reason.RATE_LIMITED, "429", 33.0)).plan.again == 33.0


def test_a_look_that_cannot_be_had_is_told_after_a_while() -> None:
    """ "On its way" for an hour is not the truth."""
    scene = sending().but(tries=1).see(UNREADABLE)
    assert scene.status.reason == Reason.SUBMITTING
    scene = sending().but(tries=2).see(UNREADABLE)
    assert scene.status.reason == Reason.LOOKING_FOR_SUBMISSION
    assert "the cloud is down" in (scene.status.message or "")
    assert scene.submission == sending().submission
    assert unknown().but(tries=2).see(UNREADABLE).status.message == unknown().status.message


def test_a_broken_connection_stops_the_looks_and_says_so() -> None:
    scene = looking().but(link=Link(problem=DOWN)).see()
    assert (scene.plan.action, scene.plan.again) == (None, 60.0)
    assert scene.status.reason == Reason.CONNECTION_NOT_READY
    soon = o.Blocked(Reason.CONNECTION_NOT_READY, "soon", 5.0)
    assert looking().but(link=Link(problem=soon)).see().plan.again == 5.0
    kept = unknown().but(link=Link(problem=DOWN)).see()
    assert (kept.status.reason, kept.table[-1]) == (Reason.SUBMISSION_UNKNOWN, "True")
    doubted = disproved().see(PREPARED, REFUSED).but(link=Link(problem=DOWN)).see()
    assert doubted.status.message == "no such collection", "it is the verdict if nothing is found"


# -- unknown ---------------------------------------------------------------------------------------------------------


def test_unknown_waits_for_a_person_and_says_what_to_write() -> None:
    scene = unknown()
    assert (scene.status.reason, scene.table) == (
        Reason.SUBMISSION_UNKNOWN,
        ("False", "Unknown", "False", "", "True"),
    )
    assert scene.status.message == (
        "two jobs could be it; decide with the annotation jobs.zilliz.com/resolve-submission: "
        "t0=adopt:<jobId>, t0=resubmit or t0=abandon"
    )
    assert (scene.status.state, scene.plan.action) == (State.PENDING, None)
    absent_once = scene.later(120).see(o.Nothing(), ABSENT)
    assert absent_once.status.message == scene.status.message, "the advice stays while nothing is proven"
    assert absent_once.table == scene.table
    assert absent_once.plan.again == 120.0


def test_unknown_is_not_claimed_before_the_settle_time() -> None:
    assert looking().later(129).see(o.Nothing(), UNDECIDED).submission.evidence is Evidence.SENDING


def test_what_shows_later_ends_the_doubt() -> None:
    assert unknown().later(120).see(o.Nothing(), FOUND).status.job_id == "job-1"
    scene = unknown().later(120).see(o.Nothing(), ABSENT).later(120).see(o.Nothing(), ABSENT)
    assert scene.plan.action == Prepare(SUBMIT_STEP)


def test_unknown_may_fail_by_policy() -> None:
    scene = unknown(on_unknown=OnSubmissionUnknown.FAIL)
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.SUBMISSION_UNKNOWN)
    assert scene.status.message == "two jobs could be it"
    assert scene.submission.token == "t0", "a person can still see what was sent"
    edited = unknown().edit(on_unknown=OnSubmissionUnknown.FAIL).see()
    assert edited.status.completion_time == edited.now
    assert (edited.status.state, edited.status.reason) == (State.FAILED, Reason.SUBMISSION_UNKNOWN)
    assert edited.status.message == "no look-up could tell whether the cloud took the submission"


def test_unknown_may_be_resubmitted_by_policy() -> None:
    scene = unknown(on_unknown=OnSubmissionUnknown.RESUBMIT)
    assert (scene.attempt, scene.status.state, scene.status.submission) == (2, State.PENDING, None)
    again = "two jobs could be it; submitted again (1 of 1), as retryPolicy.onSubmissionUnknown says"
    assert scene.status.message == again
    assert scene.status.reason == Reason.RETRY_SCHEDULED
    assert (scene.status.attempts or [])[-1].automatic == 1
    first = (scene.status.attempts or [])[0]
    assert (first.state, first.reason) == (State.UNKNOWN, Reason.SUBMISSION_UNKNOWN)
    assert scene.plan.action is None, "it waits, as a retry does"
    assert 15 <= (scene.plan.wake or 0) <= 30
    scene = scene.later(31).see()
    assert scene.plan.action == Prepare(SUBMIT_STEP)
    assert scene.see(o.Prepared("t1", "holder")).submission.token == "t1"


@pytest.mark.parametrize(
    ("limit", "attempts", "why"),
    [
        (None, 1, "is Resubmit, which without retryPolicy.limit submits again once; that was done"),
        (0, 0, "is Resubmit, but retryPolicy.limit 0 allows no other submission"),
        (3, 3, "is Resubmit, but retryPolicy.limit 3 is used up"),
    ],
)
def test_what_every_answer_is_lost_of_is_submitted_as_often_as_the_limit_says(limit, attempts, why) -> None:
    """Each time may cost, and run beside the others; without a bound it goes on all night."""
    scene = unknown(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=limit)
    waits: list[float] = []
    while scene.status.submission is None:
        waits.append(scene.plan.wake or 0)
        lost = (o.Prepared(f"t{len(waits)}", "holder"), o.EffectUnknown("the answer was lost"))
        scene = scene.later(int(waits[-1]) + 1).see(o.Nothing(), *lost, UNDECIDED).later(131)
        scene = scene.see(o.Nothing(), UNDECIDED)
    assert len(waits) == attempts
    assert all(later > 1.5 * earlier for earlier, later in pairwise(waits)), waits
    assert (scene.submission.evidence, scene.status.reason) == (Evidence.UNKNOWN, Reason.SUBMISSION_UNKNOWN)
    assert (scene.status.message or "").endswith(f"; onSubmissionUnknown {why}")
    assert scene.submission.token in (scene.status.message or ""), "a person is told how to decide"
    warned = [n for n in news(looking().status, scene.status) if n.reason == "SubmissionUnknown"]
    assert [(n.type, why in n.message) for n in warned] == [("Warning", True)]


def test_a_person_may_submit_again_past_the_limit_of_the_policy() -> None:
    scene = unknown(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=0)
    for turn in range(5):
        scene = resolve(scene.later(1), f"{scene.submission.token}=resubmit")
        assert (scene.attempt, scene.plan.action) == (turn + 2, Prepare(SUBMIT_STEP))
        assert scene.status.reason == Reason.WAITING
        scene = scene.see(o.Prepared(f"p{turn}", "holder"), o.EffectUnknown("lost"), UNDECIDED).later(131)
        scene = scene.see(o.Nothing(), UNDECIDED)


def test_a_limit_that_is_raised_lets_it_go_on() -> None:
    scene = unknown(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=0)
    scene = scene.edit(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=2).later(121).see(o.Nothing(), UNDECIDED)
    assert (scene.attempt, scene.status.reason) == (2, Reason.RETRY_SCHEDULED)


def test_a_cancel_that_waits_stops_the_policy_at_its_limit_too() -> None:
    scene = unknown(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=0).but(cancel_token="c").see()
    scene = scene.edit(on_unknown=OnSubmissionUnknown.RESUBMIT, limit=2).later(121).see(o.Nothing(), UNDECIDED)
    assert (scene.attempt, scene.submission.evidence) == (1, Evidence.UNKNOWN)


def test_what_a_person_wants_cancelled_is_not_resubmitted_by_policy() -> None:
    """The object would be Canceled while its first submission runs."""
    policy = {"on_unknown": OnSubmissionUnknown.RESUBMIT}
    scene = looking(**policy).but(cancel_token="c").see().later(130).see(o.Nothing(), UNDECIDED)
    assert (scene.attempt, scene.submission.evidence) == (1, Evidence.UNKNOWN)
    failing = looking(on_unknown=OnSubmissionUnknown.FAIL).but(cancel_token="c").see().later(130)
    assert failing.see(o.Nothing(), UNDECIDED).status.state is State.FAILED


def test_without_a_source_nothing_is_resubmitted_by_policy() -> None:
    scene = looking(on_unknown=OnSubmissionUnknown.RESUBMIT).but(has_source=False).later(130)
    assert scene.see(o.Nothing(), UNDECIDED).submission.evidence is Evidence.UNKNOWN


# -- resolve-submission ----------------------------------------------------------------------------------------------


def resolve(scene: Scene, text: str) -> Scene:
    return scene.but(resolve_token=text).see()


def outcome(scene: Scene) -> tuple[Outcome | None, str | None]:
    assert scene.status.resolution is not None
    return scene.status.resolution.outcome, scene.status.resolution.reason


@pytest.mark.parametrize(
    ("scene", "text", "expected"),
    [
        pytest.param(unknown, "t0=resubmit", (Outcome.COMPLETED, Reason.RESOLVED), id="resubmit acts at once"),
        pytest.param(unknown, "t0=abandon", (Outcome.COMPLETED, Reason.RESOLVED), id="abandon acts at once"),
        pytest.param(
            unknown, "t0=adopt:j", (Outcome.REQUESTED, Reason.LOOKING_FOR_SUBMISSION), id="adopt reads the job first"
        ),
        pytest.param(
            looking, "t0=resubmit", (Outcome.REQUESTED, Reason.LOOKING_FOR_SUBMISSION), id="a look-up is awaited"
        ),
        pytest.param(unknown, "old=resubmit", (Outcome.REFUSED, Reason.STALE_TOKEN), id="another token is stale"),
        pytest.param(a_job, "t0=resubmit", (Outcome.REFUSED, Reason.STALE_TOKEN), id="nothing is open"),
        pytest.param(running, "t0=resubmit", (Outcome.REFUSED, Reason.STALE_TOKEN), id="it was found already"),
        pytest.param(
            lambda: unknown(on_unknown=OnSubmissionUnknown.FAIL),
            "t0=resubmit",
            (Outcome.REFUSED, Reason.STALE_TOKEN),
            id="the job has ended already",
        ),
        pytest.param(unknown, "t0", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="a token without a decision"),
        pytest.param(unknown, "t0=delete", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="an unknown verb"),
        pytest.param(unknown, "t0=adopt", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="adopt without an id"),
        pytest.param(unknown, "t0=adopt: ", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="adopt with a blank id"),
        pytest.param(unknown, "t0=abandon:j", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="abandon with an id"),
        pytest.param(unknown, "t0=abandon:", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="abandon with a colon"),
        pytest.param(unknown, "=abandon", (Outcome.REFUSED, Reason.BAD_RESOLUTION), id="no token"),
        pytest.param(
            unknown, "t0=adopt:" + "j" * 250, (Outcome.REFUSED, Reason.TOKEN_TOO_LONG), id="too long a text"
        ),
        pytest.param(
            lambda: unknown().but(has_source=False),
            "t0=resubmit",
            (Outcome.REFUSED, Reason.NO_SOURCE),
            id="there is nothing to send again",
        ),
    ],
)
def test_a_resolution_is_judged(scene: object, text: str, expected: tuple[Outcome, Reason]) -> None:
    """It decides over money, so it acts for the submission that it names, or says why not."""
    after = resolve(scene(), text)  # type: ignore[operator]
    assert outcome(after) == expected
    assert after.status.resolution.time == after.now  # type: ignore[union-attr]
    assert after.status.resolution.message  # type: ignore[union-attr]


def test_a_person_resubmits() -> None:
    scene = resolve(unknown(limit=1, resubmit=True), "t0=resubmit")
    assert (scene.attempt, scene.plan.action) == (2, Prepare(SUBMIT_STEP))
    assert scene.status.message == "submitted again, as the annotation said"
    assert scene.status.resolution.message == "decided by annotation: resubmit"  # type: ignore[union-attr]
    row = (scene.status.attempts or [])[-1]
    assert (row.automatic, row.not_before) == (None, scene.now)
    sent = scene.see(o.Prepared("t1", "h"), LOST).later(200).see(o.Nothing(), UNDECIDED)
    assert (sent.attempt, outcome(sent)[0]) == (2, Outcome.COMPLETED), "the old annotation decides nothing later"


def test_a_person_abandons() -> None:
    scene = resolve(unknown(limit=3, resubmit=True), "t0=abandon")
    assert (scene.status.state, scene.status.reason) == (State.FAILED, Reason.SUBMISSION_UNKNOWN)
    assert scene.status.message == ("given up by annotation; what became of the submission in the cloud is unknown")
    assert scene.status.completion_time == scene.now


def test_a_refused_resolution_changes_nothing_else() -> None:
    for text in ("old=abandon", "nonsense", "t0=resubmit" + " " * 250):
        scene = resolve(unknown(), text)
        assert (scene.attempt, scene.status.state) == (1, State.PENDING)
        assert outcome(scene)[0] is Outcome.REFUSED
        assert scene.later(120).see(o.Nothing(), UNDECIDED).status.resolution == scene.status.resolution


def test_a_decision_that_is_too_long_to_be_kept_decides_nothing() -> None:
    """What cannot be mirrored cannot be recognised later, and would act with each pass."""
    scene = resolve(unknown(), "t0" + " " * 300 + "=resubmit")
    assert outcome(scene) == (Outcome.REFUSED, Reason.TOKEN_TOO_LONG)
    assert (scene.attempt, scene.submission.evidence) == (1, Evidence.UNKNOWN)


def test_a_decision_outlives_its_annotation() -> None:
    scene = resolve(looking(), "t0=abandon").but(resolve_token=None).later(130).see(o.Nothing(), UNDECIDED)
    assert (scene.status.state, outcome(scene)[0]) == (State.FAILED, Outcome.COMPLETED)
    assert scene.status.resolution.token == "t0=abandon"  # type: ignore[union-attr]


def test_a_decision_waits_for_the_look_up_and_comes_before_the_policy() -> None:
    for policy in OnSubmissionUnknown:
        scene = resolve(looking(on_unknown=policy), "t0=abandon")
        assert scene.plan.action == Find()
        assert scene.status.resolution.message == (  # type: ignore[union-attr]
            "is carried out as soon as the look-up has given up"
        )
        scene = scene.later(130).see(o.Nothing(), UNDECIDED)
        assert (scene.status.state, outcome(scene)) == (State.FAILED, (Outcome.COMPLETED, Reason.RESOLVED))
        assert scene.attempt == 1


def test_a_decision_comes_too_late_for_what_was_found() -> None:
    scene = resolve(looking(), "t0=resubmit").see(FOUND)
    assert (scene.status.job_id, outcome(scene)) == ("job-1", (Outcome.REFUSED, Reason.STALE_TOKEN))


def test_a_person_names_the_job() -> None:
    scene = resolve(looking(), "t0 = adopt:x".replace(" ", ""))
    assert scene.plan.action == Adopt("x")
    scene = scene.later(3).see(seen(job_id="x", progress=30))
    assert scene.status.resolution.time == scene.now  # type: ignore[union-attr]
    assert scene.status.last_progress_time == scene.now
    assert (scene.status.job_id, scene.submission.evidence) == ("x", Evidence.ADOPTED)
    assert (scene.submission.token, scene.submission.handle) == ("t0", {"jobId": "x"})
    assert outcome(scene) == (Outcome.COMPLETED, Reason.ADOPTED)
    assert scene.status.resolution.message == (  # type: ignore[union-attr]
        "follows job x, which was started elsewhere"
    )
    assert (scene.status.state, scene.status.progress_percent) == (State.IN_PROGRESS, 30)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (o.Missing(), Reason.ADOPT_NOT_FOUND),
        (o.Blocked(Reason.ALREADY_HELD, "another object has it"), Reason.ALREADY_HELD),
    ],
    ids=["no such job", "another object's job"],
)
def test_a_wrong_job_is_refused_and_the_submission_stays_open(answer: o.Observation, expected: Reason) -> None:
    before = unknown()
    scene = resolve(before, "t0=adopt:x").later(3).see(answer)
    assert scene.status.resolution.time == scene.now  # type: ignore[union-attr]
    assert outcome(scene) == (Outcome.REFUSED, expected)
    assert (scene.status.submission, scene.status.message) == (before.status.submission, before.status.message)
    assert scene.plan.action == Find()


def test_the_job_cannot_be_read_at_the_moment() -> None:
    scene = resolve(unknown(), "t0=adopt:x").see(UNREADABLE)
    assert (outcome(scene)[0], scene.plan.action, scene.plan.again) == (Outcome.REQUESTED, None, 1.5)
    assert scene.later(2).see().plan.action == Adopt("x")
    cut = resolve(unknown().but(link=Link(problem=DOWN)), "t0=adopt:x")
    assert (cut.plan.action, cut.plan.again) == (None, 60.0)


def test_a_deadline_tells_the_decision_that_it_came_too_late() -> None:
    scene = resolve(unknown(start_deadline_seconds=200), "t0=adopt:x").later(600).see()
    assert (scene.status.state, outcome(scene)) == (State.FAILED, (Outcome.REFUSED, Reason.ALREADY_FINISHED))
    assert scene.status.resolution.time == scene.now  # type: ignore[union-attr]
    assert scene.status.resolution.message == (  # type: ignore[union-attr]
        "the job ended before its submission could be decided: Failed"
    )


def test_a_decision_of_this_very_moment_comes_before_the_policy_fail() -> None:
    scene = resolve(unknown().edit(on_unknown=OnSubmissionUnknown.FAIL), "t0=adopt:x")
    assert (scene.plan.action, outcome(scene)[0]) == (Adopt("x"), Outcome.REQUESTED)
    failed = scene.see(o.Missing())
    assert failed.later(1).see().status.state is State.FAILED


# -- adopt -----------------------------------------------------------------------------------------------------------


def test_an_adopted_job_is_followed_and_never_submitted() -> None:
    scene = a_job(adopt="job-9").see()
    assert scene.plan.action == Adopt("job-9")
    scene = scene.see(seen(job_id="job-9", progress=40))
    assert (scene.status.job_id, scene.submission.evidence, scene.attempt) == ("job-9", Evidence.ADOPTED, 1)
    assert (scene.submission.intent_time, scene.submission.sends) == (scene.now, 0)
    assert (scene.status.reason, scene.status.state) == (Reason.IN_PROGRESS, State.IN_PROGRESS)
    assert adopted().see(DONE).status.state is State.SUCCESSFUL
    strange = a_job(adopt="job-9").see(o.Nothing(), seen(None, "WOBBLING"))
    assert strange.status.reason == Reason.UNKNOWN_CLOUD_STATUS
    ended_long_ago = a_job(IMPORT, adopt="job-9", limit=1).see(o.Nothing(), BROKEN)
    assert (ended_long_ago.attempt, ended_long_ago.plan.again) == (2, 23.0)


@pytest.mark.parametrize(
    ("answer", "reason", "message"),
    [
        (o.Missing(), Reason.ADOPT_NOT_FOUND, "the cloud knows no job job-9"),
        (o.Blocked(Reason.ADOPT_TYPE_MISMATCH, "it is an import"), Reason.ADOPT_TYPE_MISMATCH, "it is an import"),
    ],
    ids=["no such job", "another type"],
)
def test_what_cannot_be_adopted_says_why_and_is_tried_again(answer: object, reason: Reason, message: str) -> None:
    scene = a_job(adopt="job-9").see(o.Nothing(), answer)  # type: ignore[arg-type]
    assert (scene.status.reason, scene.status.message, scene.status.submission) == (reason, message, None)
    assert (scene.plan.action, scene.plan.again) == (None, 1.5)
    assert scene.later(2).see().plan.action == Adopt("job-9")
    hurried = a_job(adopt="job-9", start_deadline_seconds=1).see(o.Nothing(), answer)  # type: ignore[arg-type]
    assert hurried.plan.again == 1.0


def test_a_job_to_adopt_that_cannot_be_read_says_why_after_a_while() -> None:
    scene = a_job(adopt="job-9").see(o.Nothing(), UNREADABLE)
    assert (scene.status.reason, scene.plan.again) == (Reason.WAITING, 1.5)
    scene = scene.but(tries=2).see(UNREADABLE)
    assert (scene.status.reason, scene.status.message) == (Reason.CLOUD_UNREACHABLE, "the cloud is down")


def test_an_adopted_import_that_failed_may_be_retried() -> None:
    scene = adopted(IMPORT, limit=1).see(BROKEN)
    assert (scene.attempt, scene.plan.action) == (2, None)
    assert scene.later(30).see().plan.action is not None


# -- following -------------------------------------------------------------------------------------------------------


def test_the_status_shows_what_the_cloud_shows() -> None:
    start, end = NOON + timedelta(seconds=3), NOON + timedelta(minutes=9)
    scene = submitted().see(
        seen(
            progress=10,
            job_id="job-1",
            start_time=start,
            estimated_end=end,
            created_by="ann",
            result={"backupId": "b"},
            message="copying",
        )
    )
    status = scene.status
    assert (status.state, status.cloud_status, status.progress_percent) == (State.IN_PROGRESS, "RUNNING", 10)
    assert (status.start_time, status.estimated_completion_time, status.created_by) == (start, end, "ann")
    assert (status.result, status.reason, status.message) == ({"backupId": "b"}, Reason.IN_PROGRESS, "copying")
    row = (status.attempts or [])[-1]
    assert (row.start_time, row.state, row.reason, row.message) == (start, State.IN_PROGRESS, None, None)
    less = scene.later(60).see(seen())
    assert (less.status.progress_percent, less.status.start_time, less.status.created_by) == (10, start, "ann")
    assert (less.status.result, less.status.job_id) == ({"backupId": "b"}, "job-1")
    assert less.status.estimated_completion_time is None
    assert less.status.message == Reason.IN_PROGRESS.phrase
    queued = submitted().see(seen(State.PENDING, "PENDING"))
    assert (queued.status.state, queued.status.reason) == (State.PENDING, Reason.PENDING)


def test_progress_moves_only_when_it_moves() -> None:
    """A time that moves with each look makes each look a write, and a stalled job look alive."""
    scene = running()
    moved = scene.status.last_progress_time
    assert moved == scene.now
    assert scene.later(60).see(RUNNING).status.last_progress_time == moved
    assert scene.later(60).see(seen()).status.last_progress_time == moved, "progress left out is no progress"
    assert scene.later(60).see(seen(progress=11)).status.last_progress_time == scene.now + timedelta(seconds=60)
    assert scene.later(60).see(seen(word="MORE")).status.last_progress_time == scene.now + timedelta(seconds=60)


def test_an_id_that_shows_later_is_kept() -> None:
    scene = looking().see(o.Found({"backupId": "b"}, Evidence.INFERRED))
    assert scene.status.job_id is None
    scene = scene.see(seen(job_id="job-5"))
    assert (scene.status.job_id, scene.handle) == ("job-5", {"backupId": "b", "jobId": "job-5"})
    assert running().see(seen(job_id="other")).handle == {"jobId": "job-1"}


def test_a_strange_word_is_neither_an_end_nor_an_error() -> None:
    scene = running().see(seen(None, "WOBBLING"))
    assert (scene.status.state, scene.status.cloud_status) == (State.IN_PROGRESS, "WOBBLING")
    assert scene.status.reason == Reason.UNKNOWN_CLOUD_STATUS
    assert scene.status.message == "the cloud reports the unknown status 'WOBBLING'"
    assert scene.plan.again is not None
    assert scene.status.completion_time is None
    scene = scene.see(seen(None, ""))
    assert (scene.status.state, scene.status.message) == (State.IN_PROGRESS, "the cloud reports no status")


@pytest.mark.parametrize(
    ("end", "state", "reason", "message"),
    [
        (DONE, State.SUCCESSFUL, Reason.SUCCESSFUL, "the job ended well"),
        (BROKEN, State.FAILED, Reason.JOB_FAILED, "disk full"),
        (seen(State.FAILED, "FAILED"), State.FAILED, Reason.JOB_FAILED, "the cloud gave no reason"),
        (seen(State.CANCELED, "CANCELED"), State.CANCELED, Reason.CANCELED, "the job was cancelled"),
        (seen(State.UNKNOWN), State.UNKNOWN, Reason.OUTCOME_UNKNOWN, "what the job made is gone from the cloud"),
        (seen(State.SUCCESSFUL, message="ok"), State.SUCCESSFUL, Reason.SUCCESSFUL, "ok"),
        (seen(State.CANCELED, message="by ann"), State.CANCELED, Reason.CANCELED, "by ann"),
        (seen(State.UNKNOWN, message="gone"), State.UNKNOWN, Reason.OUTCOME_UNKNOWN, "gone"),
    ],
)
def test_the_end_is_the_clouds(end: o.Seen, state: State, reason: Reason, message: str) -> None:
    scene = running().later(60).see(end)
    assert (scene.status.state, scene.status.reason, scene.status.message) == (state, reason, message)
    assert scene.status.completion_time == (end.end_time or scene.now)
    assert scene.status.estimated_completion_time is None
    assert scene.status.progress_percent == (100 if state is State.SUCCESSFUL else 10)
    row = (scene.status.attempts or [])[-1]
    assert (row.state, row.reason, row.message) == (state, reason, message)
    assert row.completion_time == scene.status.completion_time
    assert (scene.plan.action, scene.plan.again) == (None, None)


@pytest.mark.parametrize("state", [s for s in State if s.finished])
def test_the_end_is_dated_by_the_cloud_where_it_tells(state: State) -> None:
    """A job that ended at night did not end when the operator came back in the morning."""
    night = NOON + timedelta(minutes=1)
    scene = running().later(9000).see(o.Seen(state, state.upper(), end_time=night))
    assert (scene.status.state, scene.status.completion_time) == (state, night)
    policy = running(limit=1, resubmit=True).later(9000).see(o.Seen(state, state.upper(), end_time=night))
    assert (policy.status.attempts or [])[0].completion_time == night


def test_the_last_word_of_the_cloud_is_progress() -> None:
    scene = running().later(60).see(DONE)
    assert scene.status.last_progress_time == scene.now


def test_one_failed_read_is_no_news_and_a_row_of_them_is() -> None:
    assert running().see(UNREADABLE).status == running().status
    assert running().but(tries=1).see(UNREADABLE).status == running().status
    scene = running().but(tries=2).see(UNREADABLE)
    assert (scene.status.reason, scene.status.message) == (Reason.CLOUD_UNREACHABLE, "the cloud is down")
    assert scene.status.state is State.IN_PROGRESS
    assert running().see(o.Unreadable(Reason.RATE_LIMITED, "429", 40.0)).plan.again == 40.0


def test_a_running_job_says_when_its_connection_is_broken() -> None:
    """ "InProgress" that nobody has looked at for a day is not the truth."""
    scene = running().but(link=Link(problem=DOWN)).see()
    assert (scene.status.reason, scene.status.message) == (Reason.CONNECTION_NOT_READY, "the connection is not ready")
    assert (scene.status.state, scene.plan.action, scene.plan.again) == (State.IN_PROGRESS, None, 60.0)
    soon = o.Blocked(Reason.CONNECTION_NOT_READY, "soon", 5.0)
    assert running().but(link=Link(problem=soon)).see().plan.again == 5.0
    healed = scene.but(link=Link(console=True)).later(60).see(o.Nothing(), RUNNING)
    assert healed.status.reason == Reason.IN_PROGRESS


def test_words_meant_for_a_waiting_job_do_not_reach_a_running_one() -> None:
    late = o.Blocked(Reason.SECRET_NOT_FOUND, "no secret")
    for scene in (running(), looking(), unknown()):
        assert scene.see(late).status == scene.status


# -- missing ---------------------------------------------------------------------------------------------------------


def test_a_job_that_is_not_shown_is_asked_for_over_a_grace_period() -> None:
    """One failing read is never "gone"."""
    scene = running().see(o.Missing())
    assert (scene.status.reason, scene.status.state) == (Reason.JOB_NOT_SEEN, State.IN_PROGRESS)
    assert scene.status.message == "the cloud does not show the job at the moment"
    assert (scene.submission.missing_since, scene.plan.again) == (scene.now, 2.0)
    later = scene.later(599).see(o.Nothing(), o.Missing())
    assert (later.status.state, later.submission.missing_since) == (State.IN_PROGRESS, scene.now)
    gone = later.later(1).see(o.Nothing(), o.Missing())
    assert (gone.status.state, gone.status.reason) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    assert gone.status.message == "the cloud forgot the job before its end was seen"
    assert gone.status.completion_time == gone.now


def test_a_job_that_shows_again_is_not_missing() -> None:
    scene = running().see(o.Missing()).later(500).see(o.Nothing(), RUNNING)
    assert (scene.submission.missing_since, scene.status.reason) == (None, Reason.IN_PROGRESS)
    assert scene.later(500).see(o.Nothing(), o.Missing()).status.completion_time is None


def test_the_grace_runs_only_while_the_connection_is_ready() -> None:
    """A key that lost its project would make every job look forgotten."""
    scene = running().see(o.Missing()).later(300).but(link=Link(problem=DOWN)).see()
    assert scene.submission.missing_since is None
    scene = scene.later(900).but(link=Link(console=True)).see(o.Nothing(), o.Missing())
    assert scene.status.completion_time is None


def test_a_job_that_was_named_and_never_shown_is_lost() -> None:
    scene = submitted().see(o.Missing()).later(600).see(o.Nothing(), o.Missing())
    assert (scene.status.state, scene.status.reason) == (State.UNKNOWN, Reason.JOB_LOST)
    assert scene.status.message == "the cloud named the job but never showed it"


def test_a_finished_job_keeps_its_end_when_the_cloud_forgets_it() -> None:
    assert running().see(DONE).later(9).see(o.Missing()).status.state is State.SUCCESSFUL


def test_a_waiting_job_is_not_missing() -> None:
    assert a_job().see(o.Missing()).status.reason == Reason.WAITING
    assert looking().see(o.Missing()).submission.missing_since is None


def test_kinds_do_not_matter_to_the_protocol() -> None:
    assert looking(IMPORT).status.submission == looking(BACKUP).status.submission


def test_a_later_send_compares_with_what_the_first_look_saw():
    """An effect of the first send that shows late would else pass for something that had always been there."""
    scene = disproved()
    first = scene.status.submission
    later = o.Prepared("t9", "other", {"backups": ["b1", "late"]}, NOON + timedelta(minutes=5))
    again = scene.see(later).status.submission
    assert (again.token, again.baseline, again.cloud_time) == (first.token, {"backups": ["b1"]}, NOON)
    assert (again.holder, again.sends) == ("other", 2)
