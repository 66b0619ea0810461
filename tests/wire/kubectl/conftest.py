"""The commands read streams over sockets, as a person's do; the operator beside them needs none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig


@pytest.fixture
async def keyed(keyed: Rig, tmp_path: Path) -> AsyncIterator[Rig]:
    """The same, with an API server that listens, and the kubeconfig that leads to it."""
    await keyed.kube.start()
    keyed.kubeconfig = tmp_path / "kubeconfig"
    keyed.kube.write_kubeconfig(keyed.kubeconfig)
    yield keyed
    await keyed.kube.stop()
