"""What the API refuses, shaped as the Status objects that clients parse.

Every check raises a `RefusalError`; `server` turns it into the answer. Words and reasons are those of a real
kube-apiserver, since kubectl and operators match on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zilliz_local.kube.record import Body


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong: `reason` as in `FieldValueRequired`, the words without the field."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class RefusalError(Exception):
    """An answer other than success; the server sends it as a Status object."""

    def __init__(
        self, code: int, reason: str, message: str, details: Body | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.headers = details, headers or {}

    def status(self) -> Body:
        body: Body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return {**body, "code": self.code}


def about(group: str, kind: str, name: str = "", **more: Any) -> Body:
    """The `details` of a Status; `kind` is the plural except for invalid objects."""
    details: Body = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return {**details, **more}


def qualified(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> RefusalError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return RefusalError(404, "NotFound", message, about(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> RefusalError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return RefusalError(409, "AlreadyExists", message, about(group, plural, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, plural: str, name: str, why: str = MODIFIED) -> RefusalError:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return RefusalError(409, "Conflict", message, about(group, plural, name))


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> RefusalError:
    words = [str(cause) for cause in causes]
    text = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
    listed = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    message = f'{qualified(group, kind)} "{name}" is invalid: {text}'
    return RefusalError(422, "Invalid", message, about(group, kind, name, causes=listed))


def bad_request(message: str) -> RefusalError:
    return RefusalError(400, "BadRequest", message)


def unpatchable() -> RefusalError:
    """A JSON patch that does not fit; the real server keeps the cause to itself."""
    return RefusalError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def expired(message: str) -> RefusalError:
    return RefusalError(410, "Expired", message)


def too_old(since: int, floor: int) -> RefusalError:
    return expired(f"too old resource version: {since} ({floor})")


def method_not_allowed(
    message: str = "the server does not allow this method on the requested resource",
) -> RefusalError:
    return RefusalError(405, "MethodNotAllowed", message, {})


def unsupported_media(message: str) -> RefusalError:
    return RefusalError(415, "UnsupportedMediaType", message)


def page_missing() -> RefusalError:
    """A path that nothing is served at; it has no reason, and `server` answers it as plain text."""
    return RefusalError(404, "", "404 page not found")


def terminating(group: str, plural: str, name: str, namespace: str) -> RefusalError:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    message = f'{qualified(group, plural)} "{name}" is forbidden: {why}'
    return RefusalError(403, "Forbidden", message, about(group, plural, name, causes=[cause]))
