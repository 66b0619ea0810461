"""What deleted objects had sent. The requests of their open submissions may still bring about a job that belongs to
no object; and the objects come again with an etcd that is set back to before their deletion.

While that is possible, no other job is submitted under the same submission lock. For an hour longer, a
look-up for another submission under that lock must not infer that what it finds is its own; it needs proof.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.highwater import NOTHING_SENT, HighWaterMark
from zilliz_jobs.core.read_status import Known

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
    """What is known of an object's submission. `lock`: its submission lock, empty where the submission is not open;
    `ids`: the jobs, backups and clusters that it brought about."""

    uid: str
    owner: Owner
    mark: HighWaterMark
    lock: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Entry:
    lock: str
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
    """Open submissions of deleted objects, by uid, at most `MAX_DEPARTED`. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = loop_time) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._in: dict[str, dict[str, None]] = {}

    def add(self, uid: str, lock: str, hold: float, *, recalled: bool = False) -> None:
        """The object is gone while its submission is open. `hold`: for how many seconds its effect may still show.
        `recalled`: an earlier process stored this, so the object's spec is not known here. Replaces an earlier
        entry."""
        now = self._clock()
        for old in [u for u, entry in self._entries.items() if entry.known_until <= now]:
            self.drop(old)
        if len(self._entries) >= MAX_DEPARTED:
            self.drop(next(iter(self._entries)))
        self.drop(uid)
        self._entries[uid] = _Entry(lock, now + hold, now + hold + REMEMBER_SECONDS, recalled)
        self._in.setdefault(lock, {})[uid] = None

    def drop(self, uid: str) -> None:
        """The object exists after all. Idempotent."""
        entry = self._entries.pop(uid, None)
        if entry is not None:
            del self._in[entry.lock][uid]
            if not self._in[entry.lock]:
                del self._in[entry.lock]

    def of(self, lock: str) -> list[_Entry]:
        """The entries under this lock that still matter."""
        now, uids = self._clock(), self._in.get(lock, {})
        return [entry for uid in uids if (entry := self._entries[uid]).known_until > now]

    def was_recalled(self, lock: str) -> bool:
        """Whether the lock has an entry of an earlier process: it may have left a job that no object names."""
        return any(entry.recalled for entry in self.of(lock))

    def hold(self, lock: str) -> bool:
        """Whether the effect of an entry under this lock may still show, so that nothing may be submitted there."""
        now = self._clock()
        return any(entry.held_until > now for entry in self.of(lock))


class DepartedObjects:
    """What is known of deleted objects for which anything was sent, by uid: the last `MAX_DEPARTED` of them. Else an
    etcd that is set back to before a submission and a deletion brings the object again as one that is new."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def keep(self, uid: str, known: Known) -> None:
        """The object is gone. Nothing is kept where nothing was sent. Replaces what was known of it."""
        if known.mark is None or (known.mark == NOTHING_SENT and not known.ids):
            return
        self._known.pop(uid, None)
        self._known[uid] = known
        if len(self._known) > MAX_DEPARTED:
            del self._known[next(iter(self._known))]

    def take(self, uid: str) -> Known | None:
        """The object exists after all: what is known of it, once; None where nothing is."""
        return self._known.pop(uid, None)
