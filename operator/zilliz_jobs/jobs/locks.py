"""Queues for submission locks: in one scope one submission is open at a time, and the other objects wait in order.

When a lock is released, the first waiting object is woken, and has the turn. If it does not use that, since it was
deleted or suspended meanwhile, the turn goes to the next one; else all of them would wait for their back-off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.ownership import JobOwnership, Uid


class LockQueue:
    """For one event loop. `wake`: puts the key of an object into the work queue."""

    def __init__(self, ownership: JobOwnership, wake: Callable[[Key], None]) -> None:
        self._ownership, self._wake = ownership, wake
        self._lines: dict[str, dict[Key, None]] = {}
        self._waits_in: dict[Key, str] = {}
        self._turns: dict[Key, str] = {}
        self._busy: dict[Key, str] = {}

    def __len__(self) -> int:
        """How many objects wait or have a turn."""
        return len(self._waits_in) + len(self._turns) + len(self._busy)

    def enter(self, uid: Uid, key: Key, scope: str, wanted: Any = None) -> bool:
        """Take the lock for the object. False: it waits in the queue of this scope, and is woken when it has the
        turn. Idempotent. `wanted`: the object's spec."""
        self._busy.pop(key, None)
        turn = self._turns.pop(key, None)
        if turn is not None and turn != scope:
            self._pass_on(turn)
        if self._ownership.enter(uid, scope, wanted):
            self._step_out(key)
            return True
        if self._waits_in.get(key) != scope:
            self._step_out(key)
            self._waits_in[key] = scope
            self._lines.setdefault(scope, {})[key] = None
        return False

    def hold(self, uid: Uid, scope: str, wanted: Any = None) -> None:
        """The object's submission is open already, so it has the lock without waiting. Idempotent."""
        self._ownership.hold(uid, scope, wanted)

    def leave(self, uid: Uid, key: Key | None) -> None:
        """Release the object's lock, or its turn; the next waiting object is woken. It stays in a queue where it
        waits. Idempotent. `key`: None where the name is that of another object by now."""
        free = self._ownership.leave(uid)
        if free is not None:
            self._pass_on(free)
        turn = self._turns.pop(key, None) if key is not None else None
        if turn is not None:
            self._pass_on(turn)

    def await_end(self, key: Key, scope: str) -> None:
        """The cloud is busy with another job of the scope; the object is woken when a followed job of it ends."""
        self._busy[key] = scope

    def ended(self, scope: str) -> None:
        """A job of the scope ended: wake the objects that wait for the cloud to be free."""
        for key in [key for key, awaited in self._busy.items() if awaited == scope]:
            del self._busy[key]
            self._wake(key)

    def forget(self, uid: Uid, key: Key | None) -> None:
        """The object needs no lock any more: it is settled, or gone. Idempotent. `key`: None where the name is that
        of another object by now, which keeps its place."""
        if key is not None:
            self._busy.pop(key, None)
            self._step_out(key)
        self.leave(uid, key)

    def _step_out(self, key: Key) -> None:
        scope = self._waits_in.pop(key, None)
        if scope is not None:
            self._lines[scope].pop(key, None)
            if not self._lines[scope]:
                del self._lines[scope]

    def _pass_on(self, scope: str) -> None:
        if self._ownership.is_open(scope) or scope in self._turns.values() or scope not in self._lines:
            return
        key = next(iter(self._lines[scope]))
        self._step_out(key)
        self._turns[key] = scope
        self._wake(key)
