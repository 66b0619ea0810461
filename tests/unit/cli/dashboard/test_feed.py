"""What the page is told, and how much at once: all of it in the end, the newest first."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.dashboard.board import Board
from zilliz_jobs.cli.kubectl.dashboard.feed import MOST_ROWS, Feed, wire
from zilliz_jobs.cli.kubectl.dashboard.live import Problem
from zilliz_jobs.cli.kubectl.dashboard.scope import Scope
from zilliz_jobs.control.objects import Body, Key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Live:
    """What `LiveObjects` tells."""

    objects: dict[Key, Body] = field(default_factory=dict)
    complete: bool = True
    problems: list[Problem] = field(default_factory=list)


def crowd(count: int) -> tuple[Live, Board]:
    live, board = Live(), Board()
    for number in range(count):
        key = Key("ImportJob", "shop", f"films-{number:05d}")
        meta = {"namespace": key.namespace, "name": key.name}
        meta["creationTimestamp"] = format_time(NOW - timedelta(minutes=number))
        live.objects[key] = {"kind": key.kind, "metadata": meta, "spec": {}, "status": {}}
    board.of(live)
    return live, board


@pytest.mark.looptime
async def test_thousands_come_in_portions_the_newest_first_and_none_is_missing() -> None:
    """A browser that takes in 5,000 rows at once stands still; one that misses some shows a list that is wrong."""
    count = 2 * MOST_ROWS + 7
    live, board = crowd(count)
    messages: list[Any] = []
    async for message in Feed(board, live, Scope(("shop",))).messages(lambda: NOW):
        messages.append(message)
        if message["complete"]:
            break
    portions = [[row["name"] for row in message["rows"]["jobs"]] for message in messages]
    assert [len(portion) for portion in portions] == [MOST_ROWS, MOST_ROWS, 7]
    assert portions[0] == [f"films-{number:05d}" for number in range(MOST_ROWS)]
    assert len({name for portion in portions for name in portion}) == count
    assert [message.get("whole") for message in messages] == [True, None, None]


@pytest.mark.looptime
async def test_a_job_that_changes_ten_times_is_told_once_and_as_it_is_then() -> None:
    live, board = crowd(3)
    told = Feed(board, live, Scope(("shop",))).messages(lambda: NOW)
    await anext(told)
    key = Key("ImportJob", "shop", "films-00001")
    for percent in range(10):
        live.objects[key]["status"] = {"progressPercent": percent}
        board.changed([key])
    (row,) = (await anext(told))["rows"]["jobs"]
    assert (row["name"], row["progress"]) == ("films-00001", 9)
    del live.objects[key]
    board.changed([key])
    assert (await anext(told))["gone"] == {"jobs": ["importjob/shop/films-00001"]}


@pytest.mark.looptime
async def test_what_is_missing_is_told_when_it_changes_and_only_then() -> None:
    live, board = crowd(1)
    told = Feed(board, live, Scope(("shop",), narrowed="only shop")).messages(lambda: NOW)
    assert [one["code"] for one in (await anext(told))["notices"]] == ["narrowed"]
    live.problems.append(Problem("forbidden", "a right\u2028is missing"))
    board.troubled()
    message = await anext(told)
    assert [one["code"] for one in message["notices"]] == ["narrowed", "forbidden"]
    assert "\u2028" not in message["notices"][1]["text"]
    assert "notices" not in await anext(told)  # a sign of life


@pytest.mark.looptime
async def test_who_waits_hears_at_once_that_nothing_more_comes() -> None:
    """Else Ctrl-C would wait for each page that is open."""
    live, board = crowd(1)
    told, now = Feed(board, live, Scope(("shop",))).messages(lambda: NOW), asyncio.get_running_loop().time
    await anext(told)
    asyncio.get_running_loop().call_later(5, board.end)
    begun = now()
    rest = [message async for message in told]
    assert (len(rest), now() - begun) == (1, 5)


def test_a_message_is_one_event() -> None:
    """A line end in a text would begin another one."""
    told = wire(7, {"text": "a\nb\r\n\nid: 9\ndata: x"})
    head, data, *rest = told.decode().split("\n")
    assert (head, rest) == ("id: 7", ["", ""])
    assert json.loads(data.removeprefix("data: "))["text"].startswith("a\nb")
