"""What a failed read asks of its caller.

    CloudError                the cloud told nothing, or said no
    ├── Transient             ask again, not before `retry_after`: time-out, connect, 408, 5xx, 429, own limiter
    ├── NotFound              the cloud answered, and does not know the thing
    ├── Unauthorised          the key is wrong: HTTP 401, codes 21119, 80001, 80002, 1800
    ├── NoPermission          the key is known, and may not do this: HTTP 403, code 800
    ├── Rejected              the cloud says no to this request, and will again
    └── ProtocolMismatch      the answer is in a form that this version does not understand
        └── TooMuch           it is longer than any documented one

Mapped once, in `envelope` and `transport`. Messages read "cannot <verb> <thing>: cause", never hold a secret, and
leave out the request id, so that the same failure reads the same twice.
"""

# ruff: noqa: N818 - named for what they ask of the caller
from __future__ import annotations

from typing import Any

from zilliz_jobs.core.reasons import Reason


class CloudError(Exception):
    """A read that told nothing about the thing that was asked for.

    `code` is the cloud's business code, `http_status` that of HTTP; None where there was none. `reason` is the word
    that a condition carries.
    """

    reason: Reason = Reason.REJECTED

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        http_status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.http_status = http_status
        self.request_id = request_id


class Transient(CloudError):
    """Ask again later. `retry_after`: seconds, None where the cloud named no time."""

    def __init__(
        self,
        message: str,
        *,
        reason: Reason = Reason.CLOUD_UNREACHABLE,
        retry_after: float | None = None,
        code: int | None = None,
        http_status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message, code=code, http_status=http_status, request_id=request_id)
        self.reason = reason
        self.retry_after = retry_after


class NotFound(CloudError):
    """The cloud answered in its own form that it does not know the thing. One such answer is never "gone"."""

    reason = Reason.JOB_NOT_SEEN


class Unauthorised(CloudError):
    """The key is not accepted; says nothing about any job."""

    reason = Reason.KEY_REJECTED


class NoPermission(CloudError):
    """The key may not read this; says nothing about the key where it may, nor about any job."""

    reason = Reason.NO_PERMISSION

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(f"{message}. {Reason.NO_PERMISSION.help}", **facts)


class Rejected(CloudError):
    """The cloud refuses this read; asking the same again is of no use."""

    reason = Reason.REJECTED


class ProtocolMismatch(CloudError):
    """Unreadable body, wrong shape, redirect: perhaps a proxy, perhaps a new version of the cloud."""

    reason = Reason.PROTOCOL_MISMATCH


class TooMuch(ProtocolMismatch):
    """The answer is longer than is read. `left_out`: how many rows it has; None where that is not known."""

    def __init__(self, message: str, left_out: int | None) -> None:
        super().__init__(message)
        self.left_out = left_out


class FenceClosed(Exception):
    """Raised by a fence: it is too late to send, or the lease is no longer ours. Any exception of a fence counts."""
