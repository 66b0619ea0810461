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
import asyncio, contextlib, gc, logging
from zilliz_jobs import ending

@contextlib.asynccontextmanager
async def block():
    waiter = asyncio.create_task(asyncio.Event().wait(), name="pause-waiter for jobs")
    try:
        yield
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            waiter.cancel()
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
    kept = [stream]
    kept.append(kept)
    async for _ in stream:
        await asyncio.sleep(3600)

async def operate():
    {first}
    tasks = [asyncio.create_task(handle(stream)) for stream in ({streams})]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    del tasks, task
    for _ in range({collections}):
        gc.collect()
        await asyncio.sleep(0.01)

gc.disable()
logging.basicConfig()
asyncio.run(operate())
"""


OURS = "ending.ignore_double_closes(asyncio.get_running_loop())"
WATCHES = "*(watch() for _ in range(20)),"


def said(first: str, streams: str, closing: str = "pass", collections: int = 0) -> str:
    program = WATCH.format(first=first, streams=streams, closing=closing, collections=collections)
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stderr


@pytest.mark.parametrize(
    ("closing", "collections", "words"),
    [
        ("pass", 0, "didn't stop after athrow"),
        ("await waiter", 5, "generator is already running"),
        ("await waiter", 5, "cannot reuse already awaited coroutine"),
        ("await waiter", 5, "Task was destroyed but it is pending"),
    ],
)
def test_a_watch_that_is_cut_while_its_event_is_handled_is_no_error(
    closing: str, collections: int, words: str
) -> None:
    """Its remains are collected at some time, or closed at the end; a stack trace would look like a fault."""
    assert words in said("pass", WATCHES, closing, collections), "else nobody needs it any more"
    assert said(OURS, WATCHES, closing, collections) == ""


@pytest.mark.parametrize("collections", [0, 5])
def test_an_error_of_our_own_is_told(collections: int) -> None:
    assert "a fault of ours" in said(OURS, "failing(),", collections=collections)
