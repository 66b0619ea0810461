"""Log records for people or for collectors, with every known secret cut out.

Keys are registered when they are read (`conceal`), and every record is searched for them before it is written, so
that neither a library's debug line nor an error text of a proxy can carry one out.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from urllib.parse import quote

from pythonjsonlogger.json import JsonFormatter

_secrets: set[str] = set()
_lock = threading.Lock()
MASK = "***"
SHORTEST = 4  # anything shorter would cut holes into ordinary words


def conceal(*values: str) -> None:
    """From now on these never appear in a log record."""
    long = [value for value in values if len(value) >= SHORTEST]
    with _lock:
        for value in long:
            # As it is, and as it stands inside JSON and in a URL.
            _secrets.update({value, json.dumps(value)[1:-1], quote(value, safe=""), quote(value)})


def redacted(text: str) -> str:
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


class RedactingText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class RedactingJson(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


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
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a stack trace for each probe that fails
