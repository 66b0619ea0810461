"""The verdict on one run, as the worker writes it into its termination message; no right on logs is needed. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

FINISHED, CANCELED = "FINISHED", "CANCELED"
"""The engine's words for the end of a job (read in source)."""

TABLE_NOT_FOUND = frozenset({"API-04", "API-05", "MILVUS-02", "MILVUS-08", "QDRANT-02", "ELASTICSEARCH-05"})
"""The engine's codes for a source that is not there, or holds nothing (read in source)."""

MAX_MESSAGE = 4096  # documented: of a termination message
OUT_OF_MEMORY_EXIT = 3
"""Of java with ExitOnOutOfMemoryError (documented)."""

_CODE = re.compile(r"[A-Za-z_]{1,40}(?:-[A-Za-z_]{1,40}){0,3}-[0-9]{1,4}")
_STATE = re.compile(r"[A-Z_]{1,40}")


@dataclass(frozen=True)
class Verdict:
    """`state`: the engine's word for the end of its job, NONE where it gave none. `exit`: of java. `terminated`: the
    worker was told to end. `read`, `written`: rows; None where they were not told. `code`: of the innermost error,
    '' for none."""

    state: str
    exit: int
    terminated: bool
    read: int | None = None
    written: int | None = None
    code: str = ""

    @property
    def whole(self) -> bool:
        """Whether all rows that were read were written. The exit code alone does not tell: a job that was cancelled
        in the engine ends with 0 too (read in source)."""
        return self.state == FINISHED and self.exit == 0 and self.read is not None and self.read == self.written

    @property
    def rows(self) -> str:
        """How many rows were read and written, in words; '' where that was not told."""
        if self.read is None or self.written is None:
            return ""
        return f"{self.read} rows read, {self.written} written"


def parse(termination_message: str) -> Verdict | None:
    """The verdict; None for what is none, the end of a log say, none of which is ever shown. Raises nothing."""
    if len(termination_message) > MAX_MESSAGE:
        return None
    try:
        told = json.loads(termination_message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    state, code, exit_code = told.get("state"), told.get("code", ""), _count(told.get("exit"))
    if not isinstance(state, str) or not _STATE.fullmatch(state) or exit_code is None:
        return None
    return Verdict(
        state=state,
        exit=exit_code,
        terminated=bool(told.get("terminated")),
        read=_count(told.get("read")),
        written=_count(told.get("written")),
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
