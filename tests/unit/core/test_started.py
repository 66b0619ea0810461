"""When a job started, and how copies are after their backup. If these fail, STARTED stays empty, or lies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.scenes import (
    CLUSTER,
    DONE,
    IMPORT,
    NOON,
    SAMPLE,
    UNREADABLE,
    Scene,
    adopted,
    first_step,
    seen,
    submitted,
    succeeded,
)

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import Delete

MINUTE = timedelta(minutes=1)
NAMELESS = o.Accepted({"clusterId": "in01"})


def stored(scene: Scene, **fields: Any) -> Scene:
    """The scene with these fields in its status."""
    return replace(scene, snapshot=replace(scene.snapshot, status=scene.status.but(**fields)))


def nameless() -> Scene:
    """The cloud took it, and gave it no id."""
    scene = submitted(CLUSTER)
    record = scene.submission.but(handle={"clusterId": "in01"})
    return stored(scene, submission=record, job_id=None)


# -- STARTED


def test_a_job_without_an_id_started_when_it_was_submitted() -> None:
    sent = nameless().submission.intent_time
    scene = nameless().later(60).see(seen(word="STOPPING"))
    assert sent is not None
    assert scene.status.start_time == sent
    assert scene.later(60).see(seen(State.SUCCESSFUL, "STOPPED")).status.start_time == sent


def test_what_the_cloud_tells_of_a_start_counts_for_more() -> None:
    """The console may name the job later, with its own start."""
    scene = nameless().see(seen(word="STOPPING"))
    told = scene.see(seen(word="STOPPING", job_id="job-9", start_time=NOON + MINUTE))
    assert (told.status.start_time, told.status.job_id) == (NOON + MINUTE, "job-9")


def test_a_job_with_an_id_has_not_started_before_the_cloud_says_so() -> None:
    """It may wait there for hours."""
    assert submitted(IMPORT).see(seen(State.PENDING, "PENDING")).status.start_time is None


def test_one_that_ended_without_a_word_of_its_start_began_with_its_submission() -> None:
    scene = submitted(IMPORT)
    over = scene.later(60).see(seen(State.SUCCESSFUL, "COMPLETED"))
    assert over.status.start_time == scene.submission.intent_time
    assert over.status.attempts is not None
    assert over.status.attempts[-1].start_time == over.status.start_time


def test_an_end_on_a_list_leaves_the_start_to_the_read_that_follows() -> None:
    scene = submitted(IMPORT).later(60).see(seen(State.SUCCESSFUL, "COMPLETED", whole=False))
    assert scene.status.start_time is None
    assert scene.see(replace(DONE, start_time=NOON + MINUTE)).status.start_time == NOON + MINUTE


def test_an_adopted_job_was_submitted_by_somebody_else() -> None:
    """The record of an adoption has a time too, which is not that of the job."""
    scene = stored(adopted(CLUSTER), start_time=None).see(seen(State.SUCCESSFUL, "SUCCEEDED", start_time=None))
    assert scene.status.start_time is None


def test_a_sample_by_steps_started_with_its_first_step() -> None:
    scene = first_step(SAMPLE).see(o.Accepted({"clusterId": "in01", "collection": "c"}))
    sent = scene.submission.intent_time
    scene = scene.later(5).see(seen(State.SUCCESSFUL, ""))
    assert scene.status.steps is not None
    assert scene.status.start_time == sent


# -- copies


def copied(*states: str, **more: Any) -> Scene:
    """A backup that has ended well, with copies in these states."""
    return stored(succeeded(**more), result={"backupId": "b", "copies": rows(*states)})


def rows(*states: str) -> list[dict[str, str]]:
    return [{"regionId": f"r{n}", "state": state} for n, state in enumerate(states)]


def told(*states: str, **more: Any) -> o.Seen:
    return replace(DONE, result={"backupId": "another", "copies": rows(*states)}, **more)


def test_copies_are_followed_after_the_end_of_their_backup() -> None:
    scene = copied("InProgress", "Successful").see()
    assert scene.plan.look == 30.0
    scene = scene.see(told("Successful", "Successful"))
    assert scene.status.result == {"backupId": "b", "copies": rows("Successful", "Successful")}
    assert scene.plan.look is None


def test_the_end_of_the_backup_stands_whatever_is_told_with_its_copies() -> None:
    before = copied("Pending").see()
    after = before.later(600).see(told("InProgress", message="again", end_time=NOON + timedelta(days=1)))
    same = ("state", "reason", "message", "completion_time", "start_time")
    assert all(getattr(after.status, name) == getattr(before.status, name) for name in same)
    assert (
        after.see(seen(State.FAILED, "FAILED", result={"copies": rows("Failed")})).status.result
        == after.status.result
    )


def test_a_copy_that_ended_does_not_begin_again_by_an_old_picture() -> None:
    before = copied("Successful").see()
    assert before.see(told("InProgress")).status.result == before.status.result


@pytest.mark.parametrize("states", [(), ("Unknown",), ("Successful", "Failed")])
def test_where_no_copy_runs_nobody_looks(states: tuple[str, ...]) -> None:
    assert copied(*states).see().plan.look is None


def test_a_backup_that_is_forgotten_leaves_no_copy_running_for_ever() -> None:
    scene = copied("InProgress", "Failed").see(o.Missing())
    assert scene.status.result == {"backupId": "b", "copies": rows("Unknown", "Failed")}
    assert scene.plan.look is None


def test_a_cloud_that_is_down_is_asked_again() -> None:
    scene = copied("InProgress").see(UNREADABLE)
    assert scene.status.result == {"backupId": "b", "copies": rows("InProgress")}
    assert scene.plan.look is not None
    assert scene.plan.look >= 30.0


def test_copies_do_not_keep_an_object_beyond_its_time() -> None:
    scene = copied("InProgress", ttl_seconds_after_finished=100)
    assert scene.later(100).see().plan.action == Delete()


@pytest.mark.parametrize("spoilt", ["what", [5, None], [{"state": 7}], {"state": "Pending"}])
def test_copies_that_somebody_edited_stop_nothing(spoilt: Any) -> None:
    scene = stored(succeeded(), result={"copies": spoilt}).see()
    assert (scene.plan.look, scene.status.state) == (None, State.SUCCESSFUL)
