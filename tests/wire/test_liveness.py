"""The probe: an operator that hears nothing, or stands still, must be replaced; one that is well must not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn, stand_in
from tests.support.user import User

LIMIT = 3
CACHED = 10  # kopf asks the handlers at most this often


@pytest.fixture
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def plane(simulators: LoopThread) -> Iterator[StandIn]:
    with stand_in(simulators, find_kubectl()) as plane:
        yield plane


@pytest.fixture
def operator(plane: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatorProcess]:
    operator = OperatorProcess(plane, tmp_path_factory.mktemp("operator") / "operator.log", watch_limit=LIMIT)
    operator.start()
    yield operator
    operator.close()


@pytest.fixture
def user(plane: StandIn, operator: OperatorProcess) -> Iterator[User]:
    user = User(plane, "default", operator)
    yield user
    user.close()


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    cloud = Cloud(simulators)
    yield cloud
    cloud.close()


def test_a_watch_that_falls_silent_is_begun_anew(
    user: User, cloud: Cloud, operator: OperatorProcess, plane: StandIn, simulators: LoopThread
) -> None:
    """All looks well then, the jobs that are known go on, and nobody's new one would ever be seen. A list tells."""
    user.connect(cloud)
    user.until("it is well", lambda: operator.health()[0] == 200)
    simulators.run(lambda: plane.kube.faults.silence_watches("*/importjobs"))
    user.importing(cloud).until_ended(seconds=4 * LIMIT + 20)
    # A list that was on its way may have shown the job before; the watch is silent all the same.
    user.until("it is told", lambda: "ImportJob told nothing" in operator.said(), 4 * LIMIT + 20)
    simulators.run(plane.kube.faults.clear)
    operator.require_clean_log()


def test_it_fails_when_nothing_is_told_of_a_kind_and_heals_with_it(
    user: User, cloud: Cloud, operator: OperatorProcess, plane: StandIn, simulators: LoopThread
) -> None:
    """Neither by its watch nor by a list."""
    user.connect(cloud)
    user.until("it is well", lambda: operator.health()[0] == 200)
    films = user.importing(cloud)
    films.until_submitted()
    simulators.run(lambda: plane.kube.faults.silence_watches("*/importjobs"))
    simulators.run(lambda: plane.kube.faults.delay(60, method="LIST", path="*/importjobs", times=None))
    films.until_ended()
    user.until("the probe fails", lambda: operator.health()[0] == 500, LIMIT + CACHED + 5)
    assert "ImportJob" in operator.said()
    simulators.run(plane.kube.faults.clear)
    user.until("it is well again", lambda: operator.health()[0] == 200, CACHED + 60)
    operator.require_clean_log()


def test_it_holds_while_nothing_happens(user: User, cloud: Cloud, operator: OperatorProcess) -> None:
    """A quiet night is no reason to start anew."""
    user.connect(cloud)
    films = user.importing(cloud)
    films.until_ended()
    time.sleep(LIMIT + 1)
    assert operator.health() == (
        200,
        {
            "engine": "alive",
            "watches": "all kinds are watched",
            "leader": "this process; there is no election",
        },
    )


def test_a_process_that_stands_still_does_not_answer(user: User, operator: OperatorProcess) -> None:
    """The probe is answered by the very loop that does the work, so that its silence is the news."""
    user.until("it is well", lambda: operator.health()[0] == 200)
    os.kill(operator.pid, signal.SIGSTOP)
    try:
        assert operator.health()[0] == 0
    finally:
        operator.go_on()
    user.until("it is well again", lambda: operator.health()[0] == 200)
