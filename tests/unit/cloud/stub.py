"""A cloud of canned answers behind the HTTP client's own transport seam: no patched clients."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2

KEY = "0123456789abcdef-key"
URL = "https://cloud.test"
Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class StubCloud:
    """Answers in order, then repeats the last; remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answers: list[Answer] = []

    def says(self, *answers: Answer | dict[str, Any] | list[Any]) -> None:
        """Data is wrapped into the v2 envelope."""
        self.answers = [data(answer) if isinstance(answer, dict | list) else answer for answer in answers]

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content or "null") for request in self.requests]


def data(value: object, code: int = 0) -> httpx2.Response:
    return httpx2.Response(200, json={"code": code, "data": value}, headers={"requestid": "req-1"})


def failure(code: int, message: str, status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"code": code, "message": message}, headers=headers)


def open_fence() -> None:
    """A fence that lets everything pass."""
