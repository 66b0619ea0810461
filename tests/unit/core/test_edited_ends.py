"""An end that somebody edits is written as it was: a person who is told of another one acts on it, and a job that
counts as unsent again would be submitted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.core.lives import lives_of
from tests.unit.core.scenes import COMPOSED, KINDS, NOON

from zilliz_jobs.api.jobstatus import JobStatus, State
from zilliz_jobs.core.decide import decide
from zilliz_jobs.core.ends import mended, shows_its_end
from zilliz_jobs.core.observation import Nothing
from zilliz_jobs.core.snapshot import Snapshot, is_finished

Body = dict[str, Any]


def _row(raw: Body, kind: str) -> Body:
    found: Body = next(c for c in raw["conditions"] if c["type"] == kind)
    return found


EDITS: dict[str, Callable[[Body], Any]] = {
    "state": lambda raw: raw.update(state="Failed" if raw["state"] != "Failed" else "Successful"),
    "state, to one that has not ended": lambda raw: raw.update(state="Pending"),
    "state, to no word": lambda raw: raw.update(state="Flying"),
    "state is gone": lambda raw: raw.pop("state"),
    "reason": lambda raw: raw.update(reason="Whatever"),
    "message": lambda raw: raw.update(message="all is well"),
    "message is gone": lambda raw: raw.pop("message"),
    "completionTime is gone": lambda raw: raw.pop("completionTime"),
    "completionTime is no time": lambda raw: raw.update(completionTime="yesterday"),
    "conditions are gone": lambda raw: raw.pop("conditions"),
    "Succeeded": lambda raw: _row(raw, "Succeeded").update(
        status="False" if raw["state"] == "Successful" else "True"
    ),
    "Finished": lambda raw: _row(raw, "Finished").update(status="False"),
    "the sentence of Ready": lambda raw: _row(raw, "Ready").update(message="all is well"),
    "the last attempt's state": lambda raw: raw["attempts"][-1].update(
        state="Canceled" if raw["state"] != "Canceled" else "Failed"
    ),
    "the last attempt is unfinished": lambda raw: raw["attempts"][-1].pop("completionTime"),
    "the attempts are gone": lambda raw: raw.pop("attempts"),
}
ENDED = {
    f"{name} {number}": scene.snapshot
    for number, kind in enumerate([*KINDS, *COMPOSED])
    for name, life in lives_of(kind).items()
    if is_finished((scene := life(kind)).status) and scene.status.attempts
}


def _again(scene: Snapshot, raw: Body) -> JobStatus:
    """What the next pass makes of the edited status."""
    lenient = {k: v for k, v in raw.items() if not (k == "completionTime" and v == "yesterday")}
    read = replace(scene, status=mended(JobStatus.model_validate(lenient)))
    return decide(read, Nothing(), now=NOON).status


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_end_is_written_anew(edit: str) -> None:
    """Of every end that a life can come to."""
    for name, scene in ENDED.items():
        _check(name, scene, edit)


def _check(name: str, scene: Snapshot, edit: str) -> None:
    before = decide(scene, Nothing(), now=NOON).status
    raw = before.wire()
    assert shows_its_end(raw)
    EDITS[edit](raw)
    assert not shows_its_end(raw)
    after = _again(scene, raw)
    keep = ("state", "reason", "message", "completion_time")
    assert {one: getattr(after, one) for one in keep} == {one: getattr(before, one) for one in keep}, name
    told = {c.type: (c.status, c.reason, c.message) for c in after.conditions or []}
    assert told == {c.type: (c.status, c.reason, c.message) for c in before.conditions or []}, name
    assert is_finished(after)


CANCELED: Body = {
    "state": "Canceled",
    "reason": "Canceled",
    "message": "cancelled",
    "completionTime": "2026-03-01T12:00:00Z",
    "attempts": [
        {
            "number": 1,
            "state": "Canceled",
            "completionTime": "2026-03-01T12:00:00Z",
            "reason": "Canceled",
            "message": "cancelled",
        }
    ],
    "conditions": [
        {"type": "Succeeded", "status": "False", "reason": "Canceled", "message": "cancelled"},
        {"type": "Finished", "status": "True", "reason": "Canceled", "message": "cancelled"},
        {"type": "Ready", "status": "False", "reason": "Canceled", "message": "cancelled"},
        {"type": "Stalled", "status": "True", "reason": "Canceled", "message": "cancelled"},
    ],
}


@pytest.mark.parametrize(
    ("field", "attempt", "condition", "kept"),
    [
        ("a", "b", "a", "a"),
        ("a", "b", "b", "b"),
        ("a", "b", "c", "b"),
        ("a", None, "c", "a"),
        (None, None, "c", "c"),
        (None, "b", None, "b"),
        ("a", None, None, "a"),
        (None, None, None, None),
    ],
)
@pytest.mark.parametrize("name", ["reason", "message"])
def test_what_two_of_three_places_say_is_kept(
    name: str, field: str | None, attempt: str | None, condition: str | None, kept: str | None
) -> None:
    raw = JobStatus.model_validate(CANCELED).wire()
    for place, value in ((raw, field), (raw["attempts"][-1], attempt), (_row(raw, "Succeeded"), condition or "")):
        place[name] = value
    if condition is None:
        raw["conditions"] = [c for c in raw["conditions"] if c["type"] != "Succeeded"]
    assert getattr(mended(JobStatus.model_validate(raw)), name) == kept


@pytest.mark.parametrize("word", ["Successful", "Failed", "Unknown"])
def test_an_end_that_only_the_conditions_tell_of(word: str) -> None:
    """Failed and Canceled look alike there: the first of them is taken."""
    told = {"Successful": "True", "Failed": "False", "Unknown": "Unknown"}[word]
    conditions = [{"type": "Succeeded", "status": told}, {"type": "Finished", "status": "True"}]
    raw: Body = {"completionTime": CANCELED["completionTime"], "conditions": conditions}
    assert mended(JobStatus.model_validate(raw)).state == word
    conditions[1]["status"] = "False"
    assert mended(JobStatus.model_validate(raw)).state is None


def test_an_end_without_a_message_shows_as_whole() -> None:
    raw = JobStatus.model_validate(CANCELED).wire()
    for place in (raw, raw["attempts"][-1], *raw["conditions"]):
        place["message"] = ""
    assert shows_its_end(raw)
    for place in (raw, raw["attempts"][-1], *raw["conditions"]):
        del place["message"]
    assert shows_its_end(raw), "left out, or empty, is the same"


def test_a_status_that_has_not_ended_stays() -> None:
    status = JobStatus.model_validate({"state": "Failed", "reason": "JobFailed"})
    assert mended(status) == status


def test_failed_or_canceled_is_told_by_the_reason_that_two_places_give() -> None:
    """The conditions of the two are the same; a job that failed must not look as if a person had cancelled it."""
    raw = JobStatus.model_validate(CANCELED).wire()
    raw["attempts"][-1].update(state="Failed", reason="JobFailed")
    for row in raw["conditions"]:
        row["reason"] = "JobFailed"
    assert mended(JobStatus.model_validate(raw)).state is State.FAILED
    raw["attempts"][-1]["reason"] = "Canceled"
    assert mended(JobStatus.model_validate(raw)).state is State.CANCELED


def test_where_no_two_places_agree_the_attempt_tells() -> None:
    """Nobody reads it, so nobody edits it."""
    raw = JobStatus.model_validate(CANCELED).wire()
    raw["state"] = "Successful"
    _row(raw, "Succeeded")["status"] = "Unknown"
    assert mended(JobStatus.model_validate(raw)).state is State.CANCELED
