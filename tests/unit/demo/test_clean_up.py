"""Whoever presses Ctrl-C while the demo cleans up must not find half of it on their cluster."""

from __future__ import annotations

import asyncio
import io
from typing import cast

import pytest
from rich.console import Console

from zilliz_local.demo.cluster import Cluster, Findings
from zilliz_local.demo.run import clean_up
from zilliz_local.demo.voice import Voice

FOUND = Findings("https://cluster", "team", new_namespace=False, new_crds=())


class SlowCluster:
    """Cleans when it is let."""

    def __init__(self) -> None:
        self.began, self.may_end, self.is_clean = asyncio.Event(), asyncio.Event(), False

    async def clean(self, found: Findings) -> list[str]:
        self.began.set()
        await self.may_end.wait()
        self.is_clean = True
        return ["secret/bucket in namespace team: forbidden"]


async def test_one_signal_lets_the_clean_up_end_and_the_demo_then() -> None:
    out, cluster = io.StringIO(), SlowCluster()
    running = asyncio.create_task(clean_up(Voice(Console(file=out, width=100)), cast(Cluster, cluster), FOUND))
    await cluster.began.wait()
    running.cancel()
    await asyncio.sleep(0)
    cluster.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cluster.is_clean
    assert "could not remove secret/bucket" in out.getvalue()


async def test_the_second_signal_stops_it() -> None:
    cluster = SlowCluster()
    running = asyncio.create_task(
        clean_up(Voice(Console(file=io.StringIO(), width=100)), cast(Cluster, cluster), FOUND)
    )
    await cluster.began.wait()
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not cluster.is_clean
