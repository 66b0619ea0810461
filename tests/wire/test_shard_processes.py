"""Two operators of different shards, as processes: what the API server shows each of them, and when one has what was
the other's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cloud import Cloud, LoopThread, fresh_cloud
from tests.support.controlplane.binaries import find_kubectl
from tests.support.shardpair import an_account_moves, shard_pair
from tests.support.standin import StandIn, stand_in


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


def test_an_account_moves_to_another_shard(plane: StandIn, cloud: Cloud, tmp_path: Path) -> None:
    namespace = f"test-{secrets.token_hex(4)}"
    plane.kubectl("create", "namespace", namespace)
    with shard_pair(plane, namespace, tmp_path) as pair:
        an_account_moves(pair, cloud)
