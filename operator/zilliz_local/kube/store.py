"""The only place with state: objects, the global version counter, the history that watches start from.

The store knows nothing of Kubernetes rules; `writer` decides what a write means and puts the outcome here. One
shelf per resource (group and plural), so that all versions of an API share their objects.
"""

import asyncio
import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from zilliz_local.kube.record import Body, Change, Record, place

Key = tuple[str, str]


class Subscription:
    """The changes that one watch has not sent yet."""

    def __init__(self) -> None:
        self.pending: deque[Change] = deque()
        self.wake = asyncio.Event()

    def push(self, change: Change) -> None:
        self.pending.append(change)
        self.wake.set()

    def drain(self) -> list[Change]:
        changes = list(self.pending)
        self.pending.clear()
        self.wake.clear()
        return changes


@dataclass
class Shelf:
    """The objects of one resource; `floor` is the oldest version that a watch may start from."""

    records: dict[str, Record] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=deque)
    floor: int = 0
    subscriptions: set[Subscription] = field(default_factory=set)
    order: list[str] | None = None


class Store:
    """Every write goes through `put` or `remove` and gets the next version; readers see it at once."""

    def __init__(self, history: int = 20_000) -> None:
        self.version = 1
        self._keep = history
        self._shelves: dict[Key, Shelf] = {}
        self._dependents: dict[str, set[tuple[Key, str]]] = {}
        self._uids: set[str] = set()

    def shelf(self, key: Key) -> Shelf:
        found = self._shelves.get(key)
        if found is None:
            found = self._shelves[key] = Shelf(floor=self.version)
        return found

    def get(self, key: Key, namespace: str, name: str) -> Record | None:
        return self.shelf(key).records.get(place(namespace, name))

    def put(self, key: Key, body: Body) -> Record:
        """Store a new version of an object. The body belongs to the store from now on."""
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        record = Record(body, self.version)
        shelf = self.shelf(key)
        previous = shelf.records.get(record.key)
        if previous is None:
            shelf.order = None
            self._uids.add(str(record.meta["uid"]))
        shelf.records[record.key] = record
        self._link(key, previous, record)
        self._publish(shelf, Change("MODIFIED" if previous else "ADDED", record, previous))
        return record

    def remove(self, key: Key, namespace: str, name: str, body: Body) -> Record:
        """Take an object away; `body` is its last state, as the DELETED event shows it."""
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        record = Record(body, self.version)
        shelf = self.shelf(key)
        previous = shelf.records.pop(place(namespace, name))
        shelf.order = None
        self._uids.discard(str(previous.meta["uid"]))
        self._link(key, previous, None)
        self._publish(shelf, Change("DELETED", record, previous))
        return record

    def swap(self, key: Key, record: Record, body: Body) -> None:
        """Show an object differently without a new version: a changed CRD may default or prune otherwise."""
        self.shelf(key).records[record.key] = Record(body, record.version)

    def records(self, key: Key, namespace: str = "") -> list[Record]:
        """All objects in list order; with a namespace only those in it."""
        shelf = self.shelf(key)
        if shelf.order is None:
            shelf.order = sorted(shelf.records)
        if not namespace:
            return [shelf.records[name] for name in shelf.order]
        low = bisect.bisect_left(shelf.order, place(namespace, ""))
        high = bisect.bisect_left(shelf.order, namespace + "0")  # "0" is the character after "/"
        return [shelf.records[name] for name in shelf.order[low:high]]

    def oldest(self, key: Key) -> Record | None:
        """The object that was created first."""
        return next(iter(self.shelf(key).records.values()), None)

    def alive(self, uid: str) -> bool:
        """Does any object have this uid?"""
        return uid in self._uids

    def dependents(self, uid: str) -> list[tuple[Key, Record]]:
        """The objects whose ownerReferences name this uid."""
        found = sorted(self._dependents.get(uid, ()))
        return [(key, self.shelf(key).records[name]) for key, name in found]

    def subscribe(self, key: Key, since: int) -> Subscription:
        """A watch from a version on. The caller has checked `expired` before."""
        subscription = Subscription()
        shelf = self.shelf(key)
        for change in self._after(shelf, since):
            subscription.push(change)
        shelf.subscriptions.add(subscription)
        return subscription

    def follow(self, keys: Iterable[Key]) -> Subscription:
        """The objects of several resources as they are now, then all changes in the order in which they happen."""
        subscription = Subscription()
        for key in keys:
            for record in self.records(key):
                subscription.push(Change("ADDED", record, None))
            self.shelf(key).subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """The end of what `follow` began."""
        for shelf in self._shelves.values():
            shelf.subscriptions.discard(subscription)

    def unsubscribe(self, key: Key, subscription: Subscription) -> None:
        self.shelf(key).subscriptions.discard(subscription)

    def floor(self, key: Key) -> int:
        return self.shelf(key).floor

    def expire(self) -> None:
        """Forget the history of everything: only the present version may be watched from."""
        for shelf in self._shelves.values():
            shelf.history.clear()
            shelf.floor = self.version

    def _after(self, shelf: Shelf, since: int) -> Iterator[Change]:
        late = 0
        for change in reversed(shelf.history):
            if change.record.version <= since:
                break
            late += 1
        start = len(shelf.history) - late
        return (change for index, change in enumerate(shelf.history) if index >= start)

    def _publish(self, shelf: Shelf, change: Change) -> None:
        shelf.history.append(change)
        if len(shelf.history) > self._keep:
            shelf.floor = shelf.history.popleft().record.version
        for subscription in shelf.subscriptions:
            subscription.push(change)

    def _link(self, key: Key, previous: Record | None, record: Record | None) -> None:
        for owner in owners(previous) - owners(record):
            self._dependents[owner].discard((key, previous.key if previous else ""))
            if not self._dependents[owner]:
                del self._dependents[owner]
        for owner in owners(record) - owners(previous):
            self._dependents.setdefault(owner, set()).add((key, record.key if record else ""))


def owners(record: Record | None) -> set[str]:
    """The uids that an object's ownerReferences name."""
    if record is None:
        return set()
    return {str(owner.get("uid")) for owner in record.meta.get("ownerReferences") or ()}
