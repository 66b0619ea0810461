"""What can go wrong when Kubernetes is asked for something, by what the caller does next.

KubeError
|- Unavailable      no usable answer: what became of a write is unknown; read again
|- Unauthorised     401: the credentials are not accepted, fresh ones neither
|- Forbidden        403: a right is missing, or a rule of the cluster says no
|  |- Terminating   the namespace is ending, and takes nothing new
|  `- Denied        the right is there: a quota, an admission webhook or policy says no
|- NotFound         404
|  `- NotServed     there is no such kind, or not yet: nothing is said of the object
|- Gone             410: a list or watch is too old; begin anew
|- Conflict         409: the object is not the one that was read; read again, decide again
|  |- AlreadyExists 409 to a creation
|  `- HandleConflict  the submission record is not the one that was written ahead
|- Invalid          422 or 400: the object is refused; sending it again is no use
|  `- StrictDecoding  it has a field that the server does not know: the installed CRD is outdated
"""

# ruff: noqa: N818 - an error is named by what the caller does next

from __future__ import annotations

import re
from typing import Any

from zilliz_jobs.core.shortening import shortened

Body = dict[str, Any]  # an object as Kubernetes sends it

STRICT_DECODING = "strict decoding error"
MAX_MESSAGE = 2048


class KubeError(Exception):
    """A request to Kubernetes failed. `status` is the HTTP status, 0 when there was no answer."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(shortened(message, MAX_MESSAGE))
        self.status = status


class Unavailable(KubeError):
    """No usable answer: time-out, broken connection, 429, 5xx. The effect of a write is unknown.

    `retry_after` is in seconds; None when the server did not say.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class Unauthorised(KubeError):
    """The API server does not accept the credentials. Nothing was written."""


class Forbidden(KubeError):
    """A right is missing, or a rule of the cluster says no. Nothing was written."""


class Terminating(Forbidden):
    """The namespace is being deleted, so nothing is made in it any more."""


class Denied(Forbidden):
    """A quota, an admission webhook or a policy says no to this request, in its own sentence. Nothing was written."""


class NotFound(KubeError):
    """There is no such object, or no such kind."""


class NotServed(NotFound):
    """The API server does not serve the kind: its CRD is not installed, or not ready. Whether the object exists is
    not said."""


class Gone(KubeError):
    """The continuation of a list, or the version of a watch, is too old."""


class Conflict(KubeError):
    """The object is not in the state that was named as precondition. Nothing was written."""


class AlreadyExists(Conflict):
    """An object of that name exists already. Nothing was written."""


class HandleConflict(Conflict):
    """The submission record in the cluster is another one than the handle belongs to. Nothing was written.

    `body` is the object as it is now.
    """

    def __init__(self, message: str, body: Body) -> None:
        super().__init__(message, status=422)
        self.body = body


class Invalid(KubeError):
    """The server refuses the content; its message names the fields. Nothing was written."""


class StrictDecoding(Invalid):
    """The content has a field that the installed CRD lacks. Nothing was written."""


_TERMINATING = "NamespaceTerminating"
_LACKS_RIGHT = re.compile(r'User "[^"]*" cannot \w+ (resource|path)')  # how each authorizer's answer is worded
_BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Unauthorised,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    415: Invalid,
    422: Invalid,
}


def error_of(asked: str, status: int, answer: Body, retry_after: float | None = None) -> KubeError:
    """The error that an answer other than 2xx stands for. `answer` is a metav1.Status, or empty. Pure."""
    text = str(answer.get("message") or f"HTTP {status}")
    message = f"cannot {asked}: {text}"
    if status in (408, 429) or status >= 500:
        return Unavailable(message, status=status, retry_after=retry_after)
    if status == 409 and answer.get("reason") == "AlreadyExists":
        return AlreadyExists(message, status=status)
    if status in (400, 422) and STRICT_DECODING in text:
        # The server repeats the whole object in front of the one thing that matters.
        return StrictDecoding(f"cannot {asked}: {text[text.rindex(STRICT_DECODING) :]}", status=status)
    if status == 404 and not _names_an_object(answer):
        return NotServed(message, status=status)
    if status == 403 and _TERMINATING in _causes(answer):
        return Terminating(message, status=status)
    if status == 403 and answer.get("message") and not _LACKS_RIGHT.search(text):
        return Denied(message, status=status)
    return _BY_STATUS.get(status, KubeError)(message, status=status)


def is_refusal(error: KubeError) -> bool:
    """Whether the server said no, so that nothing was written and something has to change before it says yes."""
    return isinstance(error, Forbidden | Invalid | Unauthorised) or error.status in (402, 405, 406)


def _names_an_object(answer: Body) -> bool:
    details = answer.get("details")
    return isinstance(details, dict) and bool(details.get("name"))


def _causes(answer: Body) -> set[str]:
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return {str(one.get("reason")) for one in causes or [] if isinstance(one, dict)}
