"""Log records for people or for collectors, with every known secret cut out.

Keys are registered when they are read (`conceal`), and every record is searched for them before it is written, so
that neither a library's debug line nor an error text of a proxy can carry one out.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from zilliz_jobs.core.secretforms import forms

_secrets: tuple[str, ...] = ()
_lock = threading.Lock()
MASK = "***"


def conceal(*values: str) -> None:
    """From now on these appear in no log record, status or event, in whatever form they travel."""
    global _secrets
    with _lock:
        known = set(_secrets)
        if new := {form for value in values for form in forms(value)} - known:
            _secrets = tuple(sorted(known | new, key=len, reverse=True))


def redacted(text: str) -> str:
    """`text` without anything that was concealed."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


class RedactingText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class RedactingJson(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


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
