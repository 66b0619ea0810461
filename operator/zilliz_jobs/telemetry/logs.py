"""Log records for people or for collectors, without a secret.

What comes from outside has lost its secrets before it gets here. For what nobody foresaw, every record is searched
again: a library's debug line for secrets that no name looks like, and an error's trace for all of them.
"""

from __future__ import annotations

import logging
import sys
import threading
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from zilliz_jobs.core.foreigntext import escaped_in, shown
from zilliz_jobs.telemetry.concealed import CONCEALED

TOLD_ELSEWHERE = ContextVar("TOLD_ELSEWHERE", default=False)
"""Set where who runs kopf catches and tells its errors: its own records of them, with their traces, are left out."""

Trace = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _line(text: str) -> str:
    return shown(CONCEALED.hidden_in_log(text))


class RedactingText(logging.Formatter):
    """One record is one line, a traceback in it too: else whoever writes a text could write records of his own."""

    def format(self, record: logging.LogRecord) -> str:
        return _line(super().format(record))

    def formatException(self, ei: Trace) -> str:  # noqa: N802 - the library's name
        return CONCEALED.hidden(super().formatException(ei))


class RedactingJson(JsonFormatter):
    """The lines of a traceback are told apart by JSON itself; a text is escaped also for who unpacks it."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = escaped_in(
            super().process_log_record(log_data), frozenset({"exc_info", "stack_info"})
        )
        return shown

    def format(self, record: logging.LogRecord) -> str:
        return _line(super().format(record))

    def formatException(self, ei: Trace) -> str:  # noqa: N802 - the library's name
        return CONCEALED.hidden(str(super().formatException(ei)))


def _tell_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends the process is told like all else, since Python's own trace is searched by nobody."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("the program ends by an error", exc_info=(kind, error, trace))


def _is_news(record: logging.LogRecord) -> bool:
    return not (TOLD_ELSEWHERE.get() and record.exc_info and record.name.startswith("kopf."))


def set_up(form: str, level: str) -> None:
    """Send all records to stderr in the wanted form; replaces what was set up before."""
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingJson(fields) if form == "json" else RedactingText(fields))
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("kopf", "httpx2", "httpcore2", "kubernetes", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.captureWarnings(True)
    sys.excepthook = _tell_crash
    threading.excepthook = lambda end: _tell_crash(end.exc_type, end.exc_value or end.exc_type(), end.exc_traceback)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a stack trace for each probe that fails
