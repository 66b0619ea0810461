"""An API server that serves the objects and does not tell of their kinds yet: nobody must restart the operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn, stand_in
from tests.support.user import User

DISCOVERY = "/apis/jobs.zilliz.com/v1alpha1"


@pytest.fixture(scope="module")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def plane(simulators: LoopThread) -> Iterator[StandIn]:
    with stand_in(simulators, find_kubectl()) as plane:
        yield plane


@pytest.fixture
def user(plane: StandIn, tmp_path: Path) -> Iterator[User]:
    operator = OperatorProcess(plane, tmp_path / "operator.log", watch_limit=6)
    user = User(plane, "default", operator)
    yield user
    user.close()
    if operator.runs:
        operator.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    cloud = Cloud(simulators)
    yield cloud
    cloud.close()


@pytest.mark.parametrize("code", [404, 503])
def test_kinds_that_no_discovery_names_at_first_are_served(
    user: User, cloud: Cloud, plane: StandIn, simulators: LoopThread, code: int
) -> None:
    """As while an API server starts: it serves the objects already, and does not tell of their kinds."""
    operator = user.operator
    assert isinstance(operator, OperatorProcess)
    faults = plane.kube.faults
    simulators.run(lambda: faults.answer(code, method="GET", path=DISCOVERY, times=None))
    operator.start()
    user.until("it says so", lambda: "not watched" in operator.health()[1].get("watches", ""), 25)
    simulators.run(faults.clear)
    user.connect(cloud)
    user.importing(cloud).until_ended(seconds=60)
    user.until("it is well", lambda: operator.health()[1]["watches"] == "all kinds are watched", 60)
