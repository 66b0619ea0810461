"""Who holds what: which object follows which job of the cloud, and which object has a submission open in a scope.

A look-up may only take a job that no other object holds, and of one scope only one submission may be open at a time,
so both must be known for *all* objects before anything is submitted. Fed by every event, and once by a full list.
Ids of jobs, backups and clusters are unique over all accounts, so neither table asks whose key it was.
What a deleted object held is remembered for a while: its job may still run, and is no other object's lost submission.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

Uid = str
MAX_ORPHANS = 10_000


class Registry:
    """Plain tables, one event loop."""

    def __init__(self) -> None:
        self._holder: dict[str, Uid] = {}
        self._held: defaultdict[Uid, set[str]] = defaultdict(set)
        self._orphans: dict[str, None] = {}
        self._open: defaultdict[str, set[Uid]] = defaultdict(set)
        self._scope_of: dict[Uid, str] = {}

    # -- claims

    def learn(self, uid: Uid, body: dict[str, Any]) -> None:
        """Everything that the object's status names belongs to it."""
        status = body.get("status")
        for name in ids_in(status if isinstance(status, dict) else {}):
            self.claim(uid, name)

    def claim(self, uid: Uid, name: str) -> bool:
        """Take `name` for the object; False where another one holds it."""
        holder = self._holder.setdefault(name, uid)
        if holder != uid:
            return False
        self._held[uid].add(name)
        self._orphans.pop(name, None)
        return True

    def holder(self, name: str) -> Uid | None:
        return self._holder.get(name)

    def held(self, uid: Uid) -> frozenset[str]:
        """What the object was ever seen to have, whatever its status says by now."""
        return frozenset(self._held.get(uid, ()))

    def is_free(self, uid: Uid, name: str) -> bool:
        """Whether the object may follow it when a person names it."""
        return self._holder.get(name, uid) == uid

    def is_unclaimed(self, uid: Uid, name: str) -> bool:
        """Whether it can be the object's lost submission: nobody else follows it, and nobody who is gone did."""
        return self.is_free(uid, name) and name not in self._orphans

    # -- scopes

    def enter(self, uid: Uid, scope: str) -> bool:
        """Open a submission in `scope`; False while another object has one open there. May be repeated."""
        if self._open.get(scope, {uid}) != {uid}:
            return False
        self.hold(uid, scope)
        return True

    def hold(self, uid: Uid, scope: str) -> None:
        """The object's submission is open in `scope`, whoever else has one open there: it was sent already."""
        if self._scope_of.get(uid, scope) != scope:
            self.leave(uid)
        self._open[scope].add(uid)
        self._scope_of[uid] = scope

    def is_open(self, scope: str) -> bool:
        return scope in self._open

    def leave(self, uid: Uid) -> str | None:
        """The object's submission is no longer open; the scope that became free, if one did."""
        scope = self._scope_of.pop(uid, None)
        if scope is None:
            return None
        self._open[scope].discard(uid)
        if self._open[scope]:
            return None
        del self._open[scope]
        return scope

    def forget(self, uid: Uid) -> str | None:
        """The object is gone; the scope that became free, if one did."""
        for name in self._held.pop(uid, ()):
            self._holder.pop(name, None)
            self._orphans[name] = None
        while len(self._orphans) > MAX_ORPHANS:
            del self._orphans[next(iter(self._orphans))]
        return self.leave(uid)


def claims_in(handle: Mapping[str, Any]) -> list[Any]:
    """What of a handle is one object's alone. Not the cluster that a job works on, nor names: they come again."""
    return [value for key, value in handle.items() if key.endswith("Id") and key != "clusterId"]


def ids_in(status: dict[str, Any]) -> set[str]:
    """Every id of a job or its product that a raw status names; lenient, since people can edit a status."""
    submission = status.get("submission")
    submission = submission if isinstance(submission, dict) else {}
    others, attempts, steps = submission.get("otherHandles"), status.get("attempts"), status.get("steps")
    handles = [submission.get("handle")]
    handles += [step.get("handle") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    names: list[object] = [status.get("jobId")]
    for handle in handles:
        if isinstance(handle, dict):
            names += claims_in(handle)
    if isinstance(others, list):
        names += others
    if isinstance(attempts, list):
        names += [attempt.get("jobId") for attempt in attempts if isinstance(attempt, dict)]
    return {name for name in names if isinstance(name, str) and name}
