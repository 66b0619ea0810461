"""Kills what the demo started once the demo is gone, and removes its folder. A program of its own, without imports.

Its standard input is a pipe that only the demo holds open, with the process groups in it, one a line. `done` says
that all has ended in good order; the end of the input without it, that the demo was killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        groups.append(int(line))
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    for folder in sys.argv[1:]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
