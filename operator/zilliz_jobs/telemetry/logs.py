"""Log records for people or for collectors, with every known secret cut out.

Keys are registered when they are read (`conceal`), and every record is searched for them before it is written, so
that neither a library's debug line nor an error text of a proxy can carry one out.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from zilliz_jobs.core.foreigntext import escaped, escaped_in
from zilliz_jobs.core.secretforms import SHORTEST, forms

_by_start: dict[str, tuple[str, ...]] = {}
"""The forms of all secrets by their first characters, so that a text costs its own length and not their number."""
_lock = threading.Lock()
MASK = "***"


def conceal(*values: str) -> None:
    """From now on these appear in no log record, status or event, in whatever form they travel."""
    with _lock:
        for form in {form for value in values for form in forms(value)}:
            start = form[:SHORTEST]
            if form not in (known := _by_start.get(start, ())):
                _by_start[start] = (*known, form)


def redacted(text: str) -> str:
    """`text` without anything that was concealed."""
    parts: list[str] = []
    shown = 0  # where the text goes on that is not told or masked yet
    end = 0  # of the secret in which the search is
    for at in range(len(text) - SHORTEST + 1):
        for form in _by_start.get(text[at : at + SHORTEST], ()):
            if text.startswith(form, at):
                if at >= end:
                    parts += [text[shown:at], MASK]
                shown = end = max(end, at + len(form))
    return "".join([*parts, text[shown:]]) if parts else text


def presentable(text: str) -> str:
    """`text` as it may stand where people read: without what was concealed, and on one line."""
    return escaped(redacted(text))


class RedactingText(logging.Formatter):
    """One record is one line, a traceback in it too: else whoever writes a text could write records of his own."""

    def format(self, record: logging.LogRecord) -> str:
        return presentable(super().format(record))


class RedactingJson(JsonFormatter):
    """The lines of a traceback are told apart by JSON itself; a text is escaped also for who unpacks it."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = escaped_in(
            super().process_log_record(log_data), frozenset({"exc_info", "stack_info"})
        )
        return shown

    def format(self, record: logging.LogRecord) -> str:
        return presentable(super().format(record))


def _tell_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process is told like all else, since Python's own trace is searched by nobody."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("the program ends by an error", exc_info=(kind, error, trace))


def set_up(form: str, level: str) -> None:
    """Send all records to stderr in the wanted form; replaces what was set up before."""
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingJson(fields) if form == "json" else RedactingText(fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("kopf", "httpx2", "httpcore2", "kubernetes", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.captureWarnings(True)
    sys.excepthook = _tell_crash
    threading.excepthook = lambda end: _tell_crash(end.exc_type, end.exc_value or end.exc_type(), end.exc_traceback)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a stack trace for each probe that fails
