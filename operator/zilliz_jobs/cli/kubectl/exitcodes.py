"""How a command ends. Scripts go by these numbers; of several ends the highest counts."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1
    """A job failed, a request was refused, or something stands in the way."""
    CANCELED = 2
    NEEDS_A_PERSON = 3
    NOT_CHECKED = 4
    CANNOT = 5
    """The command could not be carried out: used wrongly, no such job, a missing right, no server."""
    TIMED_OUT = 124
    INTERRUPTED = 130


class CommandError(Exception):
    """The command cannot go on. The message says why, and what to do."""

    def __init__(self, message: str, code: ExitCode = ExitCode.CANNOT) -> None:
        super().__init__(message)
        self.code = code
