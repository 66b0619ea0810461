"""What is printed, and how: a picture on a terminal, plain lines in a pipe.

On a terminal, tables are fitted to its width, states have colours (not with NO_COLOR), and progress is a bar. In a
pipe nothing is cut and nothing coloured, so that each line can be taken apart by its columns.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

import yaml
from rich.console import Console
from rich.text import Text

from zilliz_jobs.cli.kubectl.arguments import Form
from zilliz_jobs.control.objects import Body

GAP, PLAIN_GAP = 2, 3
BAR, FIGURE = 9, 5
STYLES = {
    "Successful": "green",
    "InProgress": "cyan",
    "Pending": "yellow",
    "Failed": "bold red",
    "Canceled": "magenta",
    "Unknown": "bold red",
}
Cell = Text | str


@dataclass(frozen=True)
class Column:
    """`least`: width to which it may be cut on a narrow terminal; 0: never. `dropped`: the order in which columns go
    where cutting is not enough, the lowest first; 0: never. `keeps_end`: its end tells more than its beginning."""

    title: str
    least: int = 0
    dropped: int = 0
    keeps_end: bool = False


Table = tuple[Sequence[Column], Sequence[Sequence[Cell]]]


class Screen:
    def __init__(self, out: TextIO, *, terminal: bool, width: int | None = None) -> None:
        self.terminal = terminal
        self.console = Console(
            file=out, force_terminal=terminal, width=width, highlight=False, markup=False, soft_wrap=False
        )

    @classmethod
    def of_process(cls) -> Screen:
        """That of this process. A terminal that can do nothing (TERM=dumb) is a pipe."""
        dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
        return cls(sys.stdout, terminal=sys.stdout.isatty() and not dumb)

    @property
    def width(self) -> int:
        return self.console.width

    @property
    def height(self) -> int:
        return self.console.height

    def say(self, line: Cell = "") -> None:
        """One line, or on a terminal as many as it takes."""
        if self.terminal:
            self.console.print(line)
        else:
            self.console.file.write(f"{line.plain if isinstance(line, Text) else line}\n")

    def raw(self, text: str) -> None:
        """For programs: as it is."""
        self.console.file.write(text if text.endswith("\n") else f"{text}\n")

    def document(self, body: Body, form: Form) -> None:
        """For programs: as JSON, or as YAML."""
        if form is Form.JSON:
            self.raw(json.dumps(body, indent=4, ensure_ascii=False))
        else:
            self.raw(yaml.safe_dump(body, sort_keys=False, allow_unicode=True))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        for line in self.lines((columns, rows)):
            self.console.print(line, no_wrap=True, crop=True) if self.terminal else self.say(line)

    def lines(self, table: Table, *, title: bool = True, margin: int = 0) -> list[Text]:
        """The lines of a table, the first one with the titles. `margin`: columns of the terminal that it must leave
        free."""
        columns, rows = table
        cells = [[Text(column.title, style="bold" if self.terminal else "") for column in columns]] if title else []
        cells += [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
        sizes = [max((row[at].cell_len for row in cells), default=0) for at in range(len(columns))]
        if self.terminal:
            sizes = fitted(columns, sizes, self.width - margin)
        gap = GAP if self.terminal else PLAIN_GAP
        return [_line(columns, row, sizes, gap, last=self.terminal) for row in cells]

    def progress(self, percent: int | None, state: str) -> Text:
        """A bar on a terminal, the figure in a pipe; nothing for what reports no progress."""
        if percent is None:
            return Text("")
        if not self.terminal:
            return Text(f"{percent}%")
        done = BAR * min(100, max(0, percent)) // 100
        style = STYLES.get(state, "cyan")
        return Text.assemble(("━" * done, style), ("─" * (BAR - done), "dim"), f" {percent:3d}%")

    def state(self, word: str, state: str = "") -> Text:
        """A word in the colour of the state."""
        return Text(word or "-", style=STYLES.get(state or word, "") if self.terminal else "")


def fitted(columns: Sequence[Column], sizes: Sequence[int], width: int) -> list[int]:
    """The widths of the columns on a terminal of this width; 0 for those that are left out. Pure."""
    now = list(sizes)
    while (over := sum(now) + GAP * (sum(size > 0 for size in now) - 1) - width) > 0:
        cut = [at for at, column in enumerate(columns) if column.least and now[at] > column.least]
        if cut:
            at = max(cut, key=lambda one: now[one] - columns[one].least)
            now[at] = max(columns[at].least, now[at] - over)
            continue
        going = [at for at, column in enumerate(columns) if column.dropped and now[at]]
        if not going:
            break
        dropped = min(going, key=lambda one: columns[one].dropped)
        now[dropped] = 0
        for at, column in enumerate(columns):  # what was cut for it may be whole again
            if now[at] and column.least:
                now[at] = sizes[at]
    return now


def _line(columns: Sequence[Column], row: Sequence[Text], sizes: Sequence[int], gap: int, *, last: bool) -> Text:
    line = Text()
    for column, cell, size in zip(columns, row, sizes, strict=True):
        if not size:
            continue
        text = cell.copy()
        if text.cell_len > size and column.keeps_end:
            text = Text("…" + text.plain[1 - size :] if size > 1 else "…", style=text.style)
        text.truncate(size, overflow="ellipsis" if last else None, pad=True)
        line.append_text(text).append(" " * gap)
    line.rstrip()
    return line
