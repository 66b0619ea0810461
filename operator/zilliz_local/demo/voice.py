"""Telling the story: a live picture on a terminal, one line for each change everywhere else."""

from __future__ import annotations

import io
import os
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from zilliz_local.demo.pace import Pace
from zilliz_local.demo.screen import LINE_MARKS, Line, View, changes, clock, frame
from zilliz_local.demo.watch import Track

PLAIN_WIDTH = 100


class Voice:
    """Without a terminal: plain lines, flushed one by one, no control codes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._tracks: tuple[Track, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    @property
    def elapsed(self) -> float:
        """Seconds since the curtain."""
        return time.monotonic() - self._began

    def begin(self, title: str, about: frozenset[str]) -> None:
        """A new act, and the objects that it is about."""
        self.say("act", title)

    def say(self, kind: str, text: str) -> None:
        """Tell one line of the narration."""
        if kind == "act":
            self.print("")
        self.print(f"{clock(self.elapsed)} {LINE_MARKS[kind]}{text}")

    def show(self, tracks: tuple[Track, ...]) -> None:
        """Tell how the objects are now."""
        for line in changes(self._tracks, tracks):
            self.say(line.kind, line.text)
        self._tracks = tracks

    def manifest(self, text: str) -> None:
        """What is about to be applied."""
        for line in text.splitlines():
            self.print(f"        {line}")

    def look(self, command: str) -> None:
        """The command that shows what came of the act."""
        self.say("look", command)

    def close(self) -> None:
        """The show is over; what is printed from now on stays."""

    def print(self, text: RenderableType) -> None:
        """Print below what was told so far. Text is never broken, so that what it shows can be copied."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=isinstance(text, str))
        self.console.file.flush()


class LiveVoice(Voice):
    """On a terminal: one picture that changes in place and gives way to the summary."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._title = "starting"
        self._about: frozenset[str] = frozenset()
        self._lines: list[Line] = []
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def begin(self, title: str, about: frozenset[str]) -> None:
        self._about = about
        super().begin(title, about)

    def say(self, kind: str, text: str) -> None:
        if kind == "act":
            self._title = text
            if self._lines:
                self._lines.append(Line("text", ""))
        self._lines.append(Line(kind, text))
        self._draw()

    def show(self, tracks: tuple[Track, ...]) -> None:
        self._tracks = tracks
        self._draw()

    def manifest(self, text: str) -> None:
        """The picture has no room for it."""

    def look(self, command: str) -> None:
        """The picture shows it."""

    def close(self) -> None:
        self._live.stop()

    def _draw(self) -> None:
        view = View(self._title, self.elapsed, self._tracks, tuple(self._lines), self._about)
        size = self.console.size
        self._live.update(frame(view, size.width, size.height), refresh=True)


def on_terminal() -> bool:
    """Whether the output goes to a terminal that can draw, with a person in front of it."""
    able = os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
    return sys.stdout.isatty() and able and not os.environ.get("CI")


def make_voice(pace: Pace) -> Voice:
    """The voice that suits where the output goes. NO_COLOR is heeded by the console itself."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a log that knows no ticks gets question marks, not a traceback
    if on_terminal():
        from zilliz_local.demo.reading import ReadingVoice

        return LiveVoice(Console()) if pace is Pace.FAST else ReadingVoice(Console())
    width = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdecimal() else PLAIN_WIDTH
    return Voice(Console(force_terminal=False, color_system=None, width=max(40, width), legacy_windows=False))
