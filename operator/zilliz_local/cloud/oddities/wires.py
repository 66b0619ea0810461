"""Bytes that are no text, text that acts, bodies that are too long or break off, and codes in the wrong envelope."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .oddity import Body, Oddity, Sent, texts

NAMES = frozenset({"backupName", "clusterName", "projectName", "collectionName", "fileName"})
WORDS = NAMES | {"reason", "message", "description", "errorMessage", "createdBy"}
STATES = frozenset({"state", "status"})
ACTING = "\x00\x1b[31m\r\n2026-01-01 ERROR all is lost\u202e\u2066\u200f\x85"
MUCH = 9 * 1024 * 1024
_MARK = "\x1a"


def _broken(names: frozenset[str]) -> Callable[[Any], Any]:
    return texts(names, lambda text: f"{text[:2]}{_MARK}{text[3:]}")


def _bytes(out: Sent) -> Sent:
    return replace(out, body=out.body.replace(json.dumps(_MARK)[1:-1].encode(), b"\xff"))


def _long(out: Sent) -> Sent:
    """Blanks between two parts of JSON mean nothing, and are many bytes all the same."""
    return replace(out, body=out.body[:1] + b" " * MUCH + out.body[1:])


def _cut(out: Sent) -> Sent:
    packed = gzip.compress(out.body)
    return replace(out, body=packed[: len(packed) * 2 // 3], encoding="gzip")


def _http(status: int) -> Callable[[Sent], Sent]:
    return lambda out: replace(out, http=status) if out.http == 200 else out


def _refused_well(out: Sent) -> Sent:
    """A refusal as a proxy passes it on that knows no other status."""
    return replace(out, http=200)


def _code(body: Body) -> Body:
    """Success is 200 of HTTP, and the code is that of another table."""
    return body | {"code": 40400 + int(body["code"]) % 100} if isinstance(body.get("code"), int) else body


WIRES = (
    Oddity("broken_words", "a byte that is no UTF-8 in texts", data=_broken(WORDS), sent=_bytes),
    Oddity("broken_states", "a byte that is no UTF-8 in states", data=_broken(STATES), sent=_bytes),
    Oddity(
        "broken_descriptions",
        "a byte that is no UTF-8 at the end of descriptions",
        data=texts(frozenset({"description"}), lambda text: f"{text[:-1]}{_MARK}"),
        sent=_bytes,
    ),
    Oddity(
        "broken_ids",
        "a byte that is no UTF-8 in ids",
        data=_broken(frozenset({"jobId", "backupId", "clusterId"})),
        sent=_bytes,
    ),
    Oddity(
        "acting_text", "control characters, line ends and marks of direction", data=texts(WORDS, lambda t: t + ACTING)
    ),
    Oddity("oversized", "some nine MiB for a few words", sent=_long),
    Oddity("truncated_gzip", "packed, and broken off", sent=_cut),
    Oddity("success_as_404", "HTTP 404 around a success", sent=_http(404)),
    Oddity("success_as_400", "HTTP 400 around a success", sent=_http(400)),
    Oddity("success_as_502", "HTTP 502 around a success", sent=_http(502)),
    Oddity("all_as_200", "HTTP 200 around every refusal", sent=_refused_well),
    Oddity("code_404xx", "HTTP 200 with a code of 404xx", body=_code),
    Oddity("code_as_text", "the code as text", body=lambda body: body | {"code": str(body.get("code", 0))}),
    Oddity("code_missing", "no code", body=lambda body: {k: v for k, v in body.items() if k != "code"}),
)
