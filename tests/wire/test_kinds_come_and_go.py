"""CRDs that are installed late, removed, and installed again under a running operator: nobody must restart it.

A kind that is not served holds up no other, and nothing says that it is watched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.kinds_away import (
    one_kind_goes_and_comes_back,
    one_kind_is_installed_late,
    the_crds_are_installed_late,
)
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


def test_crds_that_are_installed_after_the_operator_are_served(user: User, cloud: Cloud) -> None:
    the_crds_are_installed_late(user, cloud)


def test_one_kind_that_is_installed_late_is_served_and_holds_up_no_other(user: User, cloud: Cloud) -> None:
    one_kind_is_installed_late(user, cloud)


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


def test_a_crd_that_is_deleted_pauses_its_kind_alone(user: User, cloud: Cloud) -> None:
    one_kind_goes_and_comes_back(user, cloud)
