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


WATCH = """
import asyncio, contextlib, logging
from zilliz_jobs import ending

@contextlib.asynccontextmanager
async def block():
    try:
        yield
    finally:
        {closing}

async def watch():
    while True:
        async with block():
            yield "event"

async def failing():
    try:
        yield "event"
    finally:
        raise ValueError("a fault of ours")

async def handle(stream):
    kept.append(stream)
    async for _ in stream:
        await asyncio.sleep(3600)

async def operate():
    {first}
    tasks = [asyncio.create_task(handle(stream)) for stream in ({streams})]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

kept = []
logging.basicConfig()
asyncio.run(operate())
"""


def end_of(first: str, streams: str, closing: str = "pass") -> str:
    program = WATCH.format(first=first, streams=streams, closing=closing)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stderr


@pytest.mark.parametrize(
    ("closing", "words"),
    [("pass", "didn't stop after athrow"), ("await asyncio.sleep(0)", "generator is already running")],
)
def test_a_watch_that_is_cut_while_its_event_is_handled_is_no_error(closing: str, words: str) -> None:
    ours, streams = "ending.ignore_double_closes(asyncio.get_running_loop())", "*(watch() for _ in range(20)),"
    assert words in end_of("pass", streams, closing), "else nobody needs it any more"
    assert end_of(ours, streams, closing) == ""


def test_an_error_of_our_own_at_the_end_is_told() -> None:
    assert "a fault of ours" in end_of("ending.ignore_double_closes(asyncio.get_running_loop())", "failing(),")
