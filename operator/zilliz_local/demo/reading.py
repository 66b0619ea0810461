"""The voice at reading pace: what was told stays in the terminal's history, and the objects are drawn below it."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from zilliz_local.demo.screen import LINE_MARKS, LINE_STYLES, View, clock, frame
from zilliz_local.demo.voice import Voice
from zilliz_local.demo.watch import Track

SMALLEST = 10
"""Lines of the picture on the lowest terminal."""


class ReadingVoice(Voice):
    """The picture takes the lower half of the terminal and gives way to the summary; all lines above it stay, so that
    one can scroll back."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._title = "starting"
        self._about: frozenset[str] = frozenset()
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> ReadingVoice:
        self._live.start()
        return self

    def begin(self, title: str, about: frozenset[str]) -> None:
        self._title, self._about = title, about
        super().begin(title, about)

    def say(self, kind: str, text: str) -> None:
        if kind == "act":
            self.print("")
        line = Text(f"{clock(self.elapsed)} {LINE_MARKS[kind]}{text}", style=LINE_STYLES[kind])
        self.console.print(line, soft_wrap=kind in ("command", "look"))

    def show(self, tracks: tuple[Track, ...]) -> None:
        super().show(tracks)
        size = self.console.size
        view = View(self._title, self.elapsed, tracks, (), self._about)
        self._live.update(frame(view, size.width, max(SMALLEST, size.height // 2)), refresh=True)

    def manifest(self, text: str) -> None:
        self.console.print(Text("".join(f"        {line}\n" for line in text.splitlines()), style="dim"), end="")

    def close(self) -> None:
        self._live.stop()
