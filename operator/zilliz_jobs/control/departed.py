"""Open submissions of objects that are gone: their requests may still have an effect, which is nobody's.

For the time that an effect may take they keep their target to themselves. For a while longer a look-up for another
submission on that target must not take what it finds for its own, unless it has proof.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.highwater import HighWaterMark

MAX_DEPARTED = 10_000
REMEMBER_SECONDS = 3600.0
DEFAULT_HOLD = 130.0  # the fence, and the default of submissionSettleSeconds


class Owner(NamedTuple):
    """The object of a submission."""

    kind: str
    name: str
    connection: Key


@dataclass(frozen=True)
class Departed:
    """What is known of an object's submission. `scope`: empty where it is not open; `ids`: what is in the cloud."""

    uid: str
    owner: Owner
    mark: HighWaterMark
    scope: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Entry:
    scope: str
    held_until: float
    known_until: float
    recalled: bool


def loop_time() -> float:
    """Seconds of the event loop's clock; of the steady clock where there is no loop."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()


class DepartedSubmissions:
    def __init__(self, clock: Callable[[], float] = loop_time) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._in: dict[str, dict[str, None]] = {}

    def add(self, uid: str, scope: str, hold: float, *, recalled: bool = False) -> None:
        """`recalled`: an earlier process knew it, so its spec is not known here."""
        now = self._clock()
        for old in [u for u, entry in self._entries.items() if entry.known_until <= now]:
            self.drop(old)
        if len(self._entries) >= MAX_DEPARTED:
            self.drop(next(iter(self._entries)))
        self.drop(uid)
        self._entries[uid] = _Entry(scope, now + hold, now + hold + REMEMBER_SECONDS, recalled)
        self._in.setdefault(scope, {})[uid] = None

    def drop(self, uid: str) -> None:
        """The object is there after all."""
        entry = self._entries.pop(uid, None)
        if entry is not None:
            del self._in[entry.scope][uid]
            if not self._in[entry.scope]:
                del self._in[entry.scope]

    def of(self, scope: str) -> list[_Entry]:
        now, uids = self._clock(), self._in.get(scope, {})
        return [entry for uid in uids if (entry := self._entries[uid]).known_until > now]

    def was_recalled(self, scope: str) -> bool:
        """Whether one of an earlier process may have left a job in the scope that nobody knows."""
        return any(entry.recalled for entry in self.of(scope))

    def hold(self, scope: str) -> bool:
        """Whether an effect may still come in the scope."""
        now = self._clock()
        return any(entry.held_until > now for entry in self.of(scope))
