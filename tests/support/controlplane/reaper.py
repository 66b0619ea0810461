"""Kills what a test process started once that process is gone, however it ended.

Run as a script: it reads `+pid` and `-pid` lines from its standard input, which only the parent holds
open. The end of the input means that the parent is gone: every process group left is killed and the
folder given as the argument is removed. (The parent-death signal of Linux would follow the thread that
started a process, so a server started from a worker thread would die with that thread.)
"""

import contextlib
import os
import shutil
import signal
import sys


def main() -> None:
    """Follow the parent's lines until it is gone, then clean up."""
    left: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line.startswith("+"):
            left.add(pid)
        else:
            left.discard(pid)
    for pid in left:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    for folder in sys.argv[1:]:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
