"""The moment in which a request with an effect leaves: the fence is asked, and from then on it may have arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fence = Callable[[], None]
"""Raises where the request must not leave any more."""
FIRST_BYTE = "http11.send_request_headers.started"


class Fenced(Exception):  # noqa: N818 - carries the fence's answer through the client
    """The fence said no. It goes up through the HTTP client with the fence's words, so that it is not taken for
    an error of the network."""


class Passage:
    """One effect on its way: asks the fence, and knows whether a byte of the request may have left."""

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        self.begun = False

    def ask(self) -> None:
        """Ask the fence. Raises Fenced where it raises anything."""
        try:
            self._fence()
        except Exception as error:
            raise Fenced(str(error) or type(error).__name__) from error

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """For the HTTP client, which calls it with each step of the request: asks the fence once more where the
        first byte is about to leave, and notes that it may have left. Raises Fenced; then nothing was written."""
        # A CONNECT asks a proxy for a tunnel; the cloud sees nothing of it.
        if event == FIRST_BYTE and info["request"].method != b"CONNECT":
            self.ask()
            self.begun = True
