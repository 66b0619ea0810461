"""Text from outside, made safe to show: the cloud's words, and those of a spec on their way to a status, an event or
a log. Pure.

The query of a URL may hold a signature, and is left out. A line end lets a text forge a log record, an escape
sequence drives a terminal, and a mark of direction shows a text in another order than it is written: they are shown
as escapes. All else stays as it is, also the joiners that Persian, Indian scripts and emoji need.
"""

from __future__ import annotations

import re
from typing import Any

REPLACED = "\ufffd"
"""What stands for bytes that are no text."""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Of a URL; and of what has lost the front of one, as names of files have, where a field and its value follow. A
# backslash goes with what follows it (`\\u0026` is an &), but for a quotation mark: what is inside quotes stays so.
_QUERY = re.compile(r"""(?:(?P<url>://[^\s?"'<>]*)\?|\?(?=[\w.~%+-]+=))(?:[^\s"'<>\\]|\\[^\s"'])*""")


def escaped(text: str) -> str:
    """`text` on one line, without anything that acts instead of being read: control characters, line ends, marks of
    direction, halves of characters. They become the escapes that Python writes. Doing it twice changes nothing more.
    """
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_escape, text)


def without_queries(text: str) -> str:
    """`text` with `?...` for the query of every URL in it: a presigned URL carries its signature there. Doing it
    twice changes nothing more."""
    return _QUERY.sub(lambda found: f"{found['url'] or ''}?...", text) if "?" in text else text


def shown(text: str) -> str:
    """A text of a spec as it is shown outside the spec."""
    return escaped(without_queries(text))


def escaped_in(value: Any, untouched: frozenset[str] = frozenset()) -> Any:
    """A JSON value with every text in it escaped, names of fields too, but for the values of the fields
    `untouched`."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [escaped_in(item, untouched) for item in value]
    if isinstance(value, dict):
        return {
            escaped(name): item if name in untouched and isinstance(item, str) else escaped_in(item, untouched)
            for name, item in value.items()
        }
    return value


def is_damaged(text: str) -> bool:
    """Whether bytes of it could not be read. Such a text is neither equal to another nor different: it is unknown."""
    return REPLACED in text


def _escape(found: re.Match[str]) -> str:
    return ascii(found.group())[1:-1]
