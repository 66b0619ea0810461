"""Every row of the table of kinds, walked on the stand-in: what the quick start shows is what a cluster does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gitops.fixtures import judge  # noqa: F401
from tests.gitops.judging import Judge
from tests.gitops.kit import BAD, GOOD, HELD, JOBS, MOVES, expected, verdicts
from tests.support.everykind import ROWS, Row, Walk, Walker, cases, named, outlives_a_kill
from tests.support.inloop import LoopCloud, LoopUser, loop_user
from tests.support.user import Body

from zilliz_jobs.api.resources import RESOURCES


@pytest.fixture(scope="module")
def written() -> list[Body]:
    """Every version of every object of the walks."""
    return []


@pytest.fixture
def cloud() -> Iterator[LoopCloud]:
    cloud = LoopCloud()
    yield cloud
    twice = cloud.twice()
    assert not twice, f"submissions with more than one effect: {twice}"


@pytest.fixture
def user(cloud: LoopCloud, tmp_path: Path, written: list[Body]) -> Iterator[LoopUser]:
    with loop_user(cloud, tmp_path) as user:
        yield user
        for resource in (r for r in RESOURCES if r.kind in JOBS):
            written += user.kube.versions(resource.crd_name)


@pytest.mark.parametrize("case", cases(), ids=named)
def test_each_row_keeps_its_rules(user: LoopUser, cloud: LoopCloud, case: tuple[Row, Walk]) -> None:
    row, walk = case
    walk(Walker(user, cloud, row))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_killed_between_the_request_and_its_record_it_is_submitted_once(
    user: LoopUser, cloud: LoopCloud, row: Row
) -> None:
    """What runs twice is paid for twice, and what nobody follows is lost."""
    outlives_a_kill(Walker(user, cloud, row))


@pytest.mark.timeout(900)  # the judge is built once
def test_at_each_step_of_these_walks_gitops_tools_saw_the_right_health(
    request: pytest.FixtureRequest,
    written: list[Body],
    judge: Judge,  # noqa: F811
) -> None:
    """Every version of every object that the operator wrote above. Else a sync goes on over a failed job."""
    seen = {}
    for body in written:
        status = body.get("status") or {}
        done = bool(status.get("completionTime"))
        known = status.get("observedGeneration") == body["metadata"]["generation"]
        seen[body["kind"], known, status.get("state"), status.get("reason"), done] = body
    living = [body for body in seen.values() if "deletionTimestamp" not in body["metadata"]]
    said = list(zip(living, verdicts(judge, living), strict=True))
    wrong = [(b["kind"], b["status"], found, expected(b)) for b, found in said if found != expected(b)]
    assert wrong == []
    walked = [item for item in request.session.items if item.path == request.path]
    if len(walked) > len(cases()):  # all of them, and not some that were chosen
        assert "SubmissionUnknown" in {body["status"].get("reason") for body in living}
        for kind in JOBS:
            assert {found for body, found in said if body["kind"] == kind} == {GOOD, BAD, HELD, MOVES}, kind
