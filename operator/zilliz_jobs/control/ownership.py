"""Which job of the cloud belongs to which object, and which object holds which submission lock.

A look-up may only take a job that belongs to no other object, and under one lock only one submission may be open at a
time. So both must be known for *all* objects before anything is submitted. Every event and one complete list feed the
tables. Ids of jobs, backups and clusters are unique over all accounts, so the API key does not matter.
The ids of deleted objects are kept for a while: such a job may still run, and is no other object's lost submission.
So is what they had sent, in case they come again with an etcd that is set back.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zilliz_jobs.control.departed import DEFAULT_HOLD, Departed, DepartedObjects, DepartedSubmissions, Owner
from zilliz_jobs.control.jobids import ids_in
from zilliz_jobs.control.objects import Key, connection_key
from zilliz_jobs.core.highwater import HighWaterMark, mark_of, raised
from zilliz_jobs.core.read_status import NOTHING_KNOWN, Known

Uid = str
MAX_ORPHANS = 10_000
MAX_LEFT = 1_000
UNLISTED_SECONDS = 3600.0  # a kind that is not served for so long is taken as one that was never installed
LATE_SECONDS = 150.0
"""For so long after an object is gone its own request may still take effect: the fence's limit, and the time that a
request may be on its way."""


@dataclass(frozen=True)
class Rival:
    """Another object that may have a job under the same lock whose id is not known: its submission is open, or
    (`gone`) was open when the object was deleted. `wanted`: its spec, None where that is not known."""

    wanted: Any
    gone: bool = False


@dataclass(slots=True, eq=False)
class _Holding:
    """What one object has. `names`: its ids, in a tuple, since a set takes three times as much; `mark`: the most that
    its status was seen to tell; `lock`: of its open submission, with the spec (`wanted`) and since when; `owner`:
    while it is unfinished."""

    names: tuple[str, ...] = ()
    mark: HighWaterMark | None = None
    owner: Owner | None = None
    lock: str | None = None
    wanted: Any = None
    since: float | None = None


@dataclass(frozen=True)
class _Left:
    lock: str
    wanted: Any
    since: float


class JobOwnership:
    """Tables in memory, for one event loop. `clock`: seconds that never go back. `settle`: how many seconds the
    effect of a submission over a connection may take to show; `remember`: called with what should outlive the
    process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._holdings: dict[Uid, _Holding] = {}
        self._holder: dict[str, Uid] = {}
        self._orphans: dict[str, None] = {}
        self._open: defaultdict[str, set[Uid]] = defaultdict(set)
        self._left: deque[_Left] = deque(maxlen=MAX_LEFT)
        self._gone = DepartedObjects()
        self._unlisted: dict[str, float] = {}
        self.complete_since: datetime | None = None  # what objects left that were deleted before is not known in full
        self.departed = DepartedSubmissions()
        self.settle: Callable[[Key], float] = lambda _connection: DEFAULT_HOLD
        self.remember: Callable[[Departed], object] = lambda _known: None

    # -- claims

    def on_upsert(self, uid: Uid, body: dict[str, Any]) -> None:
        """An object was made, changed or seen: claim every id that its status names. Idempotent."""
        status = body.get("status")
        status = status if isinstance(status, dict) else {}
        holding = self._holding(uid)
        if (before := self._gone.take(uid)) is not None:
            holding.mark = before.mark
            for name in before.ids:
                self.claim(uid, name)
        holding.mark = raised(holding.mark, mark_of(status))
        self.departed.drop(uid)
        ended = bool(status.get("completionTime"))
        holding.owner = None if ended else Owner(body["kind"], body["metadata"]["name"], connection_key(body))
        for name in ids_in(status):
            self.claim(uid, name)

    def claim(self, uid: Uid, name: str) -> bool:
        """Claim the id `name` for the object; False where it belongs to another one. Idempotent."""
        holder = self._holder.setdefault(name, uid)
        if holder != uid:
            return False
        holding = self._holding(uid)
        if name not in holding.names:
            holding.names = (*holding.names, name)
        self._orphans.pop(name, None)
        return True

    def holder(self, name: str) -> Uid | None:
        """The uid of the object that the id belongs to; None where it belongs to none that is known."""
        return self._holder.get(name)

    def known(self, uid: Uid) -> Known:
        """All ids that the object was ever seen to have, and the most that its status was seen to tell."""
        holding = self._holdings.get(uid)
        return Known(frozenset(holding.names), holding.mark) if holding else NOTHING_KNOWN

    def wrote(self, uid: Uid, status: Mapping[str, Any]) -> None:
        """This process stored the status, by the rules: it counts as it is, whatever was known."""
        self._holding(uid).mark = mark_of(status, own=True)

    def is_earlier(self, uid: Uid, status: Mapping[str, Any]) -> bool:
        """Whether the status is of an earlier attempt, or step, than is known. Cheap."""
        mark = self._mark(uid)
        return mark is not None and mark_of(status).place < mark.place

    def is_free(self, uid: Uid, name: str) -> bool:
        """Whether the id belongs to no other object, so that the object may follow it when a person names it."""
        return self._holder.get(name, uid) == uid

    def is_unclaimed(self, uid: Uid, name: str) -> bool:
        """Whether the id may be that of the object's lost submission: it belongs to no other object, nor did it to
        one that was deleted."""
        return self.is_free(uid, name) and name not in self._orphans

    # -- submission locks

    def enter(self, uid: Uid, lock: str, wanted: Any = None) -> bool:
        """Take `lock` for the object's submission; False while another object has it, or a deleted one
        may still have an effect there. Idempotent. `wanted`: the object's spec."""
        if self._open.get(lock, {uid}) != {uid} or self.departed.hold(lock):
            return False
        self.hold(uid, lock, wanted)
        return True

    def hold(self, uid: Uid, lock: str, wanted: Any = None) -> None:
        """Record that the object's submission is open under `lock`, even if another one is: it was sent already.
        Idempotent."""
        if (known := self._holdings.get(uid)) is not None and known.lock not in (None, lock):
            self.leave(uid)
        holding = self._holding(uid)
        self._open[lock].add(uid)
        holding.lock = lock
        holding.since = self._clock() if holding.since is None else holding.since
        holding.wanted = holding.wanted if wanted is None else wanted

    def rivals(self, uid: Uid, lock: str) -> list[Rival]:
        """The other objects that may have a job under the lock whose id is not known, as far as it could be mistaken
        for the job of `uid`, whose submission is open there."""
        own = self._holdings.get(uid)
        opened = self._clock() if own is None or own.since is None else own.since
        here = [Rival(self._holdings[other].wanted) for other in self._open.get(lock, ()) if other != uid]
        gone = [left for left in self._left if left.lock == lock and left.since > opened - LATE_SECONDS]
        before = [Rival(None, gone=True)] if self.departed.was_recalled(lock) else []
        return here + [Rival(left.wanted, gone=True) for left in gone] + before

    def open_in(self, lock: str, *, but: Uid) -> Owner | None:
        """The object whose submission is open under the lock; None where it is one that is gone, or not known."""
        others = (uid for uid in self._open.get(lock, ()) if uid != but)
        return next((owner for uid in others if (owner := self._holdings[uid].owner)), None)

    def is_open(self, lock: str) -> bool:
        """Whether a submission is open under the lock, or that of a deleted object may still have an effect there."""
        return lock in self._open or self.departed.hold(lock)

    def leave(self, uid: Uid) -> str | None:
        """The object's submission is no longer open: release its lock. Returns the lock that became free, None where
        none did. Idempotent."""
        holding = self._holdings.get(uid)
        if holding is None or holding.lock is None:
            return None
        lock, holding.lock, holding.wanted, holding.since = holding.lock, None, None, None
        self._tidy(uid, holding)
        self._open[lock].discard(uid)
        if self._open[lock]:
            return None
        del self._open[lock]
        return lock

    def part(self, uid: Uid) -> None:
        """The object goes. If its submission is open, no status will ever name its job."""
        holding = self._holdings.get(uid)
        if holding is not None and holding.lock is not None:
            self._left.append(_Left(holding.lock, holding.wanted, self._clock()))

    def doubt(self, sent: datetime | None) -> str:
        """Why a job that a look-up infers to be an object's may be that of a deleted one, as a sentence; empty where
        nothing suggests that. `sent`: when the request may have left."""
        now = self._clock()
        if kinds := sorted(kind for kind, since in self._unlisted.items() if now - since < UNLISTED_SECONDS):
            return f"the API server does not serve {', '.join(kinds)}, so what objects of that kind hold is not known"
        if self.complete_since is not None and (sent is None or sent <= self.complete_since):
            return "what is known of deleted objects does not reach back to this submission"
        return ""

    def listed(self, kind: str, *, served: bool) -> None:
        """Whether the objects of the kind could be listed. A kind that is not served may still have objects."""
        if served:
            self._unlisted.pop(kind, None)
        else:
            self._unlisted.setdefault(kind, self._clock())

    def depart(self, uid: Uid) -> None:
        """The object goes; call `forget` after. Where its submission is open, the effect can still show for a while,
        and its lock stays taken for so long."""
        known = self._worth_knowing(uid)
        if known is None:
            return
        if known.lock:
            self.departed.add(uid, known.lock, self.settle(known.owner.connection))
        self.remember(known)

    def lost(self, uid: Uid) -> Departed | None:
        """The submission of an object that exists, if it is open and being looked for; else None."""
        known = self._worth_knowing(uid)
        return known if known and known.lock and not known.mark.on_its_way else None

    def recall(self, known: Departed) -> None:
        """An earlier process stored this. Idempotent."""
        for name in known.ids:
            if name not in self._holder:
                self._orphans[name] = None
        is_there = self._mark(known.uid) is not None
        holding = self._holding(known.uid)
        holding.mark = raised(holding.mark, known.mark)
        if known.lock and not is_there:
            self.departed.add(known.uid, known.lock, self.settle(known.owner.connection), recalled=True)

    def _worth_knowing(self, uid: Uid) -> Departed | None:
        holding = self._holdings.get(uid) or _Holding()
        mark, owner = holding.mark, holding.owner
        if mark is None or owner is None or not (mark.is_open or mark.runs):
            return None
        lock = holding.lock if mark.is_open else None
        return Departed(uid, owner, mark, lock or "", tuple(sorted(holding.names)))

    def forget(self, uid: Uid) -> str | None:
        """The object is gone: its ids become orphans. Returns the lock that became free, None where none did.
        Idempotent."""
        lock, holding = self.leave(uid), self._holdings.pop(uid, None)
        for name in holding.names if holding else ():
            self._holder.pop(name, None)
            self._orphans[name] = None
        while len(self._orphans) > MAX_ORPHANS:
            del self._orphans[next(iter(self._orphans))]
        if holding is not None:
            self._gone.keep(uid, Known(frozenset(holding.names), holding.mark))
        return lock

    def disown(self, name: str) -> None:
        """The job was begun for no object, so it is no object's lost submission; a person may name it all the same.
        Idempotent."""
        if name not in self._holder:
            self._orphans[name] = None

    def _holding(self, uid: Uid) -> _Holding:
        known = self._holdings.get(uid)
        if known is None:
            known = self._holdings[uid] = _Holding()
        return known

    def _mark(self, uid: Uid) -> HighWaterMark | None:
        holding = self._holdings.get(uid)
        return holding.mark if holding else None

    def _tidy(self, uid: Uid, holding: _Holding) -> None:
        """A lock was all that is known of an object that is not known otherwise."""
        if not holding.names and holding.mark is None and holding.owner is None:
            del self._holdings[uid]
