"""The four answers of a request that changes something in the cloud.

A read can simply be asked again; an effect cannot. So the answer says what is *proven*: `Taken`, `NotSent`,
`Refused`, and `Uncertain` for all the rest. Sent again are only `NotSent` and what a look-up proved absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zilliz_jobs.cloud.envelope import AS_THEY_ARE, CONTROL_PLANE, SUCCESS_CODES, Codes, Envelope
from zilliz_jobs.cloud.fields import MAX_ID, as_id, as_text
from zilliz_jobs.core.reasons import Reason


@dataclass(frozen=True)
class Taken:
    """The cloud says that it took the request. `data` may hold a one-time password: never log it."""

    data: Any
    cloud_time: datetime | None = None
    request_id: str = ""

    def text(self, name: str) -> str:
        """The field `name` of the answer as text, "" where there is none.

        Ids come as text or number, in an object, in a list of one object, or bare (documentation and examples of
        Create Import Jobs and of Merge Data contradict each other).
        """
        return id_in(self.data, name)

    def __repr__(self) -> str:
        return f"Taken(request_id={self.request_id!r})"


@dataclass(frozen=True)
class NotSent:
    """Proven: no byte of the request was written. `reason` is one of `reasons`; `retry_after` in seconds."""

    reason: Reason
    message: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Refused:
    """The cloud said no, so nothing began. `http_status` is 0 where the request cannot even be written."""

    code: int | None
    http_status: int
    message: str
    retry_after: float | None = None
    request_id: str = ""


@dataclass(frozen=True)
class Uncertain:
    """The request may have taken effect, or not."""

    message: str


EffectReply = Taken | NotSent | Refused | Uncertain


def answered(envelope: Envelope, *, doing: str, message: str, codes: Codes = CONTROL_PLANE) -> EffectReply:
    """What an answer of the cloud proves about an effect. Pure. `message` is the cloud's, redacted.

    A business code counts as a refusal only if the documentation lists it: an unknown one can stand for
    "accepted, but the answer went wrong". So can an HTTP status of 4xx around the code of success.
    """
    status, code = envelope.status, envelope.code
    if envelope.succeeded:
        return Taken(envelope.data, envelope.cloud_time, envelope.request_id)
    text = f"cannot {doing}: {message}"
    if 400 <= status < 500 and status != 408 and code not in SUCCESS_CODES:
        return Refused(code, status, text, envelope.retry_after, envelope.request_id)
    if 200 <= status < 300 and code in codes.refused:
        return Refused(code, status, text, envelope.retry_after, envelope.request_id)
    return Uncertain(f"cannot tell whether the cloud did {doing!r}: {message}")


def with_id(reply: EffectReply, *names: str) -> EffectReply:
    """`reply`, but Uncertain where the cloud claims success and names none of the ids.

    Documented answers always have one; without it nothing can be followed, and nothing may be sent again.
    """
    if isinstance(reply, Taken) and not any(reply.text(name) for name in names):
        return Uncertain(f"cannot tell what the cloud started: its answer has no {' or '.join(names)}")
    return reply


def id_in(data: Any, name: str) -> str:
    """The id `name` in the data of an answer; "" where there is none, or where a list names several."""
    if isinstance(data, list):
        return id_in(data[0], name) if len(data) == 1 else ""
    if isinstance(data, dict):
        value = data.get(name)
        if isinstance(value, list):
            return id_in(value, name)
        found = as_text(value) if name in AS_THEY_ARE else as_id(value)
        return found if len(found) <= MAX_ID else ""
    return ""
