"""A job that was not submitted in time names what stood in its way, also what no status tells yet. If these fail, a
person has an end without a cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.engine.hall import Hall, hall

from zilliz_jobs.core.observation import Blocked, NotSent, Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kube.errors import Unavailable

pytestmark = pytest.mark.looptime


async def message(stage: Hall, *, made_ago: float = 0) -> str:
    """Of the end of a job with three seconds to start."""
    now, seconds = stage.api.now, 3
    stage.api.now = lambda: now() - timedelta(seconds=made_ago)  # type: ignore[method-assign]
    stage.job("one", spec={"clusterId": "one", "startDeadlineSeconds": seconds})
    ended = await stage.finished("one")
    assert (ended["state"], ended["reason"]) == ("Failed", "DeadlineExceeded")
    return str(ended["message"])


def prepares(stage: Hall, answer: Any) -> None:
    async def prepare(*_: Any, **__: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    stage.kind.prepare = prepare  # type: ignore[method-assign]


CLOUD = {
    "another in front": Blocked(Reason.SUBMISSION_IN_PROGRESS, "another job is being submitted"),
    "no answer": Unreadable(Reason.CLOUD_UNREACHABLE, "another job is being submitted"),
    "Kubernetes away": Unavailable("another job is being submitted", status=503),
}


@pytest.mark.parametrize("case", CLOUD)
async def test_what_was_not_written_yet_is_named(monkeypatch, case):
    async with hall(monkeypatch) as stage:
        prepares(stage, CLOUD[case])
        assert "another job is being submitted" in await message(stage)


async def test_a_request_that_did_not_leave_is_named(monkeypatch):
    async with hall(monkeypatch) as stage:

        async def submit(*_: Any) -> Any:
            return NotSent(Reason.CLOUD_UNREACHABLE, "no connection")

        stage.kind.submit = submit  # type: ignore[method-assign]
        assert "no connection" in await message(stage)


async def test_a_connection_with_a_problem_is_named_in_the_first_pass_too(monkeypatch):
    """The operator came back after the deadline."""
    async with hall(monkeypatch) as stage:
        problem = Blocked(Reason.CONNECTION_NOT_FOUND, "there is no ZillizConnection")
        stage.engine.connections.link = lambda _key, **_: Link(problem=problem)  # type: ignore[method-assign]
        assert "there is no ZillizConnection" in await message(stage, made_ago=60)


async def test_a_connection_that_is_not_checked_yet_is_named(monkeypatch):
    async with hall(monkeypatch) as stage:
        checked: list[int] = []

        async def known(_key: Any) -> bool:
            checked.append(1)
            return len(checked) > 3

        stage.engine.accounts.is_known = known
        assert "not checked yet" in await message(stage)


async def test_none_says_that_nobody_looked(monkeypatch):
    async with hall(monkeypatch) as stage:
        assert "had no time" in await message(stage, made_ago=60)
