"""The process ends within its bound: a pod that hangs with closed ports would be found by nobody for long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "operator"
PROGRAM = """
import asyncio, logging, time
from zilliz_jobs import ending

async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            {refusal}

async def operate():
    tasks = [asyncio.create_task(stubborn(), name="stubborn"), asyncio.create_task(asyncio.sleep(0.1), name="first")]
    asyncio.create_task(ending.guard(tasks, 1.0))
    await tasks[1]
    await asyncio.sleep(0)

logging.basicConfig()
asyncio.run(operate())
"""


@pytest.mark.parametrize("refusal", ["pass", "time.sleep(3600)"])
def test_a_task_that_refuses_to_end_does_not_hold_up_the_end(refusal: str) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(refusal=refusal)],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 70, done.stderr
    assert "does not end by itself" in done.stderr
    assert "stubborn" in done.stderr
    assert time.monotonic() - began < 40
