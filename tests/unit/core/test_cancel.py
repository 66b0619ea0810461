"""Cancel: what a person may ask, what is answered, and what a deadline or a policy may do unasked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BACKUP,
    BROKEN,
    CANCELED,
    CLUSTER,
    DONE,
    DOWN,
    IMPORT,
    MIGRATION,
    PREPARED,
    RESTORE,
    RUNNING,
    Scene,
    a_job,
    adopted,
    broken,
    disproved,
    forgotten,
    inferred,
    looking,
    running,
    seen,
    submitted,
    succeeded,
    unknown,
)

from zilliz_jobs.api.jobstatus import Evidence, Outcome, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Adopt, Cancel, Find, Observe
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link, Traits


def asked(scene: Scene, word: str = "now") -> Scene:
    return scene.but(cancel_token=word).see()


def outcome(scene: Scene) -> tuple[Outcome | None, str | None]:
    assert scene.status.cancel is not None
    return scene.status.cancel.outcome, scene.status.cancel.reason


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        pytest.param(a_job, (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION), id="a new job ends at once"),
        pytest.param(
            lambda: a_job(RESTORE),
            (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION),
            id="before its submission, also a kind without cancel ends at once",
        ),
        pytest.param(
            lambda: a_job(suspend=True).see(),
            (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION),
            id="a suspended job ends at once",
        ),
        pytest.param(
            disproved, (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION), id="a submission proven absent ends"
        ),
        pytest.param(
            lambda: broken(limit=1, resubmit=True),
            (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION),
            id="between two attempts the job ends",
        ),
        pytest.param(looking, (Outcome.REQUESTED, Reason.CANCEL_REQUESTED), id="an open submission is found first"),
        pytest.param(unknown, (Outcome.REQUESTED, Reason.CANCEL_REQUESTED), id="an unknown submission keeps it"),
        pytest.param(running, (Outcome.REQUESTED, Reason.CANCEL_REQUESTED), id="a running job is asked of the cloud"),
        pytest.param(
            lambda: running(RESTORE), (Outcome.REFUSED, Reason.KIND_HAS_NO_CANCEL), id="a restore has no cancel"
        ),
        pytest.param(
            lambda: running().but(link=Link()),
            (Outcome.REFUSED, Reason.NO_PUBLIC_API),
            id="without the console API a person is told what to do",
        ),
        pytest.param(
            lambda: running(MIGRATION).but(link=Link()),
            (Outcome.REQUESTED, Reason.CANCEL_REQUESTED),
            id="a kind with a public cancel needs no console API",
        ),
        pytest.param(
            lambda: running().but(link=Link(problem=DOWN)),
            (Outcome.REQUESTED, Reason.CANCEL_REQUESTED),
            id="a broken connection keeps the request, even if it hides that there is a console API",
        ),
        pytest.param(
            lambda: looking().see(o.Found({"backupId": "b"}, Evidence.MARKER)),
            (Outcome.REFUSED, Reason.JOB_ID_UNKNOWN),
            id="a job without an id cannot be addressed",
        ),
        pytest.param(succeeded, (Outcome.REFUSED, Reason.ALREADY_FINISHED), id="a successful job keeps its end"),
        pytest.param(broken, (Outcome.REFUSED, Reason.ALREADY_FINISHED), id="a failed job keeps its end"),
        pytest.param(forgotten, (Outcome.REFUSED, Reason.ALREADY_FINISHED), id="a forgotten job keeps its end"),
        pytest.param(
            lambda: a_job(adopt="job-9").see(),
            (Outcome.REQUESTED, Reason.CANCEL_REQUESTED),
            id="a job to adopt is adopted first",
        ),
        pytest.param(
            lambda: adopted(limit=1, resubmit=True).see(BROKEN),
            (Outcome.COMPLETED, Reason.CANCELED_BEFORE_SUBMISSION),
            id="the second attempt of an adopted job is not adopted, so it ends at once",
        ),
    ],
)
def test_a_cancel_is_judged(scene: object, expected: tuple[Outcome, Reason]) -> None:
    """A person who asks for a cancel learns within one pass what becomes of it."""
    assert outcome(asked(scene())) == expected  # type: ignore[operator]


def test_a_cancel_is_carried_out_and_ends_with_the_clouds_word() -> None:
    """A job that is called Canceled while the cloud still works on it costs money unseen."""
    scene = asked(running()).see(RUNNING)
    assert scene.plan.action == Cancel()
    assert scene.status.cancel.message == "the cloud is asked to cancel the job"  # type: ignore[union-attr]
    scene = scene.later(2).see(o.CancelAccepted())
    assert outcome(scene) == (Outcome.ACCEPTED, Reason.CANCEL_ACCEPTED)
    assert scene.status.cancel.message == "the cloud accepted the cancel"  # type: ignore[union-attr]
    assert scene.status.cancel.time == scene.now  # type: ignore[union-attr]
    assert (scene.status.state, scene.plan.again) == (State.IN_PROGRESS, 2.0)
    scene = scene.later(5).see(o.Nothing(), seen(word="CANCELING"))
    assert (scene.status.state, scene.status.reason) == (State.IN_PROGRESS, Reason.CANCELING)
    assert scene.plan.action is None
    scene = scene.later(5).see(o.Nothing(), CANCELED)
    assert (scene.status.state, scene.status.reason) == (State.CANCELED, Reason.CANCELED)
    assert scene.status.message == "the job was cancelled"
    assert outcome(scene) == (Outcome.COMPLETED, Reason.CANCELED)
    assert scene.status.cancel.message == "the job is cancelled"  # type: ignore[union-attr]
    assert scene.status.cancel.time == scene.status.completion_time == scene.now  # type: ignore[union-attr]


def test_before_submission_the_job_is_canceled_at_once() -> None:
    """A job that nobody wants any more must never be sent."""
    scene = asked(a_job(RESTORE))
    assert (scene.status.state, scene.status.reason) == (State.CANCELED, Reason.CANCELED_BEFORE_SUBMISSION)
    assert scene.status.message == "cancelled before anything was sent to the cloud"
    assert scene.status.cancel.message == scene.status.message  # type: ignore[union-attr]
    assert (scene.status.completion_time, scene.plan.action) == (scene.now, None)
    assert asked(disproved()).status.submission is None


def test_a_cancel_that_comes_while_the_submission_is_prepared_stops_it() -> None:
    """An import cannot be cancelled later, so the last moment before the intent counts."""
    scene = a_job(IMPORT).see().but(cancel_token="now").see(PREPARED)
    assert (scene.status.state, scene.status.submission, scene.plan.action) == (State.CANCELED, None, None)


@pytest.mark.parametrize("end", [DONE, BROKEN], ids=["success", "failure"])
@pytest.mark.parametrize("answered", [False, True], ids=["before the answer", "after the answer"])
def test_a_cancel_that_loses_the_race_says_so(end: o.Seen, answered: bool) -> None:
    """The real end stands; claiming Canceled for finished work would hide it."""
    scene = asked(running())
    if answered:
        scene = scene.see(RUNNING, o.CancelAccepted())
    scene = scene.later(600).see(end)
    assert scene.status.cancel.time == scene.now, "when we knew, whatever the cloud's clock says"  # type: ignore[union-attr]
    assert scene.status.state is end.state
    assert outcome(scene) == (Outcome.REFUSED, Reason.ALREADY_FINISHED)
    assert scene.status.cancel.message == (  # type: ignore[union-attr]
        f"the job ended before it could be cancelled: {end.state}"
    )


def test_a_failure_after_a_cancel_is_not_retried() -> None:
    """Who cancels a job does not want its next attempt."""
    scene = asked(running(limit=3, resubmit=True)).see(BROKEN)
    assert (scene.status.state, scene.attempt) == (State.FAILED, 1)
    scene = asked(running(limit=3, resubmit=True)).see(RUNNING, o.CancelAccepted(), BROKEN)
    assert (scene.status.state, scene.attempt) == (State.FAILED, 1)
    refused = asked(running(limit=3, resubmit=True)).see(RUNNING, o.CancelRefused(Reason.NO_PERMISSION, "no"), BROKEN)
    assert (refused.status.state, refused.attempt) == (State.PENDING, 2)


def test_the_clouds_refusal_is_told_and_changes_nothing_else() -> None:
    before = asked(running()).see(RUNNING).later(2)
    scene = before.see(o.CancelRefused(Reason.NO_PERMISSION, "not your job"))
    assert scene.status.cancel.time == scene.now  # type: ignore[union-attr]
    assert outcome(scene) == (Outcome.REFUSED, Reason.NO_PERMISSION)
    assert scene.status.cancel.message == "not your job"  # type: ignore[union-attr]
    assert scene.status.but(cancel=None) == before.status.but(cancel=None)
    assert scene.plan.again == 2.0
    assert scene.later(9).see(o.Nothing(), RUNNING).plan.action is None, "it is not asked again"


def test_an_unclear_answer_is_repeated() -> None:
    """A lost answer must not lose the cancel."""
    scene = asked(running()).see(RUNNING, o.CancelUnclear("reset", 7.0))
    assert outcome(scene)[0] is Outcome.REQUESTED
    assert (scene.status.cancel.message, scene.plan.again) == ("reset", 7.0)  # type: ignore[union-attr]
    assert scene.later(7).see(o.Nothing(), RUNNING).plan.action == Cancel()


def test_a_cancel_waits_for_the_look_up_and_then_goes_out() -> None:
    scene = asked(looking())
    assert (scene.plan.action, scene.status.cancel.message) == (  # type: ignore[union-attr]
        Find(),
        "waits until the open submission is found",
    )
    scene = scene.see(o.Found({"jobId": "job-1"}, Evidence.INFERRED))
    assert scene.plan.action == Observe(at_once=True)
    assert scene.see(RUNNING).plan.action == Cancel(), "a person may cancel what is held by inference"


def test_a_cancel_during_the_look_up_of_a_kind_without_cancel_is_refused_when_found() -> None:
    scene = asked(looking(IMPORT)).see(o.Found({"jobId": "job-1"}, Evidence.MARKER))
    assert outcome(scene) == (Outcome.REFUSED, Reason.KIND_HAS_NO_CANCEL)


def test_a_cancel_ends_what_the_look_up_proves_absent() -> None:
    scene = asked(looking()).see(o.Absent()).later(130).see(o.Nothing(), o.Absent())
    assert (scene.status.state, scene.plan.action) == (State.CANCELED, None)


def test_a_job_to_adopt_is_cancelled_once_it_is_adopted() -> None:
    scene = asked(a_job(adopt="job-9").see())
    assert (scene.plan.action, scene.status.cancel.message) == (  # type: ignore[union-attr]
        Adopt("job-9"),
        "waits until the job to adopt is found",
    )
    assert scene.see(seen(job_id="job-9")).plan.action == Cancel()


def test_a_broken_connection_only_delays_a_cancel() -> None:
    scene = asked(running().but(link=Link(problem=DOWN)))
    assert "the connection is not ready" in scene.status.cancel.message  # type: ignore[union-attr, operator]
    assert scene.plan.action is None
    assert scene.but(link=Link(console=True)).later(60).see(o.Nothing(), RUNNING).plan.action == Cancel()


def test_without_the_console_api_a_person_is_told_the_way_out() -> None:
    assert asked(running().but(link=Link())).status.cancel.message == (  # type: ignore[union-attr]
        "the cloud's public API has no cancel; cancel the job in the web console (the object follows it), "
        "or set consoleApi.enabled on the connection and ask again with a new token"
    )


def test_a_waiting_cancel_is_judged_anew_when_the_way_is_gone() -> None:
    """A request that could never be carried out must not wait for ever."""
    scene = asked(running()).but(link=Link()).see()
    assert outcome(scene) == (Outcome.REFUSED, Reason.NO_PUBLIC_API)


def test_an_annotation_that_is_removed_does_not_take_the_request_back() -> None:
    """It was mirrored, so it stands; else a GitOps tool that prunes annotations would undo a person's cancel."""
    scene = asked(looking(), "a").later(5).but(cancel_token=None).see()
    request = scene.status.cancel
    assert request is not None
    assert (request.token, request.outcome, request.time) == (
        "a",
        Outcome.REQUESTED,
        scene.now - timedelta(seconds=5),
    )
    refused = scene.but(link=Link()).see(o.Found({"jobId": "job-1"}, Evidence.MARKER))
    assert refused.status.cancel.token == "a"  # type: ignore[union-attr]
    assert outcome(refused) == (Outcome.REFUSED, Reason.NO_PUBLIC_API)


def test_one_token_is_one_request() -> None:
    """A token that stays in Git must not cancel the job's later life."""
    scene = asked(running(), "a").see(RUNNING, o.CancelRefused(Reason.NO_PERMISSION, "no"))
    mirrored = scene.status.cancel
    scene = scene.later(60).see(o.Nothing(), RUNNING)
    assert scene.status.cancel == mirrored
    assert asked(scene, "b").see(RUNNING).plan.action == Cancel()


def test_a_token_that_is_too_long_is_refused_once() -> None:
    scene = asked(running(), "x" * 257)
    assert outcome(scene) == (Outcome.REFUSED, Reason.TOKEN_TOO_LONG)
    assert scene.status.cancel.token == "x" * 256  # type: ignore[union-attr]
    assert scene.status.cancel.message == (  # type: ignore[union-attr]
        "the token has 257 characters; at most 256 are allowed"
    )
    assert scene.later(60).see().status.cancel == scene.status.cancel
    assert outcome(asked(running(), "x" * 256))[0] is Outcome.REQUESTED


def test_a_late_cancel_answer_does_not_touch_a_job_that_nobody_cancelled() -> None:
    scene = submitted().see(o.CancelUnclear("late"))
    assert (scene.status.cancel, scene.submission.cancel_time) == (None, None)
    for late in (o.CancelAccepted(), o.CancelRefused(Reason.NO_PERMISSION, "no")):
        assert looking().see(late).submission.cancel_time is None, "nothing is followed, so nothing was cancelled"


@pytest.mark.parametrize("kind", [BACKUP, CLUSTER], ids=["can cancel", "cannot"])
def test_inferred_jobs_are_left_alone_by_deadlines(kind: Traits) -> None:
    """What is not proven ours may be a stranger's work."""
    scene = inferred(kind, active_deadline_seconds=60).later(100).see(o.Nothing(), RUNNING)
    assert scene.plan.action is None
    assert scene.holds("Overdue") == "True"


def test_accepted_after_a_cancel_requested_goes_on_to_cancel() -> None:
    """The answer of the POST and the request cross; none of them is lost."""
    scene = looking().but(cancel_token="now").see(ACCEPTED)
    assert scene.status.job_id == "job-1"
    assert scene.later(3).see(o.Nothing(), RUNNING).plan.action == Cancel()
