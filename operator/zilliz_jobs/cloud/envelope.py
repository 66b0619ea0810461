"""An HTTP answer of the cloud as one value, and what it means for a read. Pure.

v2 says `{"code": 0, "data": …}`, v1 `{"code": 200, "data": …}` (documented); failures come as HTTP 200 with another
code and a message, but a bad key as HTTP 401 (recorded). A few documented examples have no envelope: `bare`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from zilliz_jobs.cloud.errors import (
    CloudError,
    NoPermission,
    NotFound,
    ProtocolMismatch,
    Rejected,
    Transient,
    Unauthorised,
)
from zilliz_jobs.cloud.fields import MAX_ID, as_moment, as_text
from zilliz_jobs.core.foreigntext import escaped, escaped_in
from zilliz_jobs.core.reasons import Reason

SUCCESS_CODES = frozenset({0, 200})  # v2, v1
KEY_CODES = frozenset({21119, 80001, 80002, 1800})
PERMISSION_CODE = 800  # documented: not enough permission
# Unknown job, cluster, volume, collection, and 404 as a body code (recorded for several resources).
NOT_FOUND_CODES = frozenset({404, 90144, 40021, 80020, 63240, 47005})
# Every failure code that the vendor's pages or recordings name: with one of these, nothing was started.
KNOWN_CODES = (
    KEY_CODES
    | NOT_FOUND_CODES
    | {112, 400, 800, 1100, 1801, 10003, 40003, 40013, 40022, 47035, 47036, 47039, 47053, 47055, 63104, 80006, 80014}
    | {80021, 83001, 83004, 90011, 90102, 90103, 90104, 90117, 90142, 90145, 90155}
)


@dataclass(frozen=True)
class Codes:
    """What the business codes of a host mean: it does not know the thing; it refused, and nothing was started."""

    not_found: frozenset[int]
    refused: frozenset[int]


CONTROL_PLANE = Codes(NOT_FOUND_CODES, KNOWN_CODES)
LATELY_READ = 16
"""Times of answers that are not read again: all answers of one second have the same."""
FIRST_DATE, LAST_DATE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MAX_OPENINGS = 200_000  # of objects and lists; the longest documented answer has some 1,000
MAX_DIGITS = 400
AS_THEY_ARE = frozenset({"password"})
"""What goes into a Secret and is never shown."""
_MAY_BE_UNSAFE = re.compile(r"\\[nrtbfu]|[^\x20-\x7e]")
MAX_RETRY_AFTER = 300.0  # seconds; more would let one odd header stop a connection for a day


@dataclass(frozen=True)
class Envelope:
    """`code` None: the body is not in the cloud's form (then `data` is None), or bare (then it is the body)."""

    status: int
    code: int | None
    message: str
    data: Any
    readable: bool
    cloud_time: datetime | None = None
    request_id: str = ""
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """HTTP 2xx with the code of success, or without a code where the answer is documented to have none."""
        return 200 <= self.status < 300 and self.readable and (self.code is None or self.code in SUCCESS_CODES)

    @property
    def throttled(self) -> bool:
        """HTTP 429, or the words that a known client looks for; the body code of throttling is not documented."""
        return self.status == 429 or (not self.succeeded and "rate limit" in self.message.lower())


def open_envelope(status: int, headers: Mapping[str, str], body: bytes, *, bare: bool = False) -> Envelope:
    """Total: every answer becomes an Envelope. `headers` must find names in any case.

    `bare`: documented without the envelope, so a body without `code` is the data.
    """
    cloud_time = _date(headers.get("date"))
    code, message, data, readable = _contents(status, body, bare)
    return Envelope(
        status,
        code,
        message,
        data,
        readable,
        cloud_time,
        escaped(headers.get("requestid") or headers.get("x-request-id") or "")[:MAX_ID],  # the first is recorded
        _retry_after(headers.get("retry-after"), cloud_time),
    )


def fault(envelope: Envelope, *, doing: str, message: str, codes: Codes = CONTROL_PLANE) -> CloudError | None:
    """The error that this answer is for a read, None for a success. `message` is the cloud's, redacted."""
    if envelope.succeeded:
        return None
    status, code = envelope.status, envelope.code
    text = f"cannot {doing}: {message}"
    request_id = envelope.request_id
    if envelope.throttled or status == 408 or status >= 500:
        return Transient(
            text,
            reason=Reason.RATE_LIMITED if envelope.throttled else Reason.CLOUD_UNREACHABLE,
            retry_after=envelope.retry_after,
            code=code,
            http_status=status,
            request_id=request_id,
        )
    kind: type[CloudError]
    if status == 403 or (code == PERMISSION_CODE and status != 401):
        kind = NoPermission  # whatever its code: one of them says both "unknown token" and "not authorised"
    elif status == 401 or code in KEY_CODES:
        kind = Unauthorised
    elif code is None or code in SUCCESS_CODES or 300 <= status < 400:
        # Also a 404 that is not in the cloud's form: a gateway that has lost its routes must not read as "job gone".
        # Nor one that says both that all is well and that it is not.
        kind = ProtocolMismatch
    elif status == 404 or code in codes.not_found:
        kind = NotFound
    else:
        kind = Rejected
    return kind(text, code=code, http_status=status, request_id=request_id)


def said(envelope: Envelope) -> str:
    """The cause in words: the cloud's own message and code, or what is wrong with its answer. Not yet redacted."""
    if envelope.code is not None and envelope.message:
        return f"{envelope.message} (code {envelope.code})"
    if envelope.code is not None and not envelope.succeeded:
        return f"the cloud answered HTTP {envelope.status} with code {envelope.code}"
    if 300 <= envelope.status < 400:
        return f"the cloud answered with a redirect (HTTP {envelope.status})"
    if 200 <= envelope.status < 300:
        return "the cloud's answer is unreadable"
    return f"the cloud answered HTTP {envelope.status}"


def _contents(status: int, body: bytes, bare: bool) -> tuple[int | None, str, Any, bool]:
    if status == 204 and not body:
        return None, "", None, True
    try:
        content = _parsed(body)
    except (ValueError, RecursionError):
        return None, "", None, False
    if isinstance(content, dict) and "code" in content:
        code = _code(content["code"])
        if code is None:
            return None, "", None, False
        message = content.get("message") or content.get("msg") or ""
        rest = {name: value for name, value in content.items() if name not in ("code", "message", "msg")}
        # Describe Job: its schema has the fields at top level, its example in `data`.
        return code, str(message), content.get("data", rest), True
    if bare and isinstance(content, dict | list):
        data = content["data"] if isinstance(content, dict) and set(content) == {"data"} else content
        return None, "", data, True
    return None, "", None, False


def _parsed(body: bytes) -> Any:
    """The JSON in the body, safe to show. What is no text in it is replaced and never costs the rest: a reason may
    quote the bytes of a file. Raises ValueError and RecursionError."""
    if body.count(b"{") + body.count(b"[") > MAX_OPENINGS:
        raise ValueError("the answer has more parts than any documented one")
    text = body.decode(json.detect_encoding(body), "replace")
    # Line ends and the like may stand in a text as they are, which JSON forbids and writers of logs do all the same.
    content = json.loads(text, strict=False, parse_constant=lambda _word: None, parse_int=_whole_number)
    return escaped_in(content, AS_THEY_ARE) if _may_be_unsafe(text) else content


def _may_be_unsafe(text: str) -> bool:
    plain = text.isascii() and text.isprintable() and "\\" not in text  # told in a tenth of the time of a search
    return not plain and _MAY_BE_UNSAFE.search(text) is not None


def _whole_number(digits: str) -> int | None:
    """None for one that no field can mean and that Python would refuse to read, and the whole answer with it."""
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _code(value: object) -> int | None:
    """Strict: nothing but a whole number may read as the 0 of success."""
    text = as_text(value)
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 12 else None


def _date(text: str | None) -> datetime | None:
    """The cloud's clock; None for a time that no clock can show which is only wrong by some hours or days."""
    moment = _moment(text)
    return moment if moment is not None and FIRST_DATE <= moment < LAST_DATE else None


@lru_cache(maxsize=LATELY_READ)
def _moment(text: str | None) -> datetime | None:
    try:
        return as_moment(parsedate_to_datetime(text)) if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _retry_after(text: str | None, now: datetime | None) -> float | None:
    """Seconds to wait; a date is compared with the cloud's own clock, never with ours."""
    if not text:
        return None
    if text.strip().isdecimal():
        seconds = float(text)
    else:
        moment = _moment(text)
        if moment is None or now is None:
            return None
        seconds = (moment - now).total_seconds()
    return max(0.0, min(MAX_RETRY_AFTER, seconds))
