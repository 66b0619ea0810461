"""A terminal with somebody before it: a program runs on it, and what it drew last can be read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

PATIENCE = 60.0
ERASED = "\x1b[2K"
"""What a live picture sends for each of its lines before it draws anew."""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


class Terminal:
    """Of so many columns and lines. Leaving it ends the program."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], *, width: int, height: int) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.width, self.sent = width, ""
        self._process = subprocess.Popen(
            list(words),
            env={**environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def picture(self) -> list[str]:
        """The lines of what was drawn last, without colours."""
        return CONTROL.sub("", self.sent.rpartition(ERASED)[2]).replace("\r", "").splitlines()

    def until(self, what: str, shows: Callable[[list[str]], object]) -> list[str]:
        """The first whole picture that `shows` is content with.

        A terminal hands on what one write sent line by line, so a picture is judged when a moment brings no more.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = self._process.poll() is not None
            if not self._read():
                if shows(self.picture):
                    return self.picture
                assert not ended, f"it ended without {what}\n{self.sent!r}"
            assert time.monotonic() < deadline, f"not on the terminal: {what}\n{self.sent!r}"

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """The exit code of a program that ends by itself."""
        deadline = time.monotonic() + PATIENCE
        while self._read() or self._process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end\n{self.sent!r}"
        return self._process.wait()

    def _read(self) -> bool:
        """Whether there was something, within a moment."""
        ready, _, _ = select.select([self._ours], [], [], 0.1)
        with contextlib.suppress(OSError):  # the other end is closed
            if ready and (data := os.read(self._ours, 65536)):
                self.sent += data.decode(errors="replace")
                return True
        return False
