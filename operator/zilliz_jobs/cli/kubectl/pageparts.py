"""What the pages of `kubectl zilliz show` are made of. Nothing here reads or waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from rich.text import Text

from zilliz_jobs.api.model import format_time
from zilliz_jobs.cli.kubectl.advice import Advice
from zilliz_jobs.cli.kubectl.ages import age
from zilliz_jobs.cli.kubectl.screen import Cell, Column, Screen, Table
from zilliz_jobs.cli.kubectl.timeline import Moment
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown

INDENT = "  "
MARGIN = 12
NO_EVENTS = "Events are not shown: you lack the right to list events in this namespace."


def bold(text: str, screen: Screen) -> Text:
    return Text(text, style="bold" if screen.terminal else "")


def label(title: str) -> str:
    return f"{INDENT}{title + ':' if title else '':<16} "


def folded(front: str, text: str, screen: Screen) -> Iterator[Cell]:
    """`front` and text; on a terminal the text is folded to its width, each line under the first."""
    if not screen.terminal:
        yield f"{front}{text}"
        return
    lines = wrap(text, max(20, screen.width - len(front)), break_long_words=False) or [""]
    yield f"{front}{lines[0]}"
    yield from (" " * len(front) + line for line in lines[1:])


def indented(table: Table, screen: Screen) -> Iterator[Cell]:
    yield from (Text.assemble(INDENT, line) for line in screen.lines(table, margin=len(INDENT)))


def conditions(rows: Sequence[Body], screen: Screen) -> Iterator[Cell]:
    columns = [Column("TYPE"), Column("STATUS"), Column("REASON", least=12), Column("MESSAGE", least=16)]
    cells = [
        [
            shown(str(row.get("type"))),
            *(shown(str(row.get(name) or "")) for name in ("status", "reason", "message")),
        ]
        for row in rows
    ]
    yield from indented((columns, cells), screen)


def moments(told: Iterable[Moment], now: datetime, screen: Screen) -> Iterator[Cell]:
    """A timeline, the oldest first."""
    for moment in told:
        ago = f"{age(moment.time, now)} ago" if moment.time <= now else "to come"
        line = Text.assemble(
            f"{INDENT}{format_time(moment.time)}  {ago:<{MARGIN}}", screen.state(moment.what, moment.state)
        )
        yield from _with_text(line, moment.text, screen)


def offered(every: Iterable[Advice], screen: Screen) -> Iterator[Cell]:
    """Commands to copy."""
    for one in every:
        yield f"{INDENT}{one.purpose}:"
        yield Text(f"{INDENT}{INDENT}{one.command}", style="cyan" if screen.terminal else "")


def _with_text(line: Text, text: str, screen: Screen) -> Iterator[Cell]:
    """The text behind the line, or on a terminal folded below it."""
    if not text:
        yield line
    elif not screen.terminal or line.cell_len + 2 + len(text) <= screen.width:
        yield Text.assemble(line, f": {text}")
    else:
        yield line
        yield from folded(" " * 24, text, screen)
