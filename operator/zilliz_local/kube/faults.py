"""What can go wrong between a client and its API server, on request.

Tests call the methods; `/_kube/faults` calls `from_json`. `server` asks `take` for each request, `watching` looks
at `silent` and `closing`. Nothing here touches objects.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import RefusalError, bad_request

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@dataclass
class Fault:
    """One rule; `left` counts down, None is for ever."""

    kind: str
    method: str = "*"
    path: str = "*"
    left: int | None = 1
    code: int = 0
    retry_after: int | None = None
    seconds: float = 0.0
    message: str = ""

    def fits(self, methods: tuple[str, ...], path: str) -> bool:
        return any(fnmatchcase(one, self.method) for one in methods) and fnmatchcase(path, self.path)

    def refusal(self) -> RefusalError:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        details: Body = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        reason = REASONS.get(self.code, "")
        text = self.message or f"fault on request: {self.code} {reason}".strip()
        return RefusalError(self.code, reason, text, details, headers)

    def report(self) -> Body:
        return {"fault": self.kind, "method": self.method, "path": self.path, "times": self.left} | (
            {"code": self.code} if self.code else {}
        )


@dataclass(eq=False)
class OpenWatch:
    """A watch that faults can reach."""

    path: str
    wake: asyncio.Event
    closed: bool = False

    def close(self) -> None:
        self.closed = True
        self.wake.set()


class Faults:
    """The faults that are set. Rules fit a request's method (or LIST, WATCH) and path by globs."""

    def __init__(self, expire: Callable[[], None]) -> None:
        self._expire = expire
        self._rules: list[Fault] = []
        self._silenced: list[str] = []
        self.gone_by_status = False
        self.watches: set[OpenWatch] = set()

    def answer(
        self,
        code: int,
        *,
        method: str = "*",
        path: str = "*",
        times: int | None = 1,
        retry_after: int | None = None,
        message: str = "",
    ) -> None:
        """Answer the next `times` matching requests with this code, and this sentence; nothing is done."""
        self._rules.append(Fault("answer", method, path, times, code, retry_after, message=message))

    def delay(self, seconds: float, *, method: str = "*", path: str = "*", times: int | None = 1) -> None:
        """Let matching requests wait first."""
        self._rules.append(Fault("delay", method, path, times, seconds=seconds))

    def drop_before(self, *, method: str = "*", path: str = "*", times: int | None = 1) -> None:
        """Cut the connection of matching requests; nothing is done."""
        self._rules.append(Fault("drop_before", method, path, times))

    def drop_after(self, *, method: str = "*", path: str = "*", times: int | None = 1) -> None:
        """Do what matching requests ask for, then cut the connection without an answer."""
        self._rules.append(Fault("drop_after", method, path, times))

    def silence_watches(self, path: str = "*") -> None:
        """Let matching watches, open and new, send nothing at all until `clear`."""
        self._silenced.append(path)

    def close_watches(self, path: str = "*") -> int:
        """End matching watches now; returns how many."""
        closing = [watch for watch in self.watches if fnmatchcase(watch.path, path)]
        for watch in closing:
            watch.close()
        return len(closing)

    def expire_history(self) -> None:
        """Make every version and continue token older than now too old (410)."""
        self._expire()

    def gone_as_status(self, on: bool = True) -> None:
        """Answer a watch from a version too old with HTTP 410 instead of an ERROR event."""
        self.gone_by_status = on

    def clear(self) -> None:
        """Take all faults back; silent watches go on."""
        self._rules.clear()
        self._silenced.clear()
        self.gone_by_status = False
        for watch in self.watches:
            watch.wake.set()

    def silent(self, path: str) -> bool:
        return any(fnmatchcase(path, one) for one in self._silenced)

    def take(self, kind: str, methods: tuple[str, ...], path: str) -> Fault | None:
        """The first rule of this kind that fits, used up by one."""
        for rule in self._rules:
            if rule.kind == kind and rule.fits(methods, path):
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self._rules.remove(rule)
                return rule
        return None

    def report(self) -> Body:
        silenced = [{"fault": "silence_watches", "path": path} for path in self._silenced]
        return {"faults": [*(rule.report() for rule in self._rules), *silenced], "goneAsStatus": self.gone_by_status}

    def from_json(self, body: Any) -> Body:
        """Set a fault as `/_kube/faults` describes it."""
        given = dict(body) if isinstance(body, dict) else {}
        kind = given.pop("fault", "")
        if kind == "answer":
            given["retry_after"] = given.pop("retryAfter", None)
        if kind == "delay":
            given["seconds"] = float(given.get("seconds", 0))
        known: dict[str, Callable[..., Any]] = {
            name: getattr(self, name)
            for name in (
                "answer",
                "delay",
                "drop_before",
                "drop_after",
                "silence_watches",
                "close_watches",
                "expire_history",
                "gone_as_status",
            )
        }
        if kind not in known:
            raise bad_request(f"cannot set the fault {kind!r}: known are {', '.join(known)}")
        try:
            closed = known[kind](**({"code": given.pop("code")} | given if kind == "answer" else given))
        except (KeyError, TypeError) as error:
            raise bad_request(f"cannot set the fault {kind!r}: {error}") from error
        return {**self.report(), **({"closed": closed} if closed is not None else {})}
