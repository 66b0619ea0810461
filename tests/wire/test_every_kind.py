"""Every row of the table of kinds, walked on the stand-in: what the quick start shows is what a cluster does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from tests.gitops.fixtures import judge  # noqa: F401
from tests.gitops.judging import Judge
from tests.gitops.kit import BAD, GOOD, HELD, JOBS, MOVES, expected, verdicts
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.everykind import ROWS, Row, Walk, Walker, cases, named, outlives_a_kill
from tests.support.operators import Operator, OperatorProcess
from tests.support.standin import StandIn, stand_in
from tests.support.user import User

from zilliz_jobs.api.resources import RESOURCES


@pytest.fixture(scope="module")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="module")
def plane(simulators: LoopThread) -> Iterator[StandIn]:
    with stand_in(simulators, find_kubectl()) as plane:
        yield plane


@pytest.fixture(scope="module")
def operator(plane: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    operator = OperatorProcess(plane, tmp_path_factory.mktemp("operator") / "operator.log")
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    cloud = Cloud(simulators)
    yield cloud
    twice = cloud.twice()
    cloud.close()
    assert not twice, f"submissions with more than one effect: {twice}"


@pytest.fixture
def user(plane: StandIn, operator: Operator) -> Iterator[User]:
    namespace = f"test-{secrets.token_hex(4)}"
    plane.kubectl("create", "namespace", namespace)
    user = User(plane, namespace, operator)
    yield user
    user.close()
    plane.kubectl("delete", "namespace", namespace, "--wait=false", check=False)


@pytest.mark.parametrize("case", cases(), ids=named)
def test_each_row_keeps_its_rules(user: User, cloud: Cloud, case: tuple[Row, Walk]) -> None:
    row, walk = case
    walk(Walker(user, cloud, row))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_killed_between_the_request_and_its_record_it_is_submitted_once(user: User, cloud: Cloud, row: Row) -> None:
    """What runs twice is paid for twice, and what nobody follows is lost."""
    outlives_a_kill(Walker(user, cloud, row))


@pytest.mark.timeout(900)  # the judge is built once
def test_at_each_step_of_these_walks_gitops_tools_saw_the_right_health(
    request: pytest.FixtureRequest,
    plane: StandIn,
    judge: Judge,  # noqa: F811
) -> None:
    """Every version of every object that the operator wrote above. Else a sync goes on over a failed job."""
    seen = {}
    for resource in (r for r in RESOURCES if r.kind in JOBS):
        for body in plane.kube.versions(resource.crd_name):
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
