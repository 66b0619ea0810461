"""The lead of a real process is interrupted while its jobs run: by a process that stood still, by slow renewals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.lapse import follows_on, stops_for_13_s
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn, stand_in
from tests.support.user import User

LEASE = "*/leases/*"


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
def operator(plane: StandIn, tmp_path: Path) -> Iterator[OperatorProcess]:
    operator = OperatorProcess(plane, tmp_path / "operator.log", leader_elect=True, lease_namespace="default")
    operator.start()
    yield operator
    operator.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    cloud = Cloud(simulators)
    yield cloud
    twice = cloud.twice()
    cloud.close()
    assert not twice, f"submissions with more than one effect: {twice}"


@pytest.fixture
def interrupt(
    request: pytest.FixtureRequest, plane: StandIn, operator: OperatorProcess, simulators: LoopThread
) -> Callable[[], None]:
    user = User(plane, "default", operator)

    def slow_renewals() -> None:
        """The first is given up after 5 s; the answer to the second comes when work had to end."""
        faults = plane.kube.faults
        simulators.run(lambda: faults.delay(6.0, method="PUT", path=LEASE))
        simulators.run(lambda: faults.delay(4.3, method="PUT", path=LEASE))
        user.until("work is interrupted", lambda: not operator.leads, 15)

    return slow_renewals if request.param == "slow renewals" else lambda: stops_for_13_s(operator)


@pytest.mark.parametrize("interrupt", ["slow renewals", "a stop"], indirect=True)
def test_every_running_job_is_followed_on(
    plane: StandIn, operator: OperatorProcess, cloud: Cloud, interrupt: Callable[[], None]
) -> None:
    """Else it stays InProgress for ever, and nothing says so."""
    user = User(plane, "default", operator)
    follows_on(user, cloud, operator, interrupt)
    operator.require_clean_log()
    user.close()
