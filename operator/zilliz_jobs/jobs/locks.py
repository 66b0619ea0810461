"""Queues for submission locks: under one lock one submission is open at a time, and the other objects wait in order.

When a lock is released, the first waiting object is woken, and has the turn. If it does not use that, since it was
deleted or suspended meanwhile, the turn goes to the next one; else all of them would wait for their back-off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.jobs.entry import JobEntry

Line = dict[JobEntry, None]
"""Entries in the order in which they came."""


class LockQueue:
    """For one event loop. `wake`: puts the key of an object into the work queue. Where an object waits stands in its
    entry; the tables lead from a lock to those who wait for it."""

    def __init__(self, ownership: JobOwnership, wake: Callable[[Key], None]) -> None:
        self._ownership, self._wake = ownership, wake
        self._lines: dict[str, Line] = {}
        self._turns: dict[str, JobEntry] = {}
        self._awaiting: dict[str, Line] = {}

    def __len__(self) -> int:
        """How many objects wait or have a turn."""
        return len(self._turns) + sum(len(line) for table in (self._lines, self._awaiting) for line in table.values())

    def waiting(self, lock: str) -> int:
        """How many objects wait in the queue of this lock."""
        return len(self._lines.get(lock, ()))

    def enter(self, entry: JobEntry, lock: str, wanted: Any = None) -> bool:
        """Take the lock for the object. False: it waits in the queue of this lock, and is woken when it has the
        turn. Idempotent. `wanted`: the object's spec."""
        self._await_no_longer(entry)
        turn = self._take_turn(entry)
        if turn is not None and turn != lock:
            self._pass_on(turn)
        if self._ownership.enter(entry.uid, lock, wanted):
            self._step_out(entry)
            return True
        if entry.line != lock:
            self._step_out(entry)
            entry.line = lock
            self._lines.setdefault(lock, {})[entry] = None
        return False

    def hold(self, entry: JobEntry, lock: str, wanted: Any = None) -> None:
        """The object's submission is open already, so it has the lock without waiting. Idempotent."""
        self._ownership.hold(entry.uid, lock, wanted)

    def leave(self, entry: JobEntry) -> None:
        """Release the object's lock, or its turn; the next waiting object is woken. It stays in a queue where it
        waits. Idempotent."""
        free = self._ownership.leave(entry.uid)
        if free is not None:
            self._pass_on(free)
        turn = self._take_turn(entry)
        if turn is not None:
            self._pass_on(turn)

    def await_end(self, entry: JobEntry, lock: str) -> None:
        """The cloud is busy with another job under the lock; the object is woken when a followed one of them ends."""
        self._await_no_longer(entry)
        entry.awaits = lock
        self._awaiting.setdefault(lock, {})[entry] = None

    def ended(self, lock: str) -> None:
        """A job under the lock ended: wake the objects that wait for the cloud to be free."""
        for entry in self._awaiting.pop(lock, {}):
            entry.awaits = None
            self._wake(entry.key)

    def forget(self, entry: JobEntry) -> None:
        """The object needs no lock any more: it is settled, or gone. Idempotent."""
        self._await_no_longer(entry)
        self._step_out(entry)
        self.leave(entry)

    def _step_out(self, entry: JobEntry) -> None:
        _take_out(self._lines, entry.line, entry)
        entry.line = None

    def _await_no_longer(self, entry: JobEntry) -> None:
        _take_out(self._awaiting, entry.awaits, entry)
        entry.awaits = None

    def _take_turn(self, entry: JobEntry) -> str | None:
        turn, entry.turn = entry.turn, None
        if turn is not None:
            del self._turns[turn]
        return turn

    def _pass_on(self, lock: str) -> None:
        if self._ownership.is_open(lock) or lock in self._turns or lock not in self._lines:
            return
        entry = next(iter(self._lines[lock]))
        self._step_out(entry)
        entry.turn = lock
        self._turns[lock] = entry
        self._wake(entry.key)


def _take_out(table: dict[str, Line], name: str | None, entry: JobEntry) -> None:
    if name is not None:
        del table[name][entry]
        if not table[name]:
            del table[name]
