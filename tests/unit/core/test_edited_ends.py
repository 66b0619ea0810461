"""An end that somebody edits is written as it was: a person who is told of another one acts on it, and a job that
counts as unsent again would be submitted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.core.lives import lives_of
from tests.unit.core.scenes import COMPOSED, KINDS, NOON

from zilliz_jobs.api.jobstatus import JobStatus
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
