"""The life of a MigrationJob by VTS in the engine: step by step to its end, and each way in which it ends otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig
from tests.support.vts_rig import QDRANT, ROWS, VtsRig, vts_rig

STEPS = ["Check", "Run", "Flush", "Index", "Load", "Verify"]


@pytest.fixture
async def vts(world: Rig, tmp_path: Path) -> AsyncIterator[VtsRig]:
    async with vts_rig(world, tmp_path) as made:
        yield made


async def test_a_migration_from_its_check_to_its_count(vts: VtsRig) -> None:
    vts.create()
    await vts.start()
    status = await vts.until("Successful")
    assert vts.steps() == STEPS
    assert status["result"] == {"clusterId": "in01-demo0shop000002", "rowsRead": ROWS, "rowsWritten": ROWS}
    books = vts.collection()
    assert books is not None
    assert (books.count, books.indexes, books.loaded, books.flushes) == (ROWS, {"vector": "COSINE"}, False, 1)
    assert (vts.jobs(), vts.secrets()) == ([], []), "nothing is left that holds credentials"
    assert vts.mover.runs == 1
