"""What the page is told: first all that there is, then what changed, merged to a few messages a second.

A message has a number. A browser whose connection was cut names the last one that it has; as it cannot be known what
it missed, it is told everything anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.dashboard.board import Board, Reader
from zilliz_jobs.cli.kubectl.dashboard.live import LiveObjects, Problem
from zilliz_jobs.cli.kubectl.dashboard.rows import Row, kind_word, table_of
from zilliz_jobs.cli.kubectl.dashboard.scope import Scope
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.foreigntext import shown

MESSAGES_PER_SECOND = 4
MOST_ROWS = 1000
"""In one message, so that no browser has to take in thousands at once. The others follow in the next ones."""
BEAT_SECONDS = 15.0
"""A sign of life where nothing changes, with the time of the API server, by which the page tells ages."""
Message = dict[str, Any]
COMMANDS = {
    "forbidden": "kubectl zilliz doctor",
    "missing": "kubectl apply -f crds/",
    "failed": "kubectl zilliz doctor",
}
"""What helps, by the code of a problem."""


class Clock(Protocol):
    """The API server's time."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True)
class Feed:
    """`pause_seconds`: the least time between two messages."""

    board: Board
    live: LiveObjects
    scope: Scope
    pause_seconds: float = 1 / MESSAGES_PER_SECOND

    async def messages(self, now: Clock) -> AsyncGenerator[Message]:
        """Until the board ends. The first one is whole."""
        reader = self.board.reader()
        try:
            newest = sorted(self.board.every(), key=self._age, reverse=True)
            if others := newest[MOST_ROWS:]:
                reader.stir(others)
            told = self.notices()
            yield self._message(newest[:MOST_ROWS], reader, now()) | self._head(told)
            while not self.board.ended:
                await asyncio.sleep(self.pause_seconds)
                keys = await reader.news(BEAT_SECONDS, MOST_ROWS)
                message = self._message(keys or (), reader, now())
                if (fresh := self.notices()) != told:
                    message["notices"] = told = fresh
                yield message
        finally:
            self.board.leave(reader)

    def snapshot(self, now: datetime) -> Message:
        """All that there is at this moment, in one message."""
        reader = Reader()
        return self._message(list(self.board.every()), reader, now) | self._head(self.notices())

    def _head(self, told: list[Row]) -> Message:
        return {"whole": True, "notices": told, "scope": self.scope.word}

    def _message(self, keys: Iterable[Key], reader: Reader, now: datetime) -> Message:
        rows: dict[str, list[Row]] = {}
        gone: dict[str, list[str]] = {}
        for key in keys:
            row = self.board.row(key, now)
            if row is not None:
                rows.setdefault(table_of(key.kind), []).append(row)
            else:
                gone.setdefault(table_of(key.kind), []).append(f"{kind_word(key.kind)}/{key.namespace}/{key.name}")
        complete = self.live.complete and not reader.waits
        return {"now": format_time(now), "complete": complete, "rows": rows, "gone": gone}

    def _age(self, key: Key) -> tuple[bool, str]:
        """By which what is told first is told first: schedules and connections, then the newest jobs."""
        body = self.board.body(key) or {}
        return table_of(key.kind) != "jobs", str((body.get("metadata") or {}).get("creationTimestamp") or "")

    def notices(self) -> list[Row]:
        """What a reader of the page must know: what is not shown, and why."""
        narrowed = [Problem("narrowed", self.scope.narrowed)] if self.scope.narrowed else []
        return [_notice(problem) for problem in (*narrowed, *self.live.problems)]


def _notice(problem: Problem) -> Row:
    command = COMMANDS.get(problem.code)
    return {"code": problem.code, "text": shown(problem.text)} | ({"command": command} if command else {})


def wire(number: int, message: Message) -> bytes:
    """As a server-sent event."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\ndata: {text}\n\n".encode()
