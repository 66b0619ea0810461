"""Who holds what: which object follows which job of the cloud, and which object has a submission open in a scope.

A look-up may only take a job that no other object holds, and of one scope only one submission may be open at a time,
so both must be known for *all* objects before anything is submitted. Fed by every event, and once by a full list.
Ids of jobs, backups and clusters are unique over all accounts, so neither table asks whose key it was.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

Uid = str


class Registry:
    """Plain tables, one event loop."""

    def __init__(self) -> None:
        self._holder: dict[str, Uid] = {}
        self._held: defaultdict[Uid, set[str]] = defaultdict(set)
        self._open: dict[str, Uid] = {}
        self._scope_of: dict[Uid, str] = {}

    # -- claims

    def learn(self, uid: Uid, body: dict[str, Any]) -> None:
        """Everything that the object's status names belongs to it."""
        for name in ids_in(body.get("status") or {}):
            self.claim(uid, name)

    def claim(self, uid: Uid, name: str) -> bool:
        """Take `name` for the object; False where another one holds it."""
        holder = self._holder.setdefault(name, uid)
        if holder != uid:
            return False
        self._held[uid].add(name)
        return True

    def holder(self, name: str) -> Uid | None:
        return self._holder.get(name)

    def is_free(self, uid: Uid, name: str) -> bool:
        return self._holder.get(name, uid) == uid

    # -- scopes

    def enter(self, uid: Uid, scope: str) -> bool:
        """Open a submission in `scope`; False while another object has one open there. May be repeated."""
        if self._open.setdefault(scope, uid) != uid:
            return False
        self._scope_of[uid] = scope
        return True

    def leave(self, uid: Uid) -> str | None:
        """The object's submission is no longer open; the scope that became free, if it held one."""
        scope = self._scope_of.pop(uid, None)
        if scope is not None and self._open.get(scope) == uid:
            del self._open[scope]
        return scope

    def forget(self, uid: Uid) -> str | None:
        """The object is gone. Its jobs stay claimed for nobody; the scope that became free, if any."""
        for name in self._held.pop(uid, ()):
            self._holder.pop(name, None)
        return self.leave(uid)


def ids_in(status: dict[str, Any]) -> set[str]:
    """Every id of a job or its product that a raw status names; lenient, since people can edit a status."""
    submission = status.get("submission") if isinstance(status.get("submission"), dict) else {}
    handle = submission.get("handle") if isinstance(submission, dict) else None
    names: list[object] = [status.get("jobId")]
    if isinstance(handle, dict):
        names += [value for key, value in handle.items() if key.endswith("Id") and key != "clusterId"]
    for attempt in status.get("attempts") or []:
        if isinstance(attempt, dict):
            names.append(attempt.get("jobId"))
    return {name for name in names if isinstance(name, str) and name}
