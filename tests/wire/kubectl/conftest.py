"""The commands read streams over sockets, as a person's do; the operator beside them needs none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig, rig

from zilliz_local.cloud import CloudSimulator, ManualClock


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine's surroundings in real time, with servers that listen, and the kubeconfig that leads to one."""
    async with rig(tmp_path, CloudSimulator(clock=ManualClock()), virtual=False) as keyed:
        await keyed.cloud.start()
        await keyed.kube.start()
        keyed.secret()
        keyed.kubeconfig = tmp_path / "kubeconfig"
        keyed.kube.write_kubeconfig(keyed.kubeconfig)
        yield keyed
        await keyed.kube.stop()
