"""Requests to an API server over one connection.

A process of kubectl costs some 60 ms of processor time, and as much in the server: a handshake, and documents that it
reads at each start. A test that is not about kubectl sends the request that kubectl would send.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import ssl
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .supervise import ControlPlaneError

MERGE = "application/merge-patch+json"
SECONDS = 60.0
TRIES = 3  # the first readers of a new kind are told to come again


@dataclass(frozen=True)
class Answer:
    """`body`: the document, or the text where it is none."""

    asked: str
    status: int
    body: Any

    @property
    def message(self) -> str:
        """What the server says of a refusal; '' of what it did."""
        if self.status < http.HTTPStatus.BAD_REQUEST:
            return ""
        return str(self.body.get("message", self.body) if isinstance(self.body, dict) else self.body)

    def ok(self) -> Any:
        """The body of an answer that is no refusal; ControlPlaneError for one."""
        if self.status >= http.HTTPStatus.BAD_REQUEST:
            raise ControlPlaneError(f"cannot {self.asked}: {self.status} {self.message}")
        return self.body


class ApiClient:
    """One connection, which is made anew when the server has closed it. For one thread."""

    def __init__(self, url: str, *, token: str = "", ca_file: Path | None = None) -> None:
        scheme, _, host = url.partition("://")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._wire: http.client.HTTPConnection
        if scheme == "http":
            self._wire = http.client.HTTPConnection(host, timeout=SECONDS)
        else:
            context = ssl.create_default_context(cafile=str(ca_file))
            self._wire = http.client.HTTPSConnection(host, timeout=SECONDS, context=context)

    def close(self) -> None:
        self._wire.close()

    def call(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **query: str
    ) -> Answer:
        """One request, sent once unless the server says that it took no notice of it (429). Raises OSError or
        HTTPException where nobody answers."""
        where = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        sent = None if body is None else json.dumps(body)
        headers = self._headers | ({"Content-Type": kind} if sent is not None else {})
        for last in (*(False,) * (TRIES - 1), True):
            if self._is_stale():
                self._wire.close()
            try:
                self._wire.request(method, where, body=sent, headers=headers)
                answer = self._wire.getresponse()
                text = answer.read().decode()
            except (http.client.HTTPException, OSError):
                self._wire.close()
                raise
            if answer.status != http.HTTPStatus.TOO_MANY_REQUESTS or last:
                break
            time.sleep(1)
        found: Any = text
        if text.startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                found = json.loads(text)
        return Answer(f"{method} {path}", answer.status, found)

    def _is_stale(self) -> bool:
        """Whether the server closed it meanwhile: there is something to read, and nothing was asked."""
        return self._wire.sock is not None and bool(select.select([self._wire.sock], [], [], 0)[0])

    def _repeated(self, method: str, path: str, **query: str) -> Answer:
        """What does no harm when it is done twice: it is asked for again where nobody answers in time."""
        for _ in range(TRIES - 1):
            with contextlib.suppress(http.client.HTTPException, OSError):
                return self.call(method, path, **query)
        return self.call(method, path, **query)

    def get(self, path: str, **query: str) -> Any:
        """The document, or {} for a 404."""
        answer = self._repeated("GET", path, **query)
        return {} if answer.status == http.HTTPStatus.NOT_FOUND else answer.ok()

    def delete_all(self, path: str) -> None:
        """Ask for the deletion of all objects of a collection, of which thousands take the server minutes."""
        self._repeated("DELETE", path)

    def create_namespace(self, name: str, labels: dict[str, str] | None = None) -> None:
        meta = {"name": name, "labels": labels or {}}
        self.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}).ok()

    def delete_namespace(self, name: str) -> None:
        """Ask for its deletion; nothing is waited for, and one that is gone is fine."""
        answer = self.call("DELETE", f"/api/v1/namespaces/{name}")
        if answer.status not in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.CONFLICT):
            answer.ok()
