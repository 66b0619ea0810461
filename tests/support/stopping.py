"""The operator, which stops itself (SIGSTOP) once, at a named step of its first submission that comes there.

    python -m tests.support.stopping STEP [arguments of the operator]

A paused virtual machine, a swapping node, a debugger: from within nothing of it can be noticed, until it goes on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from zilliz_jobs.cli.app import main
from zilliz_jobs.control.fence import Fence
from zilliz_jobs.jobs.actions import Actions
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.kinds.base import JobKind

STOPPED = "stops at the step: "
_done = False

Call = Callable[..., Awaitable[Any]]


def stop(step: str) -> None:
    global _done
    if not _done:
        _done = True
        os.write(2, f"{STOPPED}{step}\n".encode())
        os.kill(os.getpid(), signal.SIGSTOP)


def before(owner: type, name: str, step: str) -> None:
    real: Call = getattr(owner, name)

    async def stopping(*args: Any, **more: Any) -> Any:
        stop(step)
        return await real(*args, **more)

    setattr(owner, name, stopping)


def after(owner: type, name: str, step: str) -> None:
    real: Call = getattr(owner, name)

    async def stopping(*args: Any, **more: Any) -> Any:
        answer = await real(*args, **more)
        stop(step)
        return answer

    setattr(owner, name, stopping)


def after_the_fence(step: str) -> None:
    """The fence is asked before a connection is opened, and again when the first byte is about to be written."""
    asked = 0

    def stopping(fence: Fence) -> None:
        nonlocal asked
        real(fence)
        asked += 1
        if asked == 2:
            stop(step)

    real, Fence.__call__ = Fence.__call__, stopping  # type: ignore[method-assign]


STEPS: dict[str, Callable[[str], None]] = {
    "before the baseline": lambda step: before(JobKind, "prepare", step),
    "before the intent": lambda step: before(JobStatusWriter, "write_intent", step),
    "after the intent": lambda step: after(JobStatusWriter, "write_intent", step),
    "after the fence": after_the_fence,
    "after the request": lambda step: after(Actions, "submit", step),
    "before the record": lambda step: before(JobStatusWriter, "write_answer", step),
}

if __name__ == "__main__":
    chosen = sys.argv.pop(1)
    STEPS[chosen](chosen)
    main()
