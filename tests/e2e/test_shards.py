"""Two operators of different shards at a real API server: its selectors, its watches, its Leases."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.shardpair import an_account_moves, shard_pair

pytestmark = pytest.mark.controlplane


def test_an_account_moves_to_another_shard(
    cluster: ControlPlane, cluster_namespace: str, cloud: Cloud, tmp_path: Path
) -> None:
    """Each job is submitted once, and none by an operator that has no right to the account."""
    with shard_pair(cluster, cluster_namespace, tmp_path) as pair:
        an_account_moves(pair, cloud)
