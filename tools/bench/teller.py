"""Says what goes on: a line for each step, and on a terminal a bar for what takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Teller:
    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._began = monotonic()

    def say(self, line: str, style: str = "none") -> None:
        self._console.print(f"[dim]{monotonic() - self._began:6.1f} s[/]  [{style}]{escape(line)}[/]")

    def show(self, what: RenderableType) -> None:
        self._console.print(what)

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Give what it yields how many are done."""
        self.say(f"{what} ({total:,})")
        columns = TextColumn("          {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
