"""What a send that counted as absent, or was given up, brings about hours later.

If these fail, a second job runs, is billed, and nobody is told of it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.core.scenes import (
    ACCEPTED,
    BROKEN,
    CLONE,
    COPY,
    DONE,
    DOWN,
    IMPORT,
    LOST,
    NOON,
    PREPARED,
    PUBLIC,
    RUNNING,
    UNDECIDED,
    UNREADABLE,
    Scene,
    a_job,
    deleted,
    running,
)

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.lateeffects import compared_with, late_look_at, looked_for
from zilliz_jobs.core.plan import LookForLate, Observe
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.events import news
from zilliz_jobs.jobs.snapshots import is_settled

LATE = o.LateLook((("job-8",),))
NONE = o.LateLook()


def sent_twice() -> Scene:
    """The first send counted as absent; the second was answered."""
    scene = a_job(IMPORT).see(PREPARED).see(LOST).see(o.Absent()).later(200).see(o.Absent())
    return scene.see(PREPARED).see(ACCEPTED).see(RUNNING)


def resubmitted(scene: Scene) -> Scene:
    """Another attempt was answered, and nobody knows what became of the one before."""
    return scene.later(600).see(PREPARED).see(ACCEPTED).see(RUNNING)


def by_policy() -> Scene:
    scene = a_job(on_unknown=OnSubmissionUnknown.RESUBMIT, resubmit=True).see(PREPARED).see(LOST).see(UNDECIDED)
    return resubmitted(scene.later(200).see(UNDECIDED))


def by_person() -> Scene:
    scene = a_job().see(PREPARED).see(LOST).see(UNDECIDED).later(200).see(UNDECIDED)
    return resubmitted(scene.but(resolve_token=f"{scene.submission.token}=resubmit").see())


def by_retry() -> Scene:
    """It failed because nobody could tell; then a person asked for another attempt."""
    scene = a_job(IMPORT).edit(on_unknown=OnSubmissionUnknown.FAIL).see(PREPARED).see(LOST).see(UNDECIDED)
    return resubmitted(scene.later(200).see(UNDECIDED).but(retry_token="again").see())


def after_many_sends() -> Scene:
    """Each of three sends counted as absent; then a person asked for another attempt."""
    scene = a_job(IMPORT)
    for _ in range(3):
        scene = scene.see(PREPARED).see(LOST).see(o.Absent()).later(200).see(o.Absent())
    assert scene.status.reason == Reason.SUBMISSION_FAILED
    return resubmitted(scene.but(retry_token="again").see())


def body(scene: Scene) -> dict[str, object]:
    return {"metadata": {"generation": scene.status.observed_generation}, "spec": {}, "status": scene.status.wire()}


WAYS = [sent_twice, by_policy, by_person, by_retry, after_many_sends]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [None, DONE, BROKEN])
def test_it_is_mentioned_once_and_changes_nothing_else(way, end: o.Seen | None) -> None:
    scene = way()
    scene = scene.see(end) if end else scene
    before = scene.status
    scene = scene.later(60).see()
    assert scene.plan.action == LookForLate()
    scene = scene.see(LATE)
    assert scene.plan.action == (None if end else Observe())
    assert scene.submission.other_handles == ["job-8"]
    assert "LateEffect: job-8 showed late" in (scene.condition("Submitted") or pytest.fail("none")).message
    told = [one for one in news(before, scene.status) if one.reason == "LateEffect"]
    assert [one.type for one in told] == ["Warning"]
    assert "cancel it, or remove what it made" in told[0].message
    for name in ("state", "job_id", "reason", "message", "completion_time", "attempts", "result"):
        assert getattr(scene.status, name) == getattr(before, name)
    again = scene.later(200).see(LATE)
    assert again.submission.other_handles == ["job-8"]
    assert news(scene.status, again.status) == []


def test_several_are_each_mentioned() -> None:
    scene = sent_twice().see(DONE).later(60).see(o.LateLook((("job-8",), ("b-9", "job-9"))))
    assert scene.submission.other_handles == ["job-8", "b-9", "job-9"]
    told = scene.submission.notices or []
    assert [row.reason for row in told] == ["LateEffect"] * 2
    assert told[1].message == (
        "b-9 with job-9 showed late: it fits this job, which was sent more than once, and belongs to no object; if "
        "nobody else started it, it is the effect of an earlier send. Look at it in the cloud, and cancel it, or "
        "remove what it made, if it is one too many"
    )


def test_the_looks_become_rarer_and_end() -> None:
    """An object must not keep the operator at work for ever."""
    scene, looks = sent_twice().see(DONE), []
    sent = scene.submission.intent_time
    assert sent is not None
    assert not is_settled(body(scene)), "the process that follows would not look any more"
    while (due := late_look_at(scene.status)) is not None:
        wait = (due - scene.now).total_seconds()
        assert scene.see().plan.wake == wait
        scene = scene.later(wait).see()
        assert scene.plan.action == LookForLate()
        scene = scene.see(NONE)
        looks.append((scene.now - sent).total_seconds())
    assert looks == [30, 60, 120, 300, 900, 3600]
    assert scene.see().plan.wake is None
    assert is_settled(body(scene))


def test_a_record_without_its_time_is_looked_at_once() -> None:
    """Somebody edited it; from when its looks count is not known any more."""
    scene = sent_twice().see(DONE).later(60)
    scene = scene.but(status=scene.status.but(submission=scene.submission.but(intent_time=None)))
    assert scene.see().plan.action == LookForLate()
    assert late_look_at(scene.see(LATE).status) is None
    assert scene.see(LATE).submission.other_handles == ["job-8"]


def test_a_look_that_tells_nothing_does_not_count() -> None:
    for nothing in (o.LateLook(complete=False), UNREADABLE, o.Blocked(Reason.KUBERNETES_UNAVAILABLE, "down")):
        scene = sent_twice().see(DONE).later(60).see()
        assert scene.plan.action == LookForLate()
        scene = scene.see(nothing)
        assert scene.plan.action is None
        assert scene.plan.wake == scene.snapshot.rules.recheck
        assert scene.later(60).see().plan.action == LookForLate()


def test_an_operator_that_was_away_looks_once_and_goes_on() -> None:
    scene = sent_twice().see(DONE).later(1000).see()
    assert scene.plan.action == LookForLate()
    scene = scene.see(NONE)
    assert late_look_at(scene.status) == (scene.submission.intent_time or NOON) + timedelta(seconds=3600)


def test_what_was_sent_twice_is_watched_although_nobody_knows_since_when() -> None:
    """The cloud's clock was not read before the first send."""
    undated = o.Prepared("t0", "holder")
    scene = a_job(IMPORT).see(undated).see(LOST).see(o.Absent()).later(200).see(o.Absent())
    scene = scene.see(undated).see(ACCEPTED)
    assert (scene.status.attempts or [])[-1].unresolved_since is None
    assert late_look_at(scene.status) is not None


def test_what_somebody_else_began_anew_is_not_watched() -> None:
    """Its record has nothing that a late effect could be compared with."""
    scene = sent_twice().see(BROKEN).later(60).see(o.Revived(RUNNING))
    assert (scene.attempt, scene.submission.sends) == (2, 0)
    assert late_look_at(scene.status) is None


def test_what_was_sent_once_costs_nothing() -> None:
    for scene in (running(), running(IMPORT).see(DONE), running(IMPORT).see(BROKEN).but(retry_token="r").see()):
        assert late_look_at(scene.status) is None
    again = running(IMPORT).see(BROKEN).but(retry_token="r").see()
    assert late_look_at(resubmitted(again).status) is None
    named = a_job().see(PREPARED).see(LOST).see(o.Found({"jobId": "job-1"}, Evidence.INFERRED))
    assert late_look_at(named.status) is None


def test_it_waits_for_the_connection_and_holds_up_no_deletion() -> None:
    scene = sent_twice().see(DONE).later(60)
    cut = scene.but(link=scene.snapshot.link.__class__(problem=DOWN)).see()
    assert cut.plan.action is None
    assert deleted(scene).see().plan.action is None


def test_an_attempt_that_was_given_up_is_compared_from_its_own_send() -> None:
    """Its effect may have begun before the attempt that followed it was sent."""
    scene = by_person()
    record = scene.submission
    assert record.cloud_time == PREPARED.cloud_time
    assert scene.status.attempts is not None
    scene = scene.but(status=scene.status.but(submission=record.but(cloud_time=NOON + timedelta(hours=1))))
    assert compared_with(scene.status).cloud_time == NOON


def step_sent_twice() -> Scene:
    """The backup of a clone was sent twice, and the clone is at its second step."""
    known = o.Prepared("t1", "holder", {"backups": ["b-old"]}, NOON)
    scene = a_job(CLONE, link=PUBLIC).see(known).see(LOST).see(o.Absent()).later(200).see(o.Absent())
    return scene.see(known).see(COPY).see(DONE)


LATE_BACKUP = o.LateLook((("backup-late",),))


class TestAStepThatEnded:
    def test_is_watched_on_and_compared_with_its_own_record(self) -> None:
        scene = step_sent_twice()
        assert [row.name for row in scene.status.steps or []] == ["Backup"]
        assert late_look_at(scene.status) is not None
        compared = compared_with(scene.status)
        assert (compared.step, compared.baseline) == ("Backup", {"backups": ["b-old"]})
        assert looked_for(scene.status) == (scene.status.steps or [])[0].handle

    def test_tells_what_shows_late_once_and_after_the_next_step_too(self) -> None:
        scene = step_sent_twice()
        before = scene.status
        scene = scene.later(60).see(LATE_BACKUP)
        told = [item for item in news(before, scene.status) if item.reason == Reason.LATE_EFFECT]
        assert len(told) == 1
        assert "backup-late" in told[0].message
        again = scene.later(600).see(LATE_BACKUP)
        assert not [item for item in news(scene.status, again.status) if item.reason == Reason.LATE_EFFECT]

    def test_keeps_an_ended_job_awake_for_an_hour_and_then_lets_go_of_the_baseline(self) -> None:
        scene = step_sent_twice()
        while late_look_at(scene.status) is not None:
            assert (scene.status.steps or [])[0].submission.baseline == {"backups": ["b-old"]}
            scene = scene.later(1000).see(NONE)
        assert scene.now > NOON + timedelta(seconds=3600)
        assert (scene.status.steps or [])[0].submission.baseline is None

    def test_that_was_sent_once_is_not_watched_and_keeps_no_baseline(self) -> None:
        known = o.Prepared("t1", "holder", {"backups": ["b-old"]}, NOON)
        scene = a_job(CLONE, link=PUBLIC).see(known).see(COPY).see(DONE)
        assert late_look_at(scene.status) is None
        assert (scene.status.steps or [])[0].submission.baseline is None

    def test_keeps_an_ended_job_from_being_let_go(self) -> None:
        scene = sent_twice().see(DONE)
        for _ in range(7):
            scene = scene.later(1000).see(NONE)
        done = body(scene)
        assert is_settled(done)
        row = {"name": "Backup", "submission": {"lateLookTime": "2026-03-01T12:00:00Z"}}
        assert not is_settled(done | {"status": scene.status.wire() | {"steps": [row]}})
