"""A process that sleeps through its Lease and wakes up in the midst of a submission: nothing is submitted twice.

It is stopped by SIGSTOP at each step of a submission, another operator leads meanwhile, and then it goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cloud import Cloud, LoopThread, fresh_cloud
from tests.support.controlplane.binaries import find_kubectl
from tests.support.pair import pair, wakes_up_late
from tests.support.standin import StandIn, stand_in
from tests.support.stopping import STEPS


@pytest.fixture(scope="module")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="module")
def plane(simulators: LoopThread) -> Iterator[StandIn]:
    with stand_in(simulators, find_kubectl()) as plane:
        yield plane


@pytest.fixture
def cloud(simulators: LoopThread) -> Iterator[Cloud]:
    with fresh_cloud(simulators) as cloud:
        yield cloud


@pytest.fixture
def namespace(plane: StandIn) -> str:
    name = f"test-{secrets.token_hex(4)}"
    plane.kubectl("create", "namespace", name)
    return name


@pytest.mark.parametrize("step", STEPS)
def test_it_wakes_up_while_another_leads(
    plane: StandIn, namespace: str, cloud: Cloud, tmp_path: Path, step: str
) -> None:
    with pair(plane, namespace, tmp_path, step) as both:
        wakes_up_late(both, cloud, step)


@pytest.mark.parametrize("step", ["before the intent", "after the intent", "before the record"])
def test_it_wakes_up_when_all_is_over(
    plane: StandIn, namespace: str, cloud: Cloud, tmp_path: Path, step: str
) -> None:
    """After the fence it must not sleep that long: that is the window which remains."""
    with pair(plane, namespace, tmp_path, step) as both:
        wakes_up_late(both, cloud, step, last=True)
